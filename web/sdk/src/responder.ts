// The responder's client: somebody in the field follows one session through a link, read only.
//
// Owns: trading the link for a token, the link that comes back by itself, the fold of what responders see, and its end. Must not: know a
// page or words of a language; hold anything but the token. Used by: `responder/`; reference for a unit's own app.
import { Connection, socketUrl, type LinkState, type Surroundings } from './connection.ts'
import { EvenClock } from './even_clock.ts'
import { newId } from './ids.ts'
import type { FromResponder, FromStaff, OpenResponderLink, Problem, ResponderLinkOpened, ToResponder } from './protocol.ts'
import type { ResponderSecret } from './responder-link.ts'
import { emptyView, fold, type Entry, type SessionView } from './staff-fold.ts'
import { browserMedia, Watch, type MediaDevice } from './staff-media.ts'
import { Store } from './store.ts'

/** What the gateway said on `welcome`, with the agency as it is now. */
export type ResponderWelcome = Extract<ToResponder, { kind: 'welcome' }>

/** Why the link ended. */
export type LinkEnd = 'expired' | 'revoked' | 'closed' | 'unknown'

/** How a link's end is told. */
const ENDS: Readonly<Record<string, LinkEnd>> = { link_expired: 'expired', link_revoked: 'revoked', session_closed: 'closed', no_such_link: 'unknown', token_invalid: 'unknown' }

/** The part of `fetch` that is used; tests give their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** A link that was opened: what is kept over a reload. */
export interface OpenedLink {
  readonly session: string
  readonly token: string
  readonly endsMs: number
}

/** A refused opening. */
export class OpeningFailed extends Error {
  /** Public code, or `no_answer`. */
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** How a link ended, by a public code; `undefined` where it did not end. */
export function endOf(code: string): LinkEnd | undefined {
  return ENDS[code]
}

/** Trades a link, with a name or unit, for a token. `id` names this opening: sent again it is the same one. */
export async function openLink(link: ResponderSecret, name: string, id: string, origin = '', request: Fetch = (url, init) => fetch(url, init)): Promise<OpenedLink> {
  let response: Response
  try {
    response = await request(`${origin}/api/v1/responder-links/open`, {
      method: 'POST', cache: 'no-store', credentials: 'omit',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, session: link.session, secret: link.secret, name } satisfies OpenResponderLink),
    })
  } catch {
    throw new OpeningFailed('no_answer')
  }
  const body = (await response.json().catch(() => ({}))) as Partial<ResponderLinkOpened & Problem>
  if (!response.ok || body.token === undefined || body.ends_ms === undefined) throw new OpeningFailed(body.code ?? 'no_answer')
  return { session: link.session, token: body.token, endsMs: body.ends_ms }
}

/** What a client needs besides the token. */
export interface ResponderOptions {
  /** Name and version of the client. */
  readonly client: string
  readonly origin: string
  readonly fetch?: Fetch
  readonly media?: MediaDevice
  readonly surroundings?: Surroundings
  /** Whole ms since 1970 by this device; an even clock where left out. */
  readonly now?: () => number
}

/** Follows one session. */
export class ResponderClient {
  readonly link: Connection<FromResponder, ToResponder>['state']
  readonly welcome = new Store<ResponderWelcome | undefined>(undefined)
  readonly view = new Store<SessionView>(emptyView())
  readonly live = new Store<{ video: boolean; audio: boolean }>({ video: false, audio: false })
  readonly ended = new Store<LinkEnd | undefined>(undefined)
  /** The live picture; off until it is started. */
  readonly watch: Watch

  readonly #opened: OpenedLink
  readonly #options: ResponderOptions
  readonly #connection: Connection<FromResponder, ToResponder>
  readonly #clock = new EvenClock()
  #clockMs = 0
  /** Last number heard, or where a rewinding left off. */
  #last = 0

  constructor(opened: OpenedLink, options: ResponderOptions) {
    this.#opened = opened
    this.#options = options
    this.#connection = new Connection<FromResponder, ToResponder>({
      url: () => socketUrl('/ws/responder', options.origin),
      greet: (before) => (before === null ? this.#hello() : null),
      receive: (message) => this.#receive(message),
      ...(options.surroundings ? { surroundings: options.surroundings } : {}),
    })
    this.link = this.#connection.state
    this.link.subscribe((state) => this.#linkChanged(state))
    this.watch = new Watch(opened.session, (frame) => this.#offer(frame), newId, options.media ?? browserMedia)
  }

  /** The gateway's clock now, in ms. */
  nowMs(): number {
    return (this.#options.now ?? (() => this.#clock.now()))() + this.#clockMs
  }

  /** Connects. */
  start(): void {
    this.#connection.start()
  }

  /** Tries now instead of after the pause, or looks at once whether the link lives. */
  check(): void {
    this.#connection.check()
  }

  /** Ends it for this page. */
  stop(): void {
    this.watch.stop()
    this.#connection.stop()
  }

  /** A photo's re-encoded preview or copy. */
  async photo(photo: string, what: 'preview' | 'copy'): Promise<Blob> {
    const request = this.#options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init))
    const response = await request(`${this.#options.origin}/api/v1/sessions/${this.#opened.session}/photos/${photo}/${what}`, {
      headers: { authorization: `Bearer ${this.#opened.token}` }, cache: 'no-store', credentials: 'omit',
    })
    if (!response.ok) throw new Error(`photo ${what}: ${String(response.status)}`)
    return response.blob()
  }

  #hello(): FromResponder {
    // What is on one node's disk only may have other numbers at the next one.
    const kept = this.view.get().entries.find((entry) => entry.kept === true)
    if (kept) this.#rewound(kept.seq - 1)
    return { kind: 'hello', client: this.#options.client, token: this.#opened.token, after: this.#last }
  }

  #offer(frame: FromStaff): boolean {
    if (frame.kind === 'media_offer') return this.#connection.send({ kind: 'media_offer', id: frame.id, sdp: frame.sdp })
    return frame.kind === 'media_stop' && this.#connection.send({ kind: 'media_stop' })
  }

  #receive(message: ToResponder): void {
    switch (message.kind) {
      case 'welcome':
        this.#clockMs = message.now_ms - (this.nowMs() - this.#clockMs)
        this.welcome.set(message)
        this.watch.relinked()
        return
      case 'agency_changed':
        this.#agencyChanged(message)
        return
      case 'entry':
        this.#entry(message)
        return
      case 'safe':
        this.#safe(message.up_to)
        return
      case 'rewound':
        this.#rewound(message.after)
        return
      case 'live':
        this.live.set({ video: message.video, audio: message.audio })
        return
      case 'media_answer':
        void this.watch.answer({ ...message, session: this.#opened.session })
        return
      case 'error':
        this.#refused(message)
    }
  }

  #agencyChanged({ agency }: Extract<ToResponder, { kind: 'agency_changed' }>): void {
    const welcome = this.welcome.get()
    if (welcome) this.welcome.set({ ...welcome, agency })
  }

  #entry(message: Extract<ToResponder, { kind: 'entry' }>): void {
    if (message.seq <= this.#last) return
    if (message.prev > this.#last) {
      // A hole: what is missing comes with a new hello.
      this.#connection.stop()
      this.#connection.start()
      return
    }
    this.#last = message.seq
    const entry: Entry = { ...message, session: this.#opened.session, command: '' }
    this.view.update((view) => fold(view, [entry]))
  }

  #safe(upTo: number): void {
    const { entries } = this.view.get()
    if (!entries.some((entry) => entry.kept === true && entry.seq <= upTo)) return
    this.view.set(fold(emptyView(), entries.map((entry) => (entry.seq <= upTo ? { ...entry, kept: false } : entry))))
  }

  #rewound(after: number): void {
    this.#last = Math.min(this.#last, after)
    this.view.update((view) => fold(emptyView(), view.entries.filter((entry) => entry.seq <= after)))
  }

  #refused(message: Extract<ToResponder, { kind: 'error' }>): void {
    if (this.watch.refused(message.id, message.code, message.retry !== 'never')) return
    const end = message.id === undefined ? endOf(message.code) : undefined
    if (end) this.#end(end)
  }

  #linkChanged(state: LinkState): void {
    if (state.at === 'stopped' && state.stop.why !== 'asked') this.#end('unknown')
  }

  #end(why: LinkEnd): void {
    if (this.ended.get()) return
    this.ended.set(why)
    this.stop()
  }
}
