// What a resident's client shows: one value, replaced as a whole on each change.
//
// Owns: its shape and its beginning. Must not: do anything. Used by: `resident.ts`, `resident-session.ts`, pages.
import type { LinkState } from './connection.ts'
import type { Waiting } from './outbox.ts'
import type { AgencyInfo, Category, Limits, Medium, Standing, ToResident, Watchers } from './protocol.ts'
import type { Ask, Item } from './timeline.ts'

/** What the device keeps of a session. */
export interface KeptSession {
  session: string
  silent: boolean
  left: boolean
  no_contact?: boolean
  skipped?: readonly string[]
}

/** Place in the queue, as last told. */
export type QueuePlace = Omit<Extract<ToResident, { kind: 'queue_place' }>, 'kind'>

/** Everything a page shows. Replaced as a whole on each change. */
export interface Report {
  /** `new`: nothing begun; `open`: begun, online or not; `left`: the resident went; `over`: closed by the agency. */
  phase: 'loading' | 'new' | 'open' | 'left' | 'over'
  link: LinkState
  agency: AgencyInfo | null
  limits: Limits | null
  session: string | null
  standing: Standing | null
  silent: boolean
  /** Somebody tries the line out: every screen says so. */
  test: boolean
  /** Whether copies survive the page. */
  lasting: boolean
  /** The device refused to keep something: its storage is full or forbidden. What is written still goes out. */
  unkept: boolean
  /** They need not say how to be reached, and did not: it is not asked twice. */
  no_contact: boolean
  /** What they say is happening. */
  category: Category | null
  /** Questions of the agency's own that they do not want to answer. */
  skipped: readonly string[]
  items: Item[]
  asks: Ask[]
  granted: Record<Medium, boolean>
  /** Items that are not safe yet, originals of photos counted. */
  waiting: number
  place_in_queue: QueuePlace | null
  watchers: Watchers
  /** What a telecommunicator is typing. */
  typing: string
  /** Entries are being fetched again after a hole. */
  catching_up: boolean
  /** Add to the client's `clock` to get the gateway's, in ms. */
  clock_ms: number
  /** A refusal of the link itself, to be told. */
  trouble: string | null
}

/** A report before anything is known. */
export function nothing(phase: Report['phase'], lasting: boolean): Report {
  return {
    phase,
    link: { at: 'idle' },
    agency: null,
    limits: null,
    session: null,
    standing: null,
    silent: false,
    test: false,
    lasting,
    unkept: false,
    no_contact: false,
    category: null,
    skipped: [],
    items: [],
    asks: [],
    granted: { place: false, photo: false, video: false, audio: false },
    waiting: 0,
    place_in_queue: null,
    watchers: { telecommunicators: 0, supervisors: 0 },
    typing: '',
    catching_up: false,
    clock_ms: 0,
    trouble: null,
  }
}

/** What a person would count as waiting: a photo is counted once, by its original. */
export function counts({ what }: Waiting): boolean {
  return what.kind === 'open' || what.command.kind !== 'announce_photo'
}
