// The dispatch console's entry: styles, words and the page.
import { mount } from 'svelte'
import '../ui/tokens.css'
import '../ui/staff/staff.css'
import { begin } from '../ui/staff/words.svelte.ts'
import App from './App.svelte'

const page = document.getElementById('page')
void begin().then(() => page && mount(App, { target: page }))
