// One link to the gateway that comes back by itself.
//
// Owns: the socket, the heartbeat, finding a dead link, coming back. Must not: know sessions, touch the DOM, keep
// messages: what must not be lost waits in an outbox above. Used by: `resident.ts` and the staff client.
import { next, PROVEN_AFTER_MS } from './backoff.ts'
import { decode, encode, SUBPROTOCOL, type Kinded } from './codec.ts'
import { Store, type Readable } from './store.ts'

/** A ping goes out when nothing was heard for this long, in ms, while it is urgent; a quicker heartbeat wins. */
const PROBE_AFTER_MS = 2_000
/** A link is dead when nothing was heard for this long, in ms: people are told within 5 s. Slow links get longer. */
const DEAD_AFTER_MS = 4_500
/** The longest a slow link may take before it counts as dead, in ms. */
const DEAD_AFTER_MAX_MS = 12_000
/** How often the link is looked at, in ms. */
const LOOK_EVERY_MS = 250
/** A connection that has no welcome after this long, in ms, is given up. */
const WELCOME_WITHIN_MS = 10_000

/** Why a link was lost. */
export type Loss = 'closed' | 'silent' | 'unreachable' | 'refused' | 'going_down'

/** Why a link stays down. */
export type Stop =
  /** `stop()` was called. */
  | { why: 'asked' }
  /** Something must be done first, such as signing in again; then `start()`. */
  | { why: 'change_needed'; code: number }
  /** The gateway said: not again (replaced by a newer window, protocol broken, session over). */
  | { why: 'ended'; code: number }

/** Where a link stands. Times are of `now`, in ms. */
export type LinkState =
  | { at: 'idle' }
  | { at: 'connecting'; failures: number; since_ms: number }
  | { at: 'open'; since_ms: number }
  | { at: 'waiting'; failures: number; loss: Loss; lost_ms: number; until_ms: number }
  | { at: 'stopped'; stop: Stop }

/** The part of `WebSocket` that is used; tests give their own. */
export interface Socket {
  binaryType: string
  readonly bufferedAmount: number
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  onerror: (() => void) | null
  send(frame: Uint8Array<ArrayBuffer>): void
  close(code?: number): void
}

/** Time, timers and chance, so that tests own them. */
export interface Surroundings {
  open(url: string, subprotocol: string): Socket
  /** Whole ms of a clock that never goes back. */
  now(): number
  random(): number
  every(ms: number, run: () => void): () => void
  after(ms: number, run: () => void): () => void
}

/** The real ones. */
export const world: Surroundings = {
  open: (url, subprotocol) => new WebSocket(url, subprotocol) as unknown as Socket,
  now: () => Math.round(performance.now()),
  random: Math.random,
  every: (ms, run) => {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** How a connection is made. `Out` is what this side sends, `In` what it receives. */
export interface ConnectionOptions<Out extends Kinded, In extends Kinded> {
  /** `wss://…/ws/resident` or `wss://…/ws/staff`; asked anew for every try. */
  url(): string
  /**
   * What to say before `welcome`: called with `null` when the socket opens, then with each message that comes before the
   * welcome. Staff answer the first with their hello, residents answer the challenge.
   */
  greet(before: In | null): Out | null | Promise<Out | null>
  /** Every message from the welcome on, except pongs. */
  receive(message: In): void
  /**
   * Whether a dead link must be noticed within 5 s just now. Where it need not (nothing waits, nothing is expected), the
   * gateway's own heartbeat is kept, so that a phone's radio may sleep. Always, when left out.
   */
  urgent?(): boolean
  /** Tests give their own. */
  surroundings?: Surroundings
}

/** A link that comes back by itself. */
export class Connection<Out extends Kinded, In extends Kinded> {
  /** Where the link stands. */
  readonly state: Readable<LinkState>
  readonly #state = new Store<LinkState>({ at: 'idle' })
  readonly #options: ConnectionOptions<Out, In>
  readonly #world: Surroundings
  #socket: Socket | null = null
  #cancel: (() => void)[] = []
  #failures = 0
  #lost_ms: number | null = null
  #told_ms: number | undefined
  #spread_ms = 0
  #heartbeat_ms = PROBE_AFTER_MS
  #heard_ms = 0
  #said_ms = 0
  #ping = { n: 0, sent_ms: 0, waiting: false }
  #round_trip_ms = 0

  constructor(options: ConnectionOptions<Out, In>) {
    this.state = this.#state
    this.#options = options
    this.#world = options.surroundings ?? world
  }

  /** Connects, unless it is connecting or open already. */
  start(): void {
    const { at } = this.#state.get()
    if (at === 'idle' || at === 'stopped') {
      this.#failures = 0
      this.#lost_ms = null
      this.#connect()
    }
  }

  /** Tries again now instead of after the pause: the network came back, or a person pressed "try now". */
  hurry(): void {
    if (this.#state.get().at === 'waiting') this.#connect()
  }

  /** Looks at once whether the link still lives: the page came back to the foreground. */
  check(): void {
    if (this.#state.get().at === 'open') this.#probe()
    else this.hurry()
  }

  /** Ends the link and stays down until `start()`. */
  stop(): void {
    this.#drop(1000)
    this.#state.set({ at: 'stopped', stop: { why: 'asked' } })
  }

  /** Sends on an open link. `false`: not open; keep the message and send it after the next welcome. */
  send(message: Out): boolean {
    if (this.#state.get().at !== 'open') return false
    this.#write(message)
    return true
  }

  /** Mean round trip of the last pings, in ms; 0 while there was none. */
  get round_trip_ms(): number {
    return this.#round_trip_ms
  }

  /** Bytes handed to the socket that have not left yet. */
  get unsent_bytes(): number {
    return this.#socket?.bufferedAmount ?? 0
  }

  #connect(): void {
    this.#drop(1000)
    this.#state.set({ at: 'connecting', failures: this.#failures, since_ms: this.#world.now() })
    this.#told_ms = undefined
    let socket: Socket
    try {
      socket = this.#world.open(this.#options.url(), SUBPROTOCOL)
    } catch {
      this.#lost('unreachable', 1006)
      return
    }
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    let opened = false
    socket.onopen = () => {
      opened = true
      void this.#greet(socket, null)
    }
    socket.onmessage = (event) => this.#frame(socket, event.data)
    socket.onclose = (event) => this.#lost(opened ? 'closed' : 'unreachable', event.code)
    socket.onerror = () => undefined
    this.#cancel.push(this.#world.after(WELCOME_WITHIN_MS, () => this.#lost('silent', 1006)))
  }

  async #greet(socket: Socket, before: In | null): Promise<void> {
    try {
      const words = await this.#options.greet(before)
      if (words !== null && socket === this.#socket) this.#write(words)
    } catch {
      if (socket === this.#socket) this.#lost('refused', 1006)
    }
  }

  #frame(socket: Socket, data: unknown): void {
    if (socket !== this.#socket || !(data instanceof ArrayBuffer)) return
    const message = decode(data) as (In & { n?: number; after_ms?: number; heartbeat_ms?: number; spread_ms?: number }) | null
    this.#heard_ms = this.#world.now()
    if (message === null) return
    if (message.kind === 'pong') {
      this.#spread_ms = message.spread_ms ?? 0
      this.#ponged(message.n)
      return
    }
    if (message.kind === 'reconnect') this.#told_ms = message.after_ms ?? 1_000
    if (this.#state.get().at !== 'open') {
      if (message.kind !== 'welcome') {
        // An error before the welcome is also shown: the owner must know why nothing opens.
        if (message.kind === 'error') this.#options.receive(message)
        else if (message.kind !== 'reconnect') void this.#greet(socket, message)
        return
      }
      this.#welcomed(message.heartbeat_ms)
    }
    this.#options.receive(message)
  }

  #welcomed(heartbeat_ms: number | undefined): void {
    this.#cancelAll()
    const now = this.#world.now()
    this.#heartbeat_ms = heartbeat_ms ?? PROBE_AFTER_MS
    this.#heard_ms = now
    this.#said_ms = now
    this.#ping.waiting = false
    this.#lost_ms = null
    this.#state.set({ at: 'open', since_ms: now })
    this.#cancel.push(this.#world.every(LOOK_EVERY_MS, () => this.#look()))
    this.#cancel.push(this.#world.after(PROVEN_AFTER_MS, () => (this.#failures = 0)))
  }

  #look(): void {
    const now = this.#world.now()
    const patience = Math.min(DEAD_AFTER_MAX_MS, Math.max(DEAD_AFTER_MS, PROBE_AFTER_MS + 4 * this.#round_trip_ms))
    const quiet = now - this.#heard_ms
    // A ping is out: its answer is waited for as long as the link is slow, counted from the ping where it came late.
    const since_ping = this.#ping.waiting ? now - this.#ping.sent_ms + PROBE_AFTER_MS : 0
    if (Math.min(quiet, since_ping) >= patience) this.#lost('silent', 1006)
    else if (now - this.#said_ms >= this.#heartbeat_ms || quiet >= this.#probe_ms) this.#probe()
  }

  get #probe_ms(): number {
    const urgent = this.#options.urgent?.() ?? true
    return urgent ? Math.min(this.#heartbeat_ms, PROBE_AFTER_MS) : this.#heartbeat_ms
  }

  #probe(): void {
    const now = this.#world.now()
    if (this.#ping.waiting && now - this.#said_ms < PROBE_AFTER_MS) return
    if (!this.#ping.waiting) this.#ping.sent_ms = now
    this.#ping.n += 1
    this.#ping.waiting = true
    this.#write({ kind: 'ping', n: this.#ping.n } as unknown as Out)
  }

  #ponged(n: number | undefined): void {
    if (!this.#ping.waiting || n === undefined) return
    this.#ping.waiting = false
    const took = this.#heard_ms - this.#ping.sent_ms
    this.#round_trip_ms = this.#round_trip_ms === 0 ? took : (3 * this.#round_trip_ms + took) / 4
  }

  #write(message: Out): void {
    this.#said_ms = this.#world.now()
    this.#socket?.send(encode(message))
  }

  #lost(loss: Loss, code: number): void {
    this.#drop()
    const told_ms = this.#told_ms
    const ending = { code, failures: this.#failures, spread_ms: this.#spread_ms, ...(told_ms === undefined ? {} : { told_ms }) }
    const step = next(ending, this.#world.random)
    if (step.again !== 'after') {
      this.#state.set({ at: 'stopped', stop: { why: step.again === 'never' ? 'ended' : 'change_needed', code } })
      return
    }
    const now = this.#world.now()
    this.#failures += 1
    this.#lost_ms ??= now
    this.#state.set({
      at: 'waiting',
      failures: this.#failures,
      loss: told_ms === undefined ? loss : 'going_down',
      lost_ms: this.#lost_ms,
      until_ms: now + step.pause_ms,
    })
    this.#cancel.push(this.#world.after(step.pause_ms, () => this.#connect()))
  }

  /** Lets go of the socket without waiting for its close event: a dead link does not send one. */
  #drop(code?: number): void {
    this.#cancelAll()
    const socket = this.#socket
    this.#socket = null
    if (socket === null) return
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null
    try {
      socket.close(code)
    } catch {
      // Closing what never opened throws in some engines; it is gone either way.
    }
  }

  #cancelAll(): void {
    for (const cancel of this.#cancel.splice(0)) cancel()
  }
}

/** The socket's address on the page's own origin. */
export function socketUrl(path: '/ws/resident' | '/ws/staff' | '/ws/responder', origin: string): string {
  return origin.replace(/^http/, 'ws') + path
}
