import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// The operator's console is made of the same parts as Studio, and embedded by the
// coordinator, which must not depend on Studio: so it is built to where that is.
export default defineConfig({
  base: '/console/',
  plugins: [svelte()],
  build: {
    target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0,
    outDir: '../../coordinator/gateway/console', emptyOutDir: true, rolldownOptions: { input: 'console.html' },
  },
})
