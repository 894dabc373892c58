// The staff client: what a console and a supervisor's screen stand on.
//
// Owns: the token and its refresh, the link, registration and agent state, the list, followed sessions, commands. Everything that
// was asked for is asked again after a break. Must not: know a page, a framework or words of a language. Used by: `console/`,
// `supervisor/`; reference for native consoles.
import { socketUrl, type LinkState, type Surroundings } from './connection.ts'
import { EvenClock } from './even_clock.ts'
import { newId } from './ids.ts'
import type {
  AgentReason, AgentState, Board, Colleague, ErrorMessage, FromStaff, Medium, SessionRow, StaffCommand, ToStaff,
} from './protocol.ts'
import { PendingCommands, Refused, type Receipt } from './staff-commands.ts'
import { EMPTY_LIST, ListKeeper, type SessionList } from './staff-list.ts'
import { browserMedia, Watch, type MediaDevice } from './staff-media.ts'
import { FollowedSession, type SessionPort } from './staff-session.ts'
import { OwnLink, type LinkEnds, type StaffLink } from './staff-share.ts'
import { refresh, SignInFailed, type Fetch, type SignedIn } from './staff-sign-in.ts'
import { Store, type Readable } from './store.ts'
import { inParts } from './text_parts.ts'

export { Refused, type Receipt } from './staff-commands.ts'
export { answerWords } from './staff-fold.ts'
export type { Answer, AnswerWording, Ask, CustodyRequest, Entry, Fix, Hold, MediumState, Message, Photo, PhotosDeleted, ResponderLink, ServicePlace, SessionView, WordsDeleted } from './staff-fold.ts'
export type { SessionList } from './staff-list.ts'
export type { Watch, WatchState } from './staff-media.ts'
export { FIELDS, type Catching, type Field, type FollowedSession, type LiveNow, type Presence } from './staff-session.ts'
export {
  beginAtProvider, endAtProvider, openWallboard, signIn, SignInFailed, type FromProvider, type SignedIn,
} from './staff-sign-in.ts'
export { answerSignIns, browserWindows, handOn, SharedLink, signInOfOtherWindows, type StaffLink, type Windows } from './staff-share.ts'
export type { LinkState } from './connection.ts'

/** What the gateway said on `welcome`, with the agency's settings as they are now. */
export type StaffWelcome = Extract<ToStaff, { kind: 'welcome' }>

/** Why a client stays down; the page shows its sign-in, or says why not. */
export type Ended = 'signed_out' | 'sign_in_again' | 'replaced' | 'protocol'

/** Finished sessions, newest first. */
export interface HistoryPage {
  readonly rows: readonly SessionRow[]
  readonly more: boolean
}

/** Own agent state as last asked for; it is sent again after each break. */
export interface OwnState {
  readonly state: AgentState
  readonly reason: AgentReason | undefined
  readonly sinceMs: number
}

/** What a client needs besides the sign-in. */
export interface StaffOptions {
  /** Name and version of the client. */
  readonly client: string
  /** Origin of the gateway, for example `https://callbox.example`. */
  readonly origin: string
  /** Takes a refreshed token, so that a page can keep it over a reload. */
  readonly keep?: (signedIn: SignedIn | undefined) => void
  /** Registers for these queues only; all of the agency's where left out. */
  readonly queues?: readonly string[]
  /** A supervisor watches, and registers for no queue. */
  readonly registers?: boolean
  readonly fetch?: Fetch
  readonly media?: MediaDevice
  /** The link to speak over; one of its own where left out. Windows of one person share one with `SharedLink`. */
  readonly link?: (ends: LinkEnds) => StaffLink
  readonly surroundings?: Surroundings
  /** Whole ms since 1970 by this device; an even clock where left out. */
  readonly now?: () => number
}

/** Share of its time after which a token is renewed: a gateway that is away for the other half signs nobody out. */
const REFRESH_AFTER = 0.5
/** Pause between tries of a refresh that had no answer, in ms. */
const REFRESH_AGAIN_MS = 15_000
/** Longest span of one timer in browsers, in ms. */
const TIMER_MAX_MS = 2_147_000_000

/** Who can be handed a session. */
export interface Colleagues {
  /** As far as they fit, see `more`. */
  readonly people: readonly Colleague[]
  /** How many more there are. */
  readonly more: number
}

/** One signed-in person's connection. */
export class StaffClient {
  readonly link: Readable<LinkState>
  /** Whether this window holds the connection: it makes the sounds for all windows of this person. */
  readonly leads: Readable<boolean>
  readonly ended = new Store<Ended | undefined>(undefined)
  /** From when on no renewal helps, by the gateway's clock, in ms; `undefined` where there is no such time. */
  readonly endsMs: Store<number | undefined>
  /** Whether other windows of this person share the link, so that any of them may sign in again for all. */
  readonly shares: boolean
  readonly welcome = new Store<StaffWelcome | undefined>(undefined)
  readonly list = new Store<SessionList>(EMPTY_LIST)
  /** Who can be handed a session: those who are available first, oneself among them. */
  readonly colleagues = new Store<Colleagues>({ people: [], more: 0 })
  /** What people are called, by the names they sign in with. Who has left is still called so. */
  readonly names: Store<ReadonlyMap<string, string>>
  readonly board = new Store<Board | undefined>(undefined)
  /** When the board was last heard, by this device's clock; 0: never. */
  readonly boardHeardMs = new Store<number>(0)
  readonly own = new Store<OwnState>({ state: 'not_available', reason: 'just_signed_in', sinceMs: 0 })
  readonly followed = new Store<readonly FollowedSession[]>([])
  /** The gateway's clock minus this device's, in ms. */
  readonly clockMs = new Store<number>(0)
  /** Last error that belongs to no command. */
  readonly fault = new Store<ErrorMessage | undefined>(undefined)

  readonly #options: StaffOptions
  readonly #connection: StaffLink
  readonly #keeper = new ListKeeper()
  readonly #pending: PendingCommands
  readonly #watches = new Map<string, Watch>()
  /** The command by which a session is watched: sent again after a break, it stands in the log once. */
  readonly #watchedBy = new Map<string, string>()
  /** Requests about no session that wait for their answer; `undefined` when the link went before it came. */
  readonly #asked = new Map<string, { answer: (message: ToStaff | undefined) => void; refuse: (reason: Error) => void }>()
  readonly #port: SessionPort
  readonly #clock = new EvenClock()
  #signedIn: SignedIn
  #refreshTimer: ReturnType<typeof setTimeout> | undefined

  constructor(signedIn: SignedIn, options: StaffOptions) {
    this.#signedIn = signedIn
    this.#options = options
    this.endsMs = new Store(signedIn.ends_ms)
    this.names = new Store<ReadonlyMap<string, string>>(new Map([[signedIn.staff, signedIn.name]]))
    this.shares = options.link !== undefined
    const send = (frame: FromStaff): boolean => this.#connection.send(frame)
    this.#pending = new PendingCommands(send)
    this.#port = { send, me: () => this.#signedIn.staff }
    this.#connection = (options.link ?? ((ends) => new OwnLink(ends)))({
      url: () => socketUrl('/ws/staff', options.origin),
      greet: (before) => (before === null ? { kind: 'hello', client: options.client, token: this.#signedIn.token } : null),
      receive: (message) => this.#receive(message),
      me: () => this.#signedIn,
      picture: () => this.#picture(),
      ended: (why) => this.#end(why as Ended),
      renewed: (fresh) => {
        this.#renewed(fresh)
        // A window that does not lead has signed in again: the open link lives as long as the token it knows.
        if (this.#connection.leads.get()) this.#connection.send({ kind: 'renew', token: fresh.token })
      },
      stated: ({ state, reason }) => {
        const own = this.own.get()
        if (own.state !== state || own.reason !== reason) this.own.set({ state, reason, sinceMs: this.nowMs() })
      },
      ...(options.surroundings ? { surroundings: options.surroundings } : {}),
    })
    this.link = this.#connection.state
    this.leads = this.#connection.leads
    this.link.subscribe((state) => this.#linkChanged(state))
  }

  /** Who is signed in. */
  get me(): SignedIn {
    return this.#signedIn
  }

  /** The gateway's clock now, in ms. */
  nowMs(): number {
    return this.#deviceNow() + this.clockMs.get()
  }

  /** Connects. */
  start(): void {
    this.#connection.start()
    this.#planRefresh()
  }

  /** Tries now instead of after the pause, or looks at once whether the link lives. */
  check(): void {
    this.#connection.check()
  }

  /** Tells what alarms and pictures have asked of the person since it was told last; `false` while the link is down. */
  tally(alarms: number, exposedMs: number): boolean {
    return this.#connection.send({ kind: 'tally', alarms, exposed_ms: Math.round(exposedMs) })
  }

  /** Signs out: nothing is kept. */
  signOut(): void {
    this.#end('signed_out')
  }

  /** Says whether sessions can be taken; told again after each break. */
  setState(state: AgentState, reason?: AgentReason): void {
    this.own.set({ state, reason: state === 'available' ? undefined : reason, sinceMs: this.nowMs() })
    this.#sayState()
  }

  /** Takes the next session of the queues; answers which one. Refused with `nothing_waits` when none does. */
  async takeNext(): Promise<string> {
    const receipt = await this.#pending.give({ kind: 'take_next', id: newId() })
    this.follow(receipt.session)
    return receipt.session
  }

  /** Makes a link with which somebody reports, by its digest. The session that it will open is this person's from now on. */
  async makeReportLink(digest: string, id: string = newId()): Promise<string> {
    const receipt = await this.#pending.give({ kind: 'make_report_link', id, digest })
    this.follow(receipt.session)
    return receipt.session
  }

  /** Takes this session; refused with `already_taken` and its owner when somebody was faster. */
  async take(session: string): Promise<void> {
    await this.command(session, { kind: 'take' })
    this.follow(session)
  }

  /** A command to one session. Resolves when it is on disk, and is kept until it is safe; it survives breaks of the link. */
  command(session: string, command: StaffCommand, id: string = newId()): Promise<Receipt> {
    return this.#pending.give({ kind: 'do', id, session, command })
  }

  /** Sends the draft of a followed session: a long one as several messages, and what is longer still stays in the field. */
  async sendDraft(followed: FollowedSession): Promise<void> {
    const { parts, rest } = inParts(followed.draft.get().trim(), this.welcome.get()?.limits.text_chars)
    if (parts.length === 0) return
    const id = followed.finishDraft()
    if (rest !== '') followed.restoreDraft(rest)
    followed.sending.update((all) => [...all, ...parts])
    // One after the other, so that they are read in order.
    for (const [place, text] of parts.entries()) {
      try {
        await this.command(followed.session, { kind: 'text', text }, place === 0 ? id : newId())
      } catch (reason) {
        const back = parts.slice(place)
        followed.sending.update((all) => without(all, back))
        followed.restoreDraft(back.join('\n'))
        throw reason
      }
      followed.sending.update((all) => without(all, [text]))
    }
  }

  /** Asks the resident for something; the ask's id is the answer. */
  async askFor(session: string, medium: Medium, question?: string): Promise<string> {
    const id = newId()
    await this.command(session, { kind: 'ask', medium, ...(question ? { question } : {}) }, id)
    return id
  }

  /** Marks everything the resident wrote as seen. Only a person's act may lead here. */
  async seen(followed: FollowedSession): Promise<void> {
    const { lastFromResident, seen } = followed.view.get()
    if (!followed.mine || lastFromResident <= seen) return
    await this.command(followed.session, { kind: 'seen', up_to: lastFromResident })
  }

  /** Follows a session's log; the same one again is the same object. */
  follow(session: string): FollowedSession {
    const known = this.#find(session)
    if (known) return known
    const followed = new FollowedSession(session, this.#keeper.row(session), this.#port)
    this.followed.set([...this.followed.get(), followed])
    followed.ask()
    return followed
  }

  /** Watches without owning: the watch is written to the log first, then the log follows. */
  async watchSession(session: string): Promise<FollowedSession> {
    const id = this.#watchedBy.get(session) ?? newId()
    await this.command(session, { kind: 'watch' }, id)
    this.#watchedBy.set(session, id)
    return this.follow(session)
  }

  /** Stops following. */
  unfollow(session: string): void {
    const known = this.#find(session)
    if (!known) return
    known.close()
    this.#watches.get(session)?.stop()
    this.#watches.delete(session)
    this.#watchedBy.delete(session)
    this.#connection.send({ kind: 'unfollow', session })
    this.followed.set(this.followed.get().filter((other) => other !== known))
  }

  /** Live media of a session; off until it is started. */
  media(session: string): Watch {
    let watch = this.#watches.get(session)
    if (!watch) {
      watch = new Watch(session, this.#port.send, newId, this.#options.media ?? browserMedia)
      this.#watches.set(session, watch)
    }
    return watch
  }

  /** Finished sessions, newest first, from after one of them. An empty page while the link is down: ask again then. */
  async history(after?: string): Promise<HistoryPage> {
    const answer = await this.#ask({ kind: 'list_closed', id: newId(), ...(after ? { after } : {}) })
    return answer?.kind === 'history' ? { rows: answer.rows, more: answer.more } : { rows: [], more: false }
  }

  /**
   * Has a node send its clients to others within a time, in s, at a rate per second or as many as it takes. Resolves `false` when the link
   * went before the answer came: it may be done or not, and the board says which.
   */
  async drain(node: string, withinS: number, perS?: number): Promise<boolean> {
    return (await this.#ask({ kind: 'drain', id: newId(), node, within_s: withinS, ...(perS === undefined ? {} : { per_s: perS }) })) !== undefined
  }

  /** Calls a drain off; the same answer. */
  async undrain(node: string): Promise<boolean> {
    return (await this.#ask({ kind: 'undrain', id: newId(), node })) !== undefined
  }

  #ask(frame: Extract<FromStaff, { kind: 'list_closed' | 'drain' | 'undrain' }>): Promise<ToStaff | undefined> {
    return new Promise((answer, refuse) => {
      this.#asked.set(frame.id, { answer, refuse })
      if (this.#connection.send(frame)) return
      this.#asked.delete(frame.id)
      answer(undefined)
    })
  }

  /** A photo's preview, copy or sealed original, with this person's token. */
  async photo(session: string, photo: string, what: 'preview' | 'copy' | 'original'): Promise<Blob> {
    const request = this.#options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init))
    const response = await request(`${this.#options.origin}/api/v1/sessions/${session}/photos/${photo}/${what}`, {
      headers: { authorization: `Bearer ${this.#signedIn.token}` },
      cache: 'no-store',
      credentials: 'omit',
    })
    if (!response.ok) throw new Error(`photo ${what}: ${String(response.status)}`)
    return response.blob()
  }

  /** The export of a session that two persons agreed on. Each time stands in the log before it is sent. */
  async exported(session: string, by: string): Promise<Blob> {
    const request = this.#options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init))
    const response = await request(`${this.#options.origin}/api/v1/sessions/${session}/exports/${by}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#signedIn.token}` },
      cache: 'no-store',
      credentials: 'omit',
    })
    if (!response.ok) throw new Refused((await response.json()) as ErrorMessage)
    return response.blob()
  }

  #find(session: string): FollowedSession | undefined {
    return this.followed.get().find((known) => known.session === session)
  }

  #deviceNow(): number {
    return (this.#options.now ?? (() => this.#clock.now()))()
  }

  #receive(message: ToStaff): void {
    switch (message.kind) {
      case 'welcome':
        this.#welcomed(message)
        return
      case 'agency_changed':
        this.#agencyChanged(message)
        return
      case 'receipt':
        this.#pending.receipt(message)
        return
      case 'sessions':
        this.#listed(this.#keeper.replace(message, this.#deviceNow()))
        return
      case 'sessions_changed':
        this.#listed(this.#keeper.apply(message, this.#deviceNow()))
        return
      case 'history':
      case 'done':
        this.#asked.get(message.id)?.answer(message)
        this.#asked.delete(message.id)
        return
      case 'colleagues':
        this.#introduced(message)
        return
      case 'board':
        this.board.set(message)
        this.boardHeardMs.set(this.#deviceNow())
        return
      case 'media_answer':
        void this.#watches.get(message.session)?.answer(message)
        return
      case 'error':
        this.#refused(message)
        return
      default:
        this.#followedMessage(message)
    }
  }

  #introduced({ people, more }: Extract<ToStaff, { kind: 'colleagues' }>): void {
    this.colleagues.set({ people, more: more ?? 0 })
    const names = this.names.get()
    // Most times somebody's state has changed, and nobody's name.
    if (people.some(({ staff, name }) => names.get(staff) !== name)) {
      this.names.set(new Map([...names, ...people.map(({ staff, name }) => [staff, name] as const)]))
    }
  }

  #followedMessage(message: ToStaff): void {
    if (message.kind === 'session') this.#find(message.row.session)?.began(message)
    if (!('session' in message)) return
    if (message.kind === 'safe') this.#pending.safe(message.session, message.up_to)
    if (message.kind === 'rewound') this.#pending.rewound(message.session)
    const followed = this.#find(message.session)
    if (!followed) return
    if (message.kind === 'entry') followed.entry(message)
    if (message.kind === 'safe') followed.safe(message.up_to)
    if (message.kind === 'rewound') followed.rewound(message.after)
    if (message.kind === 'real_time_text') followed.typing(message)
    if (message.kind === 'presence') {
      followed.presence.set({ connected: message.connected, delivered: message.delivered, seen: message.seen })
    }
    if (message.kind === 'live') {
      followed.live.set({ video: message.video, audio: message.audio, watching: message.watching })
    }
  }

  #welcomed(message: StaffWelcome): void {
    this.clockMs.set(message.now_ms - this.#deviceNow())
    this.welcome.set(message)
    // What is held may be older than the break: it stays for the eye, and nothing is decided by it.
    this.#keeper.expectWhole()
    this.#listed(undefined)
    if (this.#options.registers !== false) {
      const queues = this.#options.queues ?? message.queues.map((queue) => queue.queue)
      this.#connection.send({ kind: 'register', queues: [...queues] })
      this.#sayState()
    }
    this.#pending.resend()
    for (const followed of this.followed.get()) void this.#askAgain(followed)
  }

  /** The agency's settings stand in the welcome, whenever they came: a window that joins later has the newest. */
  #agencyChanged({ agency, queues, desk }: Extract<ToStaff, { kind: 'agency_changed' }>): void {
    const welcome = this.welcome.get()
    if (welcome) this.welcome.set({ ...welcome, agency, queues, desk })
  }

  /** Goes on with a session after a break; one that is watched says so first. */
  async #askAgain(followed: FollowedSession): Promise<void> {
    const { session } = followed
    const watchedBy = this.#watchedBy.get(session)
    if (watchedBy !== undefined) {
      const watched = await this.command(session, { kind: 'watch' }, watchedBy).catch(() => undefined)
      if (this.#find(session) !== followed) return
      if (!watched) {
        followed.refused()
        return
      }
    }
    followed.ask()
    this.#watches.get(session)?.relinked()
  }

  /** What another window of the same person needs to begin. */
  #picture(): readonly ToStaff[] {
    const welcome = this.welcome.get()
    if (!welcome) return []
    const { state, version, waiting, owned, abandoned, totals, island } = this.list.get()
    const { people, more } = this.colleagues.get()
    const now: ToStaff[] = [{ ...welcome, now_ms: Math.round(this.nowMs()) }, { kind: 'colleagues', people: [...people], more }]
    if (state === 'loading' || !this.#keeper.complete) return now
    return [...now, { kind: 'sessions', version, rows: [...waiting, ...owned, ...abandoned], ...totals, island }]
  }

  #renewed(fresh: SignedIn): void {
    this.#signedIn = { ...this.#signedIn, ...fresh }
    this.endsMs.set(this.#signedIn.ends_ms)
    this.#options.keep?.(this.#signedIn)
    this.#planRefresh()
  }

  #sayState(): void {
    const { state, reason } = this.own.get()
    this.#connection.send({ kind: 'set_agent_state', state, ...(reason ? { reason } : {}) })
  }

  #listed(list: SessionList | undefined): void {
    if (!list) {
      this.list.update((old) => (old.state === 'ready' && !this.#keeper.complete ? { ...old, state: 'catching_up' } : old))
      return
    }
    this.list.set(list)
    for (const followed of this.followed.get()) {
      const row = this.#keeper.row(followed.session)
      if (row) followed.row.set(row)
    }
    // A reload, or taking on another console, brings one's own sessions back without a press.
    for (const row of list.owned) if (row.owner === this.#signedIn.staff) this.follow(row.session)
  }

  #refused(message: ErrorMessage & { kind: 'error' }): void {
    if (this.#pending.error(message)) return
    const again = message.retry !== 'never'
    for (const watch of this.#watches.values()) if (watch.refused(message.id, message.code, again)) return
    const asked = message.id === undefined ? undefined : this.#asked.get(message.id)
    if (asked && message.id !== undefined) {
      this.#asked.delete(message.id)
      asked.refuse(new Refused(message))
      return
    }
    // With an id it answers something that another window asked for.
    if (message.id === undefined || message.code.startsWith('token_')) this.fault.set(message)
  }

  #linkChanged(state: LinkState): void {
    if (state.at !== 'open') {
      for (const { answer } of this.#asked.values()) answer(undefined)
      this.#asked.clear()
    }
    if (state.at !== 'stopped') return
    const { stop } = state
    if (stop.why === 'asked') return
    if (stop.why === 'change_needed') {
      if (this.#connection.leads.get()) void this.#refresh(true)
    } else this.#end(stop.code === 4300 ? 'replaced' : 'protocol')
  }

  #planRefresh(): void {
    clearTimeout(this.#refreshTimer)
    // Where the sign-in itself ends, no renewal helps: the gateway closes the link, and asks to sign in again.
    if (this.#signedIn.ends_ms !== undefined && this.#signedIn.expires_ms >= this.#signedIn.ends_ms) return
    const inMs = Math.max(1_000, (this.#signedIn.expires_ms - this.nowMs()) * REFRESH_AFTER)
    this.#refreshTimer = setTimeout(() => void this.#refresh(false), Math.min(inMs, TIMER_MAX_MS))
  }

  async #refresh(thenStart: boolean): Promise<void> {
    if (!this.#connection.leads.get()) {
      // The window that leads does it, and tells the others.
      this.#refreshTimer = setTimeout(() => void this.#refresh(false), REFRESH_AGAIN_MS)
      return
    }
    try {
      const fresh = await refresh(this.#signedIn.token, this.#options.origin, this.#options.fetch)
      if (this.ended.get()) return
      this.#renewed(fresh)
      this.#connection.renewed(this.#signedIn)
      // The open link lives as long as the token it knows.
      this.#connection.send({ kind: 'renew', token: fresh.token })
      if (thenStart) this.#connection.start()
    } catch (reason) {
      const gone = reason instanceof SignInFailed && /^(token_|sign_in_refused)/.test(reason.code)
      if (gone) this.#end('sign_in_again')
      else this.#refreshTimer = setTimeout(() => void this.#refresh(thenStart), REFRESH_AGAIN_MS)
    }
  }

  #end(why: Ended): void {
    if (this.ended.get()) return
    clearTimeout(this.#refreshTimer)
    for (const watch of this.#watches.values()) watch.stop()
    for (const followed of this.followed.get()) followed.close()
    this.#connection.stop(why === 'replaced' ? undefined : why)
    this.#pending.abandon(new Error(why))
    // An old page is loaded again with the same sign-in; another window goes on with it.
    if (why !== 'replaced' && why !== 'protocol') this.#options.keep?.(undefined)
    this.ended.set(why)
  }
}

/** A list without these, each once. */
function without(all: readonly string[], gone: readonly string[]): readonly string[] {
  const left = [...all]
  for (const one of gone) left.splice(left.indexOf(one), left.includes(one) ? 1 : 0)
  return left
}
