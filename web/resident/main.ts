// Starts the resident page.
import { mount } from 'svelte'
import { deviceKeep, memoryKeep } from '../sdk/src/keep.ts'
import { preview } from '../sdk/src/preview.ts'
import type { AgencyInfo } from '../sdk/src/protocol.ts'
import { Resident } from '../sdk/src/resident.ts'
import '../ui/tokens.css'
import Page from './Page.svelte'
import { App, firstLanguage } from './app.svelte.ts'
import './page.css'

async function start(): Promise<void> {
  const search = new URLSearchParams(location.search)
  // `?silent` begins in silent mode: the device's database is never opened.
  const silent = search.has('silent')
  const resident = new Resident({
    origin: location.origin,
    keep: silent ? memoryKeep() : await deviceKeep(),
    preview,
    ...('geolocation' in navigator ? { geolocation: navigator.geolocation } : {}),
  })
  const app = new App(resident)
  await app.speak(firstLanguage(search, navigator.languages))
  const target = document.getElementById('page')
  if (target === null) return
  mount(Page, { target, props: { app } })
  await resident.start()
  if (silent) await resident.goSilent()

  setInterval(() => (app.now_ms = Date.now()), 1_000)
  addEventListener('online', () => resident.wake())
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') resident.wake()
  })
  app.agency = await agency()
}

/** The agency, before a link is open: its banner and its number stand on the first screen. */
async function agency(): Promise<AgencyInfo | null> {
  try {
    const response = await fetch('/api/v1/agency', { cache: 'no-store' })
    return response.ok ? ((await response.json()) as AgencyInfo) : null
  } catch {
    return null
  }
}

void start()
