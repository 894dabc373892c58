// The pages of the design system, and the states that each is designed for.
//
// Owns: their names, what each shows, its address. Used by: the catalog, the made-up gateway, and the stories that look at each of them.
import { PANELS, type PanelName } from '../console/panels.ts'
import { STATES as RESIDENT } from './resident_states.ts'

/** States of the staff pages with what they show; the made-up gateway brings a page there. */
export const STATES = {
  ready: 'Work as usual: a dozen sessions of every priority.',
  empty: 'Nothing waits, nobody has reported.',
  loading: 'Connected, and no list has come yet.',
  busy: 'Commands are on their way and have no receipt.',
  error: 'Everything that is pressed is refused, with the reason.',
  offline: 'The link is lost: what stood there stays, with its age.',
  degraded: 'Nothing is confirmed as safe, and a queue has nobody.',
  overloaded: 'Five hundred wait, and every target is missed.',
} as const

/** States that only the console has. */
export const CONSOLE_STATES = {
  ...STATES,
  sound_off: 'SOUND OFF: the browser lets nothing sound until a press.',
  media_failed: 'The live picture is refused, the photos do not come; the words go on.',
  map_failed: 'No map can be drawn: the places stand there as text.',
} as const

/** What a panel in a window of its own can show: presses and refusals are the console's. */
const WINDOW_STATES = ['ready', 'empty', 'loading', 'offline', 'degraded', 'overloaded'] as const
/** Where a panel can fail by itself. */
const FAILS: Partial<Record<PanelName, State>> = { media: 'media_failed', map: 'map_failed', overview: 'map_failed' }

/** One of them. */
export type State = keyof typeof CONSOLE_STATES

/** A page with its states. */
export interface DesignedPage {
  /** Up to the name of the state. */
  readonly address: string
  /** The screen it is mostly used on, in px. */
  readonly width: number
  readonly height: number
  readonly states: Readonly<Record<string, string>>
}

/** Every page. */
export const PAGES: Readonly<Record<string, DesignedPage>> = {
  resident: {
    address: 'resident.html?state=', width: 390, height: 844,
    states: Object.fromEntries(Object.entries(RESIDENT).map(([name, { shows }]) => [name, shows])),
  },
  console: { address: 'console.html?state=', width: 1440, height: 900, states: CONSOLE_STATES },
  ...Object.fromEntries(PANELS.map((panel) => [
    `window: ${panel}`, { address: `console.html?panel=${panel}&state=`, width: 960, height: 600, states: statesOf(panel) },
  ])),
  ...opened('console', ['transfer', 'close']),
  supervisor: { address: 'supervisor.html?state=', width: 1440, height: 900, states: STATES },
  ...opened('supervisor', ['reassign', 'replay']),
  nodes: { address: 'supervisor.html?nodes=1&state=', width: 1440, height: 900, states: STATES },
  ...opened('supervisor', ['drain'], 'nodes=1&'),
  wallboard: { address: 'supervisor.html?wallboard=1&state=', width: 1920, height: 1080, states: STATES },
}

/** What stands on a page only after presses: the made-up gateway presses (`OPENED_BY`). */
function opened(page: string, what: readonly string[], more = ''): Record<string, DesignedPage> {
  return Object.fromEntries(what.map((name) => [
    `${page}: ${name}`, { address: `${page}.html?${more}opens=${name}&state=`, width: 1440, height: 900, states: { ready: `After the presses that open it: ${name}.` } },
  ]))
}

function statesOf(panel: PanelName): Record<string, string> {
  const fails = FAILS[panel]
  return Object.fromEntries([...WINDOW_STATES, ...(fails === undefined ? [] : [fails])].map((state) => [state, CONSOLE_STATES[state]]))
}
