// Starts the resident page.
import { mount } from 'svelte'
import type { NetworkWord } from '../sdk/src/bandwidth.ts'
import { deviceKeep, memoryKeep } from '../sdk/src/keep.ts'
import { preview } from '../sdk/src/preview.ts'
import type { AgencyInfo } from '../sdk/src/protocol.ts'
import { Resident } from '../sdk/src/resident.ts'
import { agencyIn, agencyInfo, rootOf } from '../ui/address.ts'
import '../ui/tokens.css'
import Page from './Page.svelte'
import { App, fetchWords, firstLanguage } from './app.svelte.ts'
import './page.css'

async function start(): Promise<void> {
  const search = new URLSearchParams(location.search)
  // `?silent` begins in silent mode: the device's database is never opened.
  const silent = search.has('silent')
  // Asked for at once: on a slow link the words are on their way while the rest is set up, and the banner stands on the first screen.
  const language = firstLanguage(search, navigator.languages)
  fetchWords(language)
  const known = agency()
  const named = agencyIn(location.pathname)
  const resident = new Resident({
    origin: location.origin,
    keep: silent ? memoryKeep() : await deviceKeep(named),
    preview,
    ...(named === undefined ? {} : { agency: named }),
    ...('geolocation' in navigator ? { geolocation: navigator.geolocation } : {}),
  })
  // `?test` tries the line out.
  if (search.has('test')) resident.tryOut()
  const app = new App(resident)
  app.takeLink(location, history)
  // Opened again by a link while the page is here already.
  addEventListener('hashchange', () => app.takeLink(location, history))
  if (silent) await resident.goSilent()
  await app.speak(language)
  const target = document.getElementById('page')
  if (target === null) return
  // What stood there was for the time until now.
  target.replaceChildren()
  mount(Page, { target, props: { app } })
  await resident.start()
  if (silent) await resident.goSilent()
  void app.fetchLater()
  follow(app)
  // Put on the phone's screen, the page is still this agency's.
  document.querySelector('link[rel=manifest]')?.setAttribute('href', `${rootOf(location.pathname)}/manifest.webmanifest`)
  app.agency = await known
  // In silent mode nothing is left on the device.
  if (!silent) void import('./offline.ts').then(({ installed }) => installed(() => !resident.report.get().silent)).catch(() => undefined)
}

/** How often a page without a link asks for its agency again, in ms: a link is told by itself, and a number to call or an exit address
 * that has changed must not wait for a report. */
const ASK_AGAIN_MS = 60_000

async function askAgain(app: App): Promise<void> {
  if (app.report.agency === null && document.visibilityState === 'visible') app.agency = (await agency()) ?? app.agency
}

/** Time, network, coming back: what happens around the page. */
function follow(app: App): void {
  const { resident } = app
  setInterval(() => app.tick(), 1_000)
  setInterval(() => void askAgain(app), ASK_AGAIN_MS)
  addEventListener('online', () => resident.networkChanged())
  const network = (navigator as { connection?: NetworkWord & EventTarget }).connection
  const told = (): void => resident.networkIs({ ...plain(network) })
  told()
  network?.addEventListener('change', () => {
    told()
    resident.networkChanged()
  })
  const back = (): void => {
    // A page that is put away may be ended without another word.
    if (document.visibilityState !== 'visible') return void resident.draft.kept()
    app.awake.again()
    void askAgain(app)
    void app.fetchLater()
    resident.wake()
  }
  document.addEventListener('visibilitychange', back)
  // From the browser's back-forward cache the page comes without its sockets.
  addEventListener('pageshow', (event) => event.persisted && back())
}

function plain(network: NetworkWord | undefined): NetworkWord {
  const { effectiveType, saveData } = network ?? {}
  return { ...(effectiveType === undefined ? {} : { effectiveType }), ...(saveData === undefined ? {} : { saveData }) }
}

/** The agency, before a link is open: its banner and its number stand on the first screen. */
async function agency(): Promise<AgencyInfo | null> {
  try {
    const response = await fetch(agencyInfo(location.pathname), { cache: 'no-store' })
    return response.ok ? ((await response.json()) as AgencyInfo) : null
  } catch {
    return null
  }
}

void start()
