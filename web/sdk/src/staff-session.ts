// A followed session: its entries without a hole, who types, what the resident received, what flows live.
//
// Owns: the order of entries, the repair of a hole, the automatic `delivered`, and the draft of the person who answers. Must not:
// mark anything as seen by itself: a person's act does. Used by: `staff.ts` makes one per followed session; the pages show it.

import { world } from './connection.ts'
import { TypingReceiver, TypingSender } from './real_time_text.ts'
import { Store } from './store.ts'
import { emptyView, fold, type Entry, type SessionView } from './staff-fold.ts'
import { foldLeft } from './remains.ts'
import type { FromStaff, SessionRow, ToStaff, Watchers } from './protocol.ts'

/** What the resident's side of the link looks like. */
export interface Presence {
  readonly connected: boolean
  /** Entries delivered to the resident. */
  readonly delivered: number
  /** Entries read by the resident. */
  readonly seen: number
}

/** What flows live, and who receives it. */
export interface LiveNow {
  readonly video: boolean
  readonly audio: boolean
  readonly watching: Watchers
}

/** What one side is typing. */
export interface Typed {
  /** The message being written. */
  readonly message: string
  /** What stands there now; lost characters are U+FFFD. */
  readonly text: string
}

/** Fields in which a person writes about a session. */
export const FIELDS = ['message', 'note', 'priority', 'transfer', 'close'] as const
/** One of them. */
export type Field = (typeof FIELDS)[number]

/** How complete the log at hand is. */
export type Catching = 'asking' | 'catching_up' | 'complete' | 'refused'

/** Entries that arrive together are shown together: one frame of the screen, in ms. */
const SHOW_EVERY_MS = 16
/** `delivered` goes out at most this often, so that a long log costs one frame and not a thousand. */
const DELIVERED_EVERY_MS = 100
/** Entries held beyond a hole; over this the rest is asked for again anyway. */
const AHEAD_MAX = 500

/** What a followed session needs from the connection. */
export interface SessionPort {
  /** Sends a frame; `false` while the link is down. */
  send(frame: FromStaff): boolean
  /** Sign-in name of this console's person. */
  me(): string
}

/** One followed session. */
export class FollowedSession {
  readonly session: string
  readonly row: Store<SessionRow | undefined>
  readonly view = new Store<SessionView>(emptyView())
  readonly presence = new Store<Presence | undefined>(undefined)
  readonly live = new Store<LiveNow | undefined>(undefined)
  readonly catching = new Store<Catching>('asking')
  /** What the resident is typing. */
  readonly residentTyping = new Store<Typed | undefined>(undefined)
  /** What the telecommunicator is typing, for those who watch. */
  readonly staffTyping = new Store<Typed | undefined>(undefined)
  /** What was begun and not sent, field by field; it outlives breaks of the link, and a page that keeps it outlives more. */
  readonly unsent: Readonly<Record<Field, Store<string>>> = {
    message: new Store(''), note: new Store(''), priority: new Store(''), transfer: new Store(''), close: new Store(''),
  }

  readonly #port: SessionPort
  readonly #fromResident = new TypingReceiver()
  readonly #fromStaff = new TypingReceiver()
  readonly #writer: TypingSender
  #last = 0
  #head = 0
  #healing = false
  #fresh: Entry[] = []
  #ahead = new Map<number, Entry>()
  #show: ReturnType<typeof setTimeout> | undefined
  #tell: ReturnType<typeof setTimeout> | undefined
  #told = 0

  constructor(session: string, row: SessionRow | undefined, port: SessionPort) {
    this.session = session
    this.row = new Store(row)
    this.#port = port
    this.#writer = new TypingSender(
      (typed) => this.port({ kind: 'real_time_text', session, typed }),
      (ms, run) => world.after(ms, run),
      () => world.now(),
    )
  }

  /** This console's unfinished message. */
  get draft(): Store<string> {
    return this.unsent.message
  }

  /** Messages on their way that have no receipt yet: with the page they would be gone. */
  readonly sending = new Store<readonly string[]>([])

  /** Last entry received without a hole before it. */
  get last(): number {
    return this.#last
  }

  /** Whether this console's person owns it. */
  get mine(): boolean {
    const row = this.row.get()
    return row?.standing === 'owned' && row.owner === this.#port.me()
  }

  /** Asks for the log from where it stands: on first opening and after each break of the link. */
  ask(): void {
    // Where this link leads, kept entries may have other numbers.
    const kept = [...this.view.get().entries, ...this.#fresh].find((entry) => entry.kept === true)
    if (kept) this.#rewind(kept.seq - 1)
    this.#healing = true
    this.#told = 0
    this.catching.set(this.#last === 0 ? 'asking' : 'catching_up')
    this.port({ kind: 'follow', session: this.session, after: this.#last })
    this.#writer.refresh()
  }

  /** The gateway's answer to `follow`. */
  began(message: Extract<ToStaff, { kind: 'session' }>): void {
    this.row.set(message.row)
    this.#head = message.head
    this.#healing = false
    this.#settle()
  }

  /** The gateway refused to show it. */
  refused(): void {
    this.catching.set('refused')
  }

  /** Takes an entry: in order it is shown, beyond a hole it waits and the hole is fetched, behind it is a repetition. */
  entry(entry: Entry): void {
    if (entry.seq <= this.#last) return
    if (entry.seq > this.#last + 1) {
      if (this.#ahead.size < AHEAD_MAX) this.#ahead.set(entry.seq, entry)
      if (!this.#healing) this.ask()
      return
    }
    this.#accept(entry)
    for (let next = this.#ahead.get(this.#last + 1); next; next = this.#ahead.get(this.#last + 1)) {
      this.#ahead.delete(next.seq)
      this.#accept(next)
    }
    this.#settle()
    this.#later()
  }

  /** Entries up to here keep their numbers. */
  safe(up_to: number): void {
    this.#flush()
    const settle = (entry: Entry): Entry => (entry.kept === true && entry.seq <= up_to ? { ...entry, kept: false } : entry)
    this.view.update((view) => ({ ...view, entries: view.entries.map(settle) }))
  }

  /** Entries after this one come again, with their final numbers. */
  rewound(after: number): void {
    this.#rewind(after)
    this.catching.set('catching_up')
    this.#healing = false
  }

  /** Somebody types. */
  typing(message: Extract<ToStaff, { kind: 'real_time_text' }>): void {
    const [reader, cell] =
      message.by.role === 'resident' ? [this.#fromResident, this.residentTyping] : [this.#fromStaff, this.staffTyping]
    reader.take(message.typed)
    const typed = { message: message.typed.message, text: reader.text }
    const finished = this.view.get().messages.some((done) => done.command === typed.message)
    cell.set(finished || typed.text === '' ? undefined : typed)
  }

  /** The person types: the draft is kept, and its parts go to the resident. */
  write(draft: string): void {
    this.draft.set(draft)
    if (this.mine) this.#writer.type(draft)
  }

  /** The draft becomes a message: answers its command id and starts a new draft. */
  finishDraft(): string {
    const id = this.#writer.finish()
    this.draft.set('')
    return id
  }

  /** The sending failed for good, or there was no room: the words come back, before what was begun meanwhile. */
  restoreDraft(text: string): void {
    this.draft.update((begun) => (begun === '' ? text : `${text}\n${begun}`))
  }

  /** What may still come from timers is given up. */
  close(): void {
    clearTimeout(this.#show)
    clearTimeout(this.#tell)
    this.#writer.finish()
  }

  private port(frame: FromStaff): boolean {
    return this.#port.send(frame)
  }

  #accept(entry: Entry): void {
    this.#last = entry.seq
    this.#fresh.push(entry)
    this.#show ??= setTimeout(() => this.#flush(), SHOW_EVERY_MS)
  }

  #rewind(after: number): void {
    this.#flush()
    const stay = this.view.get().entries.filter((entry) => entry.seq <= after)
    this.#ahead.clear()
    this.#last = stay.at(-1)?.seq ?? 0
    this.#head = Math.min(this.#head, this.#last)
    this.#told = Math.min(this.#told, this.#last)
    this.view.set(fold(emptyView(), stay))
  }

  #flush(): void {
    clearTimeout(this.#show)
    this.#show = undefined
    const fresh = this.#fresh
    this.#fresh = []
    this.view.set(foldLeft(this.view.get(), fresh))
    for (const { command } of fresh) {
      if (this.residentTyping.get()?.message === command) this.residentTyping.set(undefined)
      if (this.staffTyping.get()?.message === command) this.staffTyping.set(undefined)
    }
  }

  #settle(): void {
    if (!this.#healing) this.catching.set(this.#last >= this.#head ? 'complete' : 'catching_up')
  }

  // Only the owner's console is "a console that received it"; a watcher's must not look like one to the resident.
  #later(): void {
    this.#tell ??= setTimeout(() => {
      this.#tell = undefined
      if (!this.mine || this.#last <= this.#told) return
      if (this.port({ kind: 'delivered', session: this.session, up_to: this.#last })) this.#told = this.#last
    }, DELIVERED_EVERY_MS)
  }
}
