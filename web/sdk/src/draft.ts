// Words that a resident has begun and not sent.
//
// Owns: keeping them where the device keeps the rest, a moment after each change, and letting go of them. Must not: send. Used by:
// `resident.ts`; the page writes into it.
import type { Keep } from './keep.ts'
import { Store, type Readable } from './store.ts'

/** A draft that goes on changing is kept again after this long, in ms: a page that dies costs a word or two, and typing little writing. */
const AGAIN_AFTER_MS = 500
/** Its key in the drawer of the session. */
const KEY = 'draft'

/** The draft of one report; it outlives the page, the report's end and an old page that is loaded again. */
export class Draft {
  /** What stands in the field. */
  readonly text: Readable<string>
  readonly #text = new Store('')
  readonly #after: (ms: number, run: () => void) => () => void
  #keep: Keep
  #changed = false
  #rest: (() => void) | null = null

  constructor(keep: Keep, after: (ms: number, run: () => void) => () => void) {
    this.text = this.#text
    this.#keep = keep
    this.#after = after
  }

  /** Reads what an earlier page left. */
  async load(): Promise<void> {
    const kept = await this.#keep.get('session', KEY)
    if (typeof kept === 'string' && this.#text.get() === '') this.#text.set(kept)
  }

  /** The field says this now. */
  write(text: string): void {
    const before = this.#text.get()
    if (text === before) return
    this.#text.set(text)
    this.#changed = true
    // The first words at once: a page that is left by a press has no time for them any more.
    if (before === '' || (this.#rest === null && text !== '')) void this.kept()
    this.#rest ??= this.#after(AGAIN_AFTER_MS, () => {
      this.#rest = null
      void this.kept()
    })
  }

  /** Brings what has changed onto the device now. */
  async kept(): Promise<void> {
    if (!this.#changed) return
    this.#changed = false
    const text = this.#text.get()
    await (text === '' ? this.#keep.delete('session', KEY) : this.#keep.put('session', KEY, text))
  }

  /** Goes on in another keep: the one before is wiped. */
  moved(keep: Keep): void {
    this.#changed = false
    this.#keep = keep
  }

  /** Nothing is left of it. */
  async forget(): Promise<void> {
    this.#changed = false
    this.#text.set('')
    await this.#keep.delete('session', KEY)
  }
}
