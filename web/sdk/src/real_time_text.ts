// Real-time text (T.140): what is being typed, as it is typed.
//
// Owns: cutting typing into parts and putting parts together. Parts may be lost; a loss shows as U+FFFD until the next full
// packet. Positions count Unicode scalar values. Used by: residents' and staff's clients.
import { newId } from './ids.ts'
import { wellFormed } from './codec.ts'
import { BOUNDS, type RealTimeText } from './protocol.ts'

/** Typing leaves within this many ms: inside the 300 ms promised, with room for the link. */
export const FLUSH_AFTER_MS = 200
/** The whole text goes out again this often, in ms, so that a loss heals. */
export const REFRESH_EVERY_MS = 5_000
/** Stands where characters were lost. */
export const LOST = '\u{fffd}'

/** Sends what is typed. */
export class TypingSender {
  readonly #send: (packet: RealTimeText) => boolean
  readonly #after: (ms: number, run: () => void) => () => void
  readonly #now: () => number
  #message = newId()
  #part = 0
  #said: string[] = []
  #text: string[] = []
  #whole_ms = 0
  #cancel: (() => void) | null = null

  constructor(
    send: (packet: RealTimeText) => boolean,
    after: (ms: number, run: () => void) => () => void,
    now: () => number,
  ) {
    this.#send = send
    this.#after = after
    this.#now = now
  }

  /** Id of the message being written: its finished text is sent under it. */
  get message(): string {
    return this.#message
  }

  /** The field now says this. */
  type(text: string): void {
    this.#text = Array.from(wellFormed(text)).slice(0, BOUNDS.TEXT_MAX_CHARS)
    this.#cancel ??= this.#after(FLUSH_AFTER_MS, () => {
      this.#cancel = null
      this.#flush()
    })
  }

  /** A new link: parts may be lost, so the next packet is whole. */
  refresh(): void {
    this.#said = []
    this.#whole_ms = 0
    if (this.#text.length > 0) this.type(this.#text.join(''))
  }

  /** The message is finished: gives its id and begins the next one. */
  finish(): string {
    const message = this.#message
    this.#cancel?.()
    this.#cancel = null
    this.#message = newId()
    this.#part = 0
    this.#said = []
    this.#text = []
    this.#whole_ms = 0
    return message
  }

  #flush(): void {
    const now = this.#now()
    let from = this.#whole_ms > 0 && now - this.#whole_ms < REFRESH_EVERY_MS ? sameStart(this.#said, this.#text) : 0
    if (from === this.#said.length && from === this.#text.length) return
    if (from === 0) this.#whole_ms = now
    do {
      const piece = this.#text.slice(from, from + BOUNDS.REAL_TIME_TEXT_MAX_CHARS)
      if (!this.#send({ message: this.#message, part: this.#part, from, text: piece.join('') })) {
        // Not sent: the next packet is whole.
        this.#said = []
        this.#whole_ms = 0
        return
      }
      this.#part += 1
      from += piece.length
    } while (from < this.#text.length)
    this.#said = this.#text
  }
}

/** Puts together what the other side types. */
export class TypingReceiver {
  #message: string | null = null
  #next = 0
  #chars: string[] = []
  /** Places before which something may be missing. */
  #marks = new Set<number>()

  /** Id of the message being written by the other side. */
  get message(): string | null {
    return this.#message
  }

  /** What is shown: lost characters as U+FFFD. */
  get text(): string {
    const marked = this.#chars.map((char, place) => (this.#marks.has(place) ? LOST + char : char)).join('')
    const end = this.#marks.has(this.#chars.length) ? LOST : ''
    return (marked + end).replace(/\ufffd+/g, LOST)
  }

  /** Takes a packet in. */
  take(packet: RealTimeText): void {
    if (packet.message !== this.#message) this.#begin(packet.message)
    if (packet.part < this.#next) return
    const lost = packet.part > this.#next
    this.#next = packet.part + 1
    const from = Math.min(packet.from, BOUNDS.TEXT_MAX_CHARS)
    if (from === 0) this.#marks.clear()
    const kept = this.#chars.slice(0, from)
    while (kept.length < from) kept.push(LOST)
    const added = Array.from(packet.text)
    this.#chars = [...kept, ...added].slice(0, BOUNDS.TEXT_MAX_CHARS)
    for (const place of this.#marks) if (place > this.#chars.length) this.#marks.delete(place)
    if (lost && from > 0) this.#marks.add(from)
  }

  /** The finished message arrived, or its writer went away. */
  clear(message?: string): void {
    if (message === undefined || message === this.#message) this.#begin(null)
  }

  #begin(message: string | null): void {
    this.#message = message
    this.#next = 0
    this.#chars = []
    this.#marks.clear()
  }
}

function sameStart(a: readonly string[], b: readonly string[]): number {
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same += 1
  return same
}
