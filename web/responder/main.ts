// The entry of the page for responders: styles and the page.
import { mount } from 'svelte'
import '../ui/tokens.css'
import './page.css'
import App from './App.svelte'

const page = document.getElementById('page')
if (page) mount(App, { target: page })
