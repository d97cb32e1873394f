import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

export default {
  preprocess: vitePreprocess({ script: true }),
  compilerOptions: { runes: true },
  // What the compiler has to say about accessibility is an error.
  onwarn(warning, handler) {
    if (warning.code.startsWith('a11y')) throw new Error(`${warning.filename}: ${warning.message}`)
    handler(warning)
  },
}
