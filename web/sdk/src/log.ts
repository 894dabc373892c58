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

  /** Entries up to here keep their numbers. */
  safe(up_to: number): void {
    this.#entries = this.#entries.map((entry) => (entry.kept === true && entry.seq <= up_to ? { ...entry, kept: false } : entry))
  }

  /** Drops every entry after this one: they come again. */
  rewind(after: number): void {
    this.#entries = this.#entries.filter((entry) => entry.seq <= after)
    this.#last = this.#entries.at(-1)?.seq ?? 0
  }

  /** The link broke: what was kept at one gateway only, and all behind it, may come again with other numbers. Says whether any was. */
  dropKept(): boolean {
    const first = this.#entries.find((entry) => entry.kept === true)
    if (first === undefined) return false
    this.rewind(first.seq - 1)
    return true
  }

  /** Forgets everything: another session. */
  clear(): void {
    this.#entries = []
    this.#last = 0
  }
}
