import { mount } from 'svelte'
import './style.css'
import App from './App.svelte'
import { studio } from './state/studio.svelte'

studio.readTheme()
mount(App, { target: document.getElementById('app')! })
studio.start()
