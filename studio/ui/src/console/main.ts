import { mount } from 'svelte'
import '../style.css'
import Console from './Console.svelte'
import { fabric } from './fabric.svelte'

fabric.readTheme()
mount(Console, { target: document.getElementById('app')! })
fabric.start()
