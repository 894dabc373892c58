import { mount } from 'svelte'
import '../ui/tokens.css'
import App from './App.svelte'

const target = document.getElementById('page')
if (target !== null) mount(App, { target })
