// What this device wants done and is not known to be safe yet.
//
// Owns: keeping each command until its receipt says `safe`, the order of sending, sending again with the same id after a
// break or a pause. Must not: know the socket. An id is made once, so that whatever arrives twice counts once.
import type { Keep } from './keep.ts'
import { BOUNDS, type ErrorMessage, type Opening, type ResidentCommand, type Rung } from './protocol.ts'
import type { SecretLink } from './secret-link.ts'
import { Store, type Readable } from './store.ts'

/** Commands under way at a time: enough for a slow link, few enough that order holds and the gateway's bound is kept. */
const WINDOW = 8
/** Fixes of the place that may wait unsent: after a long break the newest ones are what matters. */
export const FIXES_WAITING_MAX = 20
/** Pause in ms before a command is sent again when the gateway names none. */
const AGAIN_AFTER_MS = 1_000
/** Pause in ms when something must change first: it usually does with the next link, so asking often is useless. */
const AFTER_CHANGE_MS = 5_000
/** Pause in ms before a command that is only stored is asked about: a tier that gets well again does not say of each that it is safe. */
const ASK_AGAIN_MS = 5_000

/** One command on its way. */
export interface Waiting {
  /** Command id. */
  readonly id: string
  /** Sending order. */
  readonly order: number
  /** When it was written, by this device's clock, in ms since 1970. */
  readonly written_ms: number
  /** What it is. */
  readonly what: { kind: 'open'; opening: Opening; link?: SecretLink } | { kind: 'do'; command: ResidentCommand }
  /** `stored` once the gateway said so; kept until safe. */
  readonly rung?: Rung
  /** With `stored`: its last entry, which may still get another number. */
  readonly last?: number
}

/** What goes to the gateway for one command. */
export type Sending =
  | { kind: 'open'; id: string; opening: Opening }
  | { kind: 'open_by_link'; id: string; session: string; secret: string; opening: Opening }
  | { kind: 'do'; id: string; command: ResidentCommand }

/** Time and timers. */
export interface OutboxClock {
  /** This device's clock, ms since 1970. */
  now_ms(): number
  after(ms: number, run: () => void): () => void
}

/** What an outbox tells. */
export interface OutboxEvents {
  /** A command will not be done: the same again is useless. It is no longer kept. */
  refused(waiting: Waiting, error: ErrorMessage): void
}

/** Commands that wait for `safe`. */
export class Outbox {
  /** What waits, in sending order. */
  readonly waiting: Readable<readonly Waiting[]>
  readonly #waiting = new Store<readonly Waiting[]>([])
  readonly #clock: OutboxClock
  readonly #events: OutboxEvents
  #keep: Keep
  #order = 0
  #send: ((message: Sending) => boolean) | null = null
  #under_way = new Set<string>()
  /** Stored and said so on this link; asked for again on the next one, until safe. */
  #stored = new Set<string>()
  #window = WINDOW
  #held_until_ms = 0
  #cancel: (() => void) | null = null

  constructor(keep: Keep, clock: OutboxClock, events: OutboxEvents) {
    this.#keep = keep
    this.#clock = clock
    this.#events = events
    this.waiting = this.#waiting
  }

  /** Reads what an earlier page left. */
  async load(): Promise<void> {
    const kept = ((await this.#keep.all('outbox')) as Waiting[]).sort((a, b) => a.order - b.order)
    this.#order = (kept.at(-1)?.order ?? 0) + 1
    this.#waiting.set(kept)
  }

  /** Goes on in another keep, where everything was moved to. */
  moved(keep: Keep): void {
    this.#keep = keep
  }

  /** Keeps a command and sends it when it can. Resolves when it is on the device. `written_ms`: where it is older than now. */
  async add(id: string, what: Waiting['what'], written_ms: number = this.#clock.now_ms()): Promise<void> {
    const waiting: Waiting = { id, order: this.#order++, written_ms, what }
    this.#waiting.update((all) => [...all, waiting])
    await this.#put(waiting)
    await this.#dropOldFixes()
    this.#pump()
  }

  /** The session is open on this link: everything that waits goes out, in order. */
  attach(send: (message: Sending) => boolean): void {
    this.#send = send
    this.#under_way.clear()
    this.#stored.clear()
    this.#window = WINDOW
    this.#held_until_ms = 0
    this.#pump()
  }

  /** The link is gone: nothing goes out until the next `attach`. */
  detach(): void {
    this.#send = null
    this.#under_way.clear()
    this.#cancel?.()
  }

  /** The command that opens the session, if it waits. */
  opening(): Sending | null {
    const found = this.#waiting.get().find((waiting) => waiting.what.kind === 'open')
    return found === undefined ? null : this.#sending(found)
  }

  /** A receipt came: `safe` lets go of the command. */
  async receipt(id: string, rung: Rung, last = 0): Promise<void> {
    this.#under_way.delete(id)
    this.#window = WINDOW
    if (rung === 'stored') this.#askLater(id)
    if (rung === 'safe') await this.#forget(id)
    else await this.#mark(id, rung, last)
    this.#pump()
  }

  /** What was stored on this link with entries up to here is safe, and let go of; says what that was. */
  async safe(up_to: number): Promise<string[]> {
    const covered = ({ id, last = 0 }: Waiting): boolean => this.#stored.has(id) && last > 0 && last <= up_to
    const ids = this.#waiting.get().filter(covered).map(({ id }) => id)
    for (const id of ids) await this.#forget(id)
    return ids
  }

  /** Entries got other numbers: everything that is not safe is asked for again. */
  rewound(): void {
    this.#stored.clear()
    this.#pump()
  }

  /** An error with a command's id came. Says whether it was one of ours. */
  async error(error: ErrorMessage): Promise<boolean> {
    const waiting = this.#waiting.get().find(({ id }) => id === error.id)
    if (waiting === undefined) return false
    this.#under_way.delete(waiting.id)
    if (error.retry === 'never') {
      await this.#forget(waiting.id)
      this.#events.refused(waiting, error)
    } else {
      // One at a time from here, so that what was refused for now keeps its place.
      this.#window = 1
      this.#holdFor(error.retry === 'later' ? (error.after_ms ?? AGAIN_AFTER_MS) : AFTER_CHANGE_MS)
    }
    this.#pump()
    return true
  }

  /** Forgets everything that waits, but these. */
  async clear(except: ReadonlySet<string> = new Set()): Promise<void> {
    const gone = this.#waiting.get().filter(({ id }) => !except.has(id))
    for (const { id } of gone) await this.#keep.delete('outbox', id)
    this.#waiting.update((all) => all.filter(({ id }) => except.has(id)))
  }

  /** The same command again, with the same id, until it is safe. */
  #askLater(id: string): void {
    this.#stored.add(id)
    this.#clock.after(ASK_AGAIN_MS, () => {
      if (this.#stored.delete(id)) this.#pump()
    })
  }

  #holdFor(pause_ms: number): void {
    this.#held_until_ms = this.#clock.now_ms() + pause_ms
    this.#cancel?.()
    this.#cancel = this.#clock.after(pause_ms, () => {
      this.#held_until_ms = 0
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#held_until_ms > this.#clock.now_ms()) return
    for (const waiting of this.#waiting.get()) {
      if (this.#send === null || this.#under_way.size >= this.#window) return
      // The opening goes out as the first message of a link; from here only to ask whether it is safe by now.
      const asks = waiting.what.kind !== 'open' || waiting.rung === 'stored'
      if (!asks || this.#stored.has(waiting.id) || this.#under_way.has(waiting.id)) continue
      if (!this.#send(this.#sending(waiting))) return
      this.#under_way.add(waiting.id)
    }
  }

  #sending({ id, what, written_ms }: Waiting): Sending {
    if (what.kind === 'open') {
      const { opening, link } = what
      return link === undefined ? { kind: 'open', id, opening } : { kind: 'open_by_link', id, ...link, opening }
    }
    const age_ms = Math.min(BOUNDS.AGE_MAX_MS, Math.max(0, Math.round(this.#clock.now_ms() - written_ms)))
    return { kind: 'do', id, command: aged(what.command, age_ms) }
  }

  async #mark(id: string, rung: Rung, last: number): Promise<void> {
    const marked = this.#waiting.get().map((waiting) => (waiting.id === id ? { ...waiting, rung, last } : waiting))
    this.#waiting.set(marked)
    const waiting = marked.find((one) => one.id === id)
    if (waiting !== undefined) await this.#put(waiting)
  }

  /** Keeps it; a full device is no reason not to send. */
  async #put(waiting: Waiting): Promise<void> {
    await this.#keep.put('outbox', waiting.id, waiting).catch(() => undefined)
  }

  async #forget(id: string): Promise<void> {
    this.#waiting.update((all) => all.filter((waiting) => waiting.id !== id))
    await this.#keep.delete('outbox', id)
  }

  async #dropOldFixes(): Promise<void> {
    const unsent = this.#waiting.get().filter((waiting) => isFix(waiting) && !this.#under_way.has(waiting.id))
    for (const { id } of unsent.slice(0, Math.max(0, unsent.length - FIXES_WAITING_MAX))) await this.#forget(id)
  }
}

/** A fix by the device; what somebody typed is never dropped. */
function isFix({ what }: Waiting): boolean {
  return what.kind === 'do' && what.command.kind === 'locate' && what.command.location.method !== 'manual'
}

/** The command with the time it waited here added to its age: ages, not times, because devices' clocks are wrong. */
function aged(command: ResidentCommand, waited_ms: number): ResidentCommand {
  const sum = (age_ms: number): number => Math.min(BOUNDS.AGE_MAX_MS, age_ms + waited_ms)
  switch (command.kind) {
    case 'text':
    case 'announce_photo':
      return { ...command, age_ms: sum(command.age_ms) }
    case 'locate':
      return { ...command, location: { ...command.location, age_ms: sum(command.location.age_ms) } }
    default:
      return command
  }
}
