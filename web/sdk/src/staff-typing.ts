// Real-time text of the staff side (T.140 over the socket): what goes out while somebody types, and what comes in.
//
// Owns: the difference between two drafts counted in Unicode scalar values, the numbering of parts, and the mark U+FFFD for what was
// lost. Must not: send by itself (a callback does) or keep finished messages. Used by: `staff-session.ts`.

import type { RealTimeText } from './protocol.ts';

/** Parts go out at most this often: half of the 500 ms that EN 301 549 allows, so that a slow link still keeps to it. */
export const TYPING_FLUSH_MS = 250;
/** Every so many parts the whole draft travels again, so that a receiver that lost one is mended. */
const WHOLE_EVERY_PARTS = 20;
/** Longest text in one part, by the protocol. */
const PART_CHARS_MAX = 2_000;
/** The most of a draft that goes out while it is typed: two full parts. */
const LIVE_CHARS_MAX = 2 * PART_CHARS_MAX;
/** Stands for characters that were lost. */
const LOST = '\uFFFD';

function commonPrefix(a: readonly string[], b: readonly string[]): number {
  const most = Math.min(a.length, b.length);
  let same = 0;
  while (same < most && a[same] === b[same]) same += 1;
  return same;
}

/** What one side is typing, made up from parts. */
export interface Typed {
  /** The message being written. */
  readonly message: string;
  /** What stands there now; lost characters are U+FFFD. */
  readonly text: string;
}

/** Puts parts together. */
export class TypingReader {
  #message = '';
  #next = 0;
  #chars: string[] = [];

  /** Takes a part; answers what is typed now. */
  take(part: RealTimeText): Typed {
    const fresh = part.message !== this.#message;
    if (fresh) {
      this.#message = part.message;
      this.#next = 0;
      this.#chars = [];
    }
    const lost = part.part !== this.#next && part.from > 0;
    const kept = this.#chars.slice(0, part.from);
    if (kept.length < part.from || lost) kept.push(LOST);
    this.#chars = [...kept, ...part.text];
    this.#next = part.part + 1;
    return { message: this.#message, text: this.#chars.join('') };
  }
}

/** Cuts a draft into parts and sends them through `send`. */
export class TypingWriter {
  readonly #send: (part: RealTimeText) => boolean;
  #message: string;
  #part = 0;
  #sent: string[] = [];
  #draft: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #whole = true;

  constructor(message: string, send: (part: RealTimeText) => boolean) {
    this.#message = message;
    this.#send = send;
  }

  /** The id that the finished message must carry. */
  get message(): string {
    return this.#message;
  }

  /** The draft changed. */
  write(draft: string): void {
    // Of a long text as much goes out live as somebody can follow; all of it comes with the message.
    this.#draft = [...draft].slice(0, LIVE_CHARS_MAX);
    this.#timer ??= setTimeout(() => this.#flush(), TYPING_FLUSH_MS);
  }

  /** The link broke or came back: the next part carries the whole draft. */
  again(): void {
    this.#whole = true;
    if (this.#draft.length > 0) this.#timer ??= setTimeout(() => this.#flush(), TYPING_FLUSH_MS);
  }

  /** The message was sent or thrown away: the next draft is another message. */
  finish(next: string): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#message = next;
    this.#part = 0;
    this.#sent = [];
    this.#draft = [];
    this.#whole = true;
  }

  #flush(): void {
    this.#timer = undefined;
    const whole = this.#whole || this.#part % WHOLE_EVERY_PARTS === 0;
    const from = whole ? 0 : commonPrefix(this.#sent, this.#draft);
    const text = this.#draft.slice(from, from + PART_CHARS_MAX);
    const unchanged = from === this.#sent.length && text.length === 0;
    if (unchanged && !whole) return;
    const part = { message: this.#message, part: this.#part, from, text: text.join('') };
    if (!this.#send(part)) {
      this.#whole = true;
      return;
    }
    this.#part += 1;
    this.#whole = false;
    this.#sent = this.#draft.slice(0, from + text.length);
    if (this.#sent.length < this.#draft.length) this.write(this.#draft.join(''));
  }
}
