import { mount } from 'svelte'
import './style.css'
import App from './App.svelte'
import { studio } from './state/studio.svelte'

// The token of an address is a cookie by now, and is not left where it is read over a shoulder.
if (new URLSearchParams(location.search).has('token')) history.replaceState(null, '', location.pathname + location.hash)
studio.readTheme()
mount(App, { target: document.getElementById('app')! })
studio.start()
