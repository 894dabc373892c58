// The entries of the own session, in order and without holes.
//
// Owns: what was received up to where. Must not: ask for more itself; it says so. Each entry names the visible entry before
// it, so a hidden entry of staff is told from a lost one.
import type { ToResident } from './protocol.ts'

/** An entry as it arrives. */
export type Entry = Extract<ToResident, { kind: 'entry' }>

/** What became of an arriving entry. */
export type Taken = 'new' | 'known' | 'hole'

/** Entries received so far. */
export class Log {
  #entries: Entry[] = []
  #last = 0

  /** The entries, oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries
  }

  /** The last sequence number received; 0 before the first. */
  get last(): number {
    return this.#last
  }

  /** Takes an entry in. After `hole` the caller resumes from `last`. */
  take(entry: Entry): Taken {
    if (entry.seq <= this.#last) return 'known'
    if (entry.prev !== this.#last) return 'hole'
    this.#last = entry.seq
    this.#entries.push(entry)
    return 'new'
  }

  /** Forgets everything: another session. */
  clear(): void {
    this.#entries = []
    this.#last = 0
  }
}
