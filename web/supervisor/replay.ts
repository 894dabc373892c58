// A session that ended, as it looked at any moment of it, from the entries that are there already.
//
// Owns: the moment, how fast it goes on, and a followed session that holds the log up to it, so that every panel shows it as it shows a
// live one. Must not: ask the gateway for anything, or send. Used by: `Watching.svelte`; tests.
import { emptyView, fold } from '../sdk/src/staff-fold.ts'
import type { Entry } from '../sdk/src/staff.ts'
import { FollowedSession } from '../sdk/src/staff-session.ts'
import { Store } from '../sdk/src/store.ts'

/** How many times faster than it was. */
export const SPEEDS = [1, 4, 16] as const
/** One of them. */
export type Speed = (typeof SPEEDS)[number]

/** The replay of one log. */
export class Replay {
  /** What the panels show. */
  readonly followed: FollowedSession
  /** The moment that is shown, whole ms since 1970. */
  readonly atMs: Store<number>
  readonly playing = new Store(false)
  readonly speed = new Store<Speed>(1)
  /** When the log begins. */
  readonly fromMs: number
  /** When the session ended; at this moment everything is shown, also what was looked at since. */
  readonly toMs: number
  readonly #entries: readonly Entry[]
  #shown = 0

  constructor(session: string, entries: readonly Entry[]) {
    this.#entries = entries
    this.fromMs = entries[0]?.at_ms ?? 0
    const past = entries.slice(0, entries.findIndex(({ event }) => event.kind === 'closed') + 1 || entries.length)
    // A clock that was set back in between does not make the end come before the rest.
    this.toMs = past.reduce((last, entry) => Math.max(last, entry.at_ms), this.fromMs)
    this.followed = new FollowedSession(session, undefined, { send: () => false, me: () => '' })
    this.followed.catching.set('complete')
    this.atMs = new Store(this.toMs)
    this.#fold()
  }

  /** Whether everything is shown, as it stands now. */
  get atEnd(): boolean {
    return this.atMs.get() >= this.toMs
  }

  /** Goes to a moment. */
  seek(ms: number): void {
    this.atMs.set(Math.min(this.toMs, Math.max(this.fromMs, Math.round(ms))))
    if (this.atEnd) this.playing.set(false)
    this.#fold()
  }

  /** Goes on, from the beginning where it stands at the end; or stops. */
  toggle(): void {
    const play = !this.playing.get()
    if (play && this.atEnd) this.seek(this.fromMs)
    this.playing.set(play && !this.atEnd)
  }

  /** Goes to the next entry: nobody watches a silence. */
  next(): void {
    this.seek(this.#entries[this.#shown]?.at_ms ?? this.toMs)
  }

  /** So many ms have passed for whoever looks. */
  passed(ms: number): void {
    if (this.playing.get()) this.seek(this.atMs.get() + ms * this.speed.get())
  }

  /** Entries are shown in the order of the log: none before one that it follows. */
  #fold(): void {
    const at = this.atMs.get()
    const later = this.atEnd ? -1 : this.#entries.findIndex((entry) => entry.at_ms > at)
    const count = later < 0 ? this.#entries.length : later
    const before = count < this.#shown ? emptyView() : this.followed.view.get()
    this.followed.view.set(fold(before, this.#entries.slice(before.entries.length, count)))
    this.#shown = count
  }
}
