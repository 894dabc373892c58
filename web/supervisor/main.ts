// The supervisor's entry: styles and the page.
import { mount } from 'svelte'
import '../ui/tokens.css'
import '../ui/staff/staff.css'
import App from './App.svelte'

const page = document.getElementById('page')
if (page) mount(App, { target: page })
