// Development and tests only, never shipped: the design system on one page.
import { mount } from 'svelte'
import '../ui/tokens.css'
import '../ui/staff/staff.css'
import Catalog from './Catalog.svelte'

const page = document.getElementById('page')
if (page) mount(Catalog, { target: page })
