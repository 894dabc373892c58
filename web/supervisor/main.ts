// The supervisor's entry: styles, words and the page.
import { mount } from 'svelte'
import '../ui/tokens.css'
import '../ui/staff/staff.css'
import { begin } from '../ui/staff/words.svelte.ts'
import english from '../words/en/supervisor.ftl?raw'
import french from '../words/fr/supervisor.ftl?url'
import App from './App.svelte'

const page = document.getElementById('page')
void begin({ en: english, fr: french }).then(() => page && mount(App, { target: page }))
