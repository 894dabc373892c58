// Several windows of one person, one connection: a console spread over many screens.
//
// Owns: who leads (a Web Lock), the channel between the windows, which window follows what. One window leads and holds the real
// connection; the others speak through it. When it closes, the lock goes to another window, which connects: for every client that is a
// break like any other, after which it asks again for what it needs. Must not: know a page, or keep a message. Used by: `staff.ts`
// over its `link` option; `console/`.
import { Connection, type ConnectionOptions, type LinkState } from './connection.ts'
import { newId } from './ids.ts'
import type { FromStaff, ToStaff } from './protocol.ts'
import type { SignedIn } from './staff-sign-in.ts'
import { Store, type Readable } from './store.ts'

/** What a staff client speaks over: a connection of its own, or one that windows share. */
export interface StaffLink {
  /** Where the link stands. */
  readonly state: Readable<LinkState>
  /** Whether this window holds the connection; the one that does renews the token and makes the sounds. */
  readonly leads: Readable<boolean>
  start(): void
  check(): void
  /** Ends the link; with `everywhere` in all windows of this person. */
  stop(everywhere?: string): void
  send(frame: FromStaff): boolean
  /** Hands a renewed sign-in to the other windows. */
  renewed(signedIn: SignedIn): void
}

/** What a link needs of its client. */
export interface LinkEnds extends ConnectionOptions<FromStaff, ToStaff> {
  /** Who is signed in. */
  me(): SignedIn
  /** What a window that joins is told first: the welcome, the colleagues and the whole list. */
  picture(): readonly ToStaff[]
  /** Another window ended it for all. */
  ended(why: string): void
  /** Another window renewed the sign-in. */
  renewed(signedIn: SignedIn): void
  /** Another window changed the own agent state. */
  stated(frame: Extract<FromStaff, { kind: 'set_agent_state' }>): void
}

/** A connection of one window alone. */
export class OwnLink implements StaffLink {
  readonly state: Readable<LinkState>
  readonly leads = new Store(true)
  readonly #connection: Connection<FromStaff, ToStaff>

  constructor(ends: LinkEnds) {
    this.#connection = new Connection(ends)
    this.state = this.#connection.state
  }

  start(): void {
    this.#connection.start()
  }

  check(): void {
    this.#connection.check()
  }

  stop(): void {
    this.#connection.stop()
  }

  send(frame: FromStaff): boolean {
    return this.#connection.send(frame)
  }

  renewed(): void {
    // Nobody else listens.
  }
}

/** The parts of a browser that windows share through; tests bring their own. */
export interface Windows {
  channel(name: string): Channel
  /** Runs when the lock is held; it is kept until the promise ends or the window goes. */
  lock(name: string, held: () => Promise<void>): void
}

/** The part of `BroadcastChannel` that is used. */
export interface Channel {
  onmessage: ((event: { data: unknown }) => void) | null
  postMessage(packet: unknown): void
  close(): void
}

/** The browser itself, or nothing where it has no locks (pages without HTTPS). */
export function browserWindows(): Windows | undefined {
  if (typeof BroadcastChannel === 'undefined' || typeof navigator === 'undefined' || !('locks' in navigator)) return undefined
  return {
    channel: (name) => new BroadcastChannel(name) as unknown as Channel,
    lock: (name, held) => void navigator.locks.request(name, held).catch(() => undefined),
  }
}

type Packet =
  /** A window is there; a fresh one wants the picture. */
  | { kind: 'join'; from: string; fresh: boolean }
  /** A window leads from now on. */
  | { kind: 'leads' }
  /** Where the leader's link stands; its times are of a clock that stood at `now`. */
  | { kind: 'link'; to?: string; state: LinkState; now: number }
  | { kind: 'down'; to?: string; message: ToStaff }
  | { kind: 'up'; from: string; frame: FromStaff }
  | { kind: 'check' }
  | { kind: 'stated'; frame: Extract<FromStaff, { kind: 'set_agent_state' }> }
  | { kind: 'renewed'; signedIn: SignedIn }
  | { kind: 'ended'; why: string }
  | { kind: 'note'; note: unknown }

/** The name that windows of one person share. */
function shared(me: SignedIn): string {
  return `callbox-staff ${me.agency} ${me.staff}`
}

/** Hands a fresh sign-in of a person to the windows that are open for them: another window got it. */
export function handOn(windows: Windows, signedIn: SignedIn): void {
  const channel = windows.channel(shared(signedIn))
  channel.postMessage({ kind: 'renewed', signedIn } satisfies Packet)
  channel.close()
}

/** A link that all windows of one person share. */
export class SharedLink implements StaffLink {
  readonly state: Readable<LinkState>
  readonly leads = new Store(false)
  /** The last thing another window's page said; see `tell`. */
  readonly note = new Store<unknown>(undefined)

  readonly #state = new Store<LinkState>({ at: 'idle' })
  readonly #ends: LinkEnds
  readonly #windows: Windows
  readonly #id = newId()
  readonly #followed = new Map<string, Set<string>>()
  #channel: Channel | undefined
  #connection: Connection<FromStaff, ToStaff> | undefined
  #release: (() => void)[] = []
  #said = new Map<string, string>()
  #state_frame: Extract<FromStaff, { kind: 'set_agent_state' }> | undefined
  #stop_greeting: (() => void) | undefined

  constructor(ends: LinkEnds, windows: Windows) {
    this.#ends = ends
    this.#windows = windows
    this.state = this.#state
  }

  start(): void {
    if (this.#connection) {
      this.#connection.start()
      return
    }
    if (this.#channel) return
    const name = shared(this.#ends.me())
    const channel = this.#windows.channel(name)
    this.#channel = channel
    channel.onmessage = ({ data }) => this.#hear(data as Packet)
    this.#state.set({ at: 'connecting', failures: 0, since_ms: this.#now() })
    // The lock of this window's own tells the leader when the window is gone; only then it says that it is here.
    this.#hold(`${name} ${this.#id}`, () => this.#post({ kind: 'join', from: this.#id, fresh: true }))
    this.#hold(name, () => this.#lead())
  }

  check(): void {
    if (this.#connection) this.#connection.check()
    else this.#post({ kind: 'check' })
  }

  stop(everywhere?: string): void {
    if (everywhere !== undefined) this.#post({ kind: 'ended', why: everywhere })
    this.#connection?.stop()
    this.#connection = undefined
    this.#stop_greeting?.()
    for (const release of this.#release.splice(0)) release()
    this.#channel?.close()
    this.#channel = undefined
    this.leads.set(false)
    this.#state.set({ at: 'stopped', stop: { why: 'asked' } })
  }

  send(frame: FromStaff): boolean {
    if (this.#state.get().at !== 'open') return false
    if (this.#connection) return this.#forward(this.#id, frame)
    this.#post({ kind: 'up', from: this.#id, frame })
    return true
  }

  renewed(signedIn: SignedIn): void {
    this.#post({ kind: 'renewed', signedIn })
  }

  /** Says something to the pages in the other windows; it must survive a structured clone. */
  tell(note: unknown): void {
    this.#post({ kind: 'note', note })
  }

  #post(packet: Packet): void {
    this.#channel?.postMessage(packet)
  }

  #now(): number {
    return Math.round(performance.now())
  }

  #hold(name: string, held: () => void): void {
    let ended = false
    let release = (): void => void (ended = true)
    this.#release.push(() => release())
    this.#windows.lock(name, () => {
      if (ended) return Promise.resolve()
      held()
      return new Promise((done) => (release = done))
    })
  }

  #lead(): void {
    if (!this.#channel) return
    this.#stop_greeting = answerSignIns(this.#windows, () => this.#ends.me())
    this.#connection = new Connection({
      ...this.#ends,
      receive: (message) => {
        this.#ends.receive(message)
        this.#post({ kind: 'down', message })
      },
    })
    this.leads.set(true)
    this.#post({ kind: 'leads' })
    this.#connection.start()
    this.#connection.state.subscribe((state) => {
      if (state.at === 'open') this.#said.clear()
      this.#post({ kind: 'link', state, now: this.#now() })
      this.#state.set(state)
    })
  }

  #hear(packet: Packet): void {
    switch (packet.kind) {
      case 'note':
        this.note.set(packet.note)
        return
      case 'ended':
        this.#ends.ended(packet.why)
        return
      case 'renewed':
        this.#ends.renewed(packet.signedIn)
        return
      case 'stated':
        this.#ends.stated(packet.frame)
        return
    }
    if (this.#connection) this.#hearAsLeader(packet, this.#connection)
    else this.#hearAsFollower(packet)
  }

  #hearAsLeader(packet: Packet, connection: Connection<FromStaff, ToStaff>): void {
    if (packet.kind === 'check') connection.check()
    if (packet.kind === 'up') this.#forward(packet.from, packet.frame)
    if (packet.kind === 'join') this.#joined(packet.from, packet.fresh)
  }

  #hearAsFollower(packet: Packet): void {
    if (packet.kind === 'leads') {
      this.#state.set({ at: 'connecting', failures: 0, since_ms: this.#now() })
      this.#post({ kind: 'join', from: this.#id, fresh: false })
    }
    if ('to' in packet && packet.to !== this.#id) return
    if (packet.kind === 'down') this.#ends.receive(packet.message)
    if (packet.kind === 'link') this.#state.set(moved(packet.state, this.#now() - packet.now))
  }

  #joined(from: string, fresh: boolean): void {
    if (!this.#followed.has(from)) {
      this.#followed.set(from, new Set())
      // Held by that window as long as it lives.
      this.#windows.lock(`${shared(this.#ends.me())} ${from}`, () => {
        this.#left(from)
        return Promise.resolve()
      })
    }
    if (!fresh) return
    if (this.#state_frame) this.#post({ kind: 'stated', frame: this.#state_frame })
    this.#post({ kind: 'link', to: from, state: this.#state.get(), now: this.#now() })
    if (this.#state.get().at !== 'open') return
    for (const message of this.#ends.picture()) this.#post({ kind: 'down', to: from, message })
  }

  #left(from: string): void {
    const followed = this.#followed.get(from) ?? new Set()
    for (const session of followed) this.#forward(from, { kind: 'unfollow', session })
    this.#followed.delete(from)
  }

  /** Sends a frame of a window, except where the others would suffer from it or it says nothing new. */
  #forward(from: string, frame: FromStaff): boolean {
    if (frame.kind === 'register' || frame.kind === 'set_agent_state') {
      const words = JSON.stringify(frame)
      if (this.#said.get(frame.kind) === words) return true
      this.#said.set(frame.kind, words)
      if (frame.kind === 'set_agent_state') this.#stated(from, frame)
    }
    if (frame.kind === 'follow') {
      const own = this.#followed.get(from) ?? new Set()
      this.#followed.set(from, own.add(frame.session))
    }
    if (frame.kind === 'unfollow') {
      this.#followed.get(from)?.delete(frame.session)
      if ([...this.#followed.values()].some((sessions) => sessions.has(frame.session))) return true
    }
    return this.#connection?.send(frame) ?? false
  }

  #stated(from: string, frame: Extract<FromStaff, { kind: 'set_agent_state' }>): void {
    this.#state_frame = frame
    if (from !== this.#id) this.#ends.stated(frame)
    this.#post({ kind: 'stated', frame })
  }
}

/** A state with its times moved to another window's clock. */
function moved(state: LinkState, by: number): LinkState {
  if (state.at === 'connecting' || state.at === 'open') return { ...state, since_ms: state.since_ms + by }
  return state.at === 'waiting' ? { ...state, lost_ms: state.lost_ms + by, until_ms: state.until_ms + by } : state
}

/** The channel on which a new window asks who is signed in. Same origin only, like the storage of the pages. */
const SIGN_INS = 'callbox-staff-sign-in'
/** How long a new window listens for an answer, in ms. The page asks for a name meanwhile, so that nobody waits for it; the other
 * windows of a busy computer may take a second or two. */
const SIGN_IN_WITHIN_MS = 5_000

/** Answers new windows of this browser that ask who is signed in; answers how to end it. */
export function answerSignIns(windows: Windows, me: () => SignedIn): () => void {
  const channel = windows.channel(SIGN_INS)
  channel.onmessage = ({ data }) => {
    if ((data as { kind?: unknown }).kind === 'who') channel.postMessage({ kind: 'me', signedIn: me() })
  }
  return () => channel.close()
}

/** Asks the other windows of this browser for their sign-in. */
export function signInOfOtherWindows(windows: Windows): Promise<SignedIn | undefined> {
  return new Promise((answer) => {
    const channel = windows.channel(SIGN_INS)
    const done = (signedIn?: SignedIn): void => {
      clearTimeout(timer)
      channel.close()
      answer(signedIn)
    }
    const timer = setTimeout(done, SIGN_IN_WITHIN_MS)
    channel.onmessage = ({ data }) => {
      const packet = data as { kind?: unknown; signedIn?: SignedIn }
      if (packet.kind === 'me') done(packet.signedIn)
    }
    channel.postMessage({ kind: 'who' })
  })
}
