// The entry of the page for responders: styles, words and the page.
import { mount } from 'svelte'
import '../ui/tokens.css'
import './page.css'
import App from './App.svelte'
import { begin } from './words.ts'

const page = document.getElementById('page')
if (page) void begin().then(() => mount(App, { target: page }))
