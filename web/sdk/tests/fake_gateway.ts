// A small real gateway in memory for one resident: keeps a log, remembers command ids, answers as the protocol says.
// Used by unit tests over fake sockets, and by the screens tool over a browser's socket.
import type { Event, FromResident, Medium, ToResident } from '../src/protocol.ts'

type Entry = Extract<ToResident, { kind: 'entry' }>
type Actor = Entry['by']

const STAFF: Actor = { role: 'staff', as: 'telecommunicator' }

/** One link of the resident's client. */
export interface FakeLink {
  receive(message: FromResident): void
}

/** A gateway with one session at most. */
export class FakeGateway {
  readonly session = 'a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0'
  entries: Entry[] = []
  received: FromResident[] = []
  /** Answers nothing to commands while true: a gateway whose disk hangs. */
  mute = false
  /** So many of the next sessions asked for are refused for now: a gateway whose store does not answer. */
  busy = 0
  /** Cut off from the tier it shares: receipts say stored, entries are kept. */
  alone = false
  now_ms = 1_790_000_000_000
  agency = {
    agency: 'demo.example',
    name: 'Riverside Emergency Centre',
    banner: 'This reaches the Riverside dispatch room. It is a demonstration: in a real emergency call the number.',
    emergency_number: '911',
    exit_url: 'https://weather.example/',
  }
  #done = new Map<string, { first: number; last: number }>()
  #opened: string | null = null
  #send: ((message: ToResident) => void) | null = null
  #counter = 0

  /** A client connects; `send` reaches it. */
  connect(send: (message: ToResident) => void): FakeLink {
    this.#send = send
    send({ kind: 'challenge', nonce: new Uint8Array(32).fill(7), now_ms: this.now_ms })
    return { receive: (message) => this.#receive(message) }
  }

  /** Sends to the client that is connected. */
  say(message: ToResident): void {
    this.#send?.(message)
  }

  /** Staff do something. */
  staff(event: Event): Entry {
    return this.#append(this.#id(), STAFF, event)
  }

  /** The gateway itself states something. */
  states(event: Event): Entry {
    return this.#append(this.#id(), { role: 'gateway' }, event)
  }

  /** A telecommunicator asks for something. */
  ask(medium: Medium, question?: string): string {
    const ask = this.#id()
    this.#append(ask, STAFF, { kind: 'asked', ask, medium, ...(question === undefined ? {} : { question }) })
    return ask
  }

  /** Ids of the commands that were done, each once. */
  get done(): string[] {
    return [...this.#done.keys()]
  }

  #receive(message: FromResident): void {
    this.received.push(message)
    switch (message.kind) {
      case 'ping':
        return this.say({ kind: 'pong', n: message.n })
      case 'hello':
        return this.#welcome()
      case 'open':
        if (!this.mute && !this.#refused(message.id)) this.#open(message)
        return
      case 'resume':
        if (!this.#refused()) this.#enter(message.after)
        return
      case 'do':
        if (!this.mute) this.#do(message)
        return
      case 'refresh_token':
        return this.say({ kind: 'token', token: 'fresh', token_expires_ms: this.now_ms + 900_000 })
    }
  }

  #refused(id?: string): boolean {
    if (this.busy === 0) return false
    this.busy -= 1
    this.say({ kind: 'error', code: 'store_unavailable', number: 4001, retry: 'later', after_ms: 2_000, message: 'Try again.', ...(id === undefined ? {} : { id }) })
    return true
  }

  #welcome(): void {
    const { now_ms, agency } = this
    const limits = { message_bytes: 262_144, text_chars: 8_000, preview_bytes: 131_072, photo_bytes: 52_428_800, photos: 100 }
    const token = { token: 'upload-token', token_expires_ms: now_ms + 900_000 }
    this.say({ kind: 'welcome', connection: this.#id(), now_ms, heartbeat_ms: 10_000, agency, limits, ...token })
  }

  #open({ id, opening }: Extract<FromResident, { kind: 'open' }>): void {
    if (this.#opened === null) {
      this.#opened = id
      const { category, language, silent, device, test } = opening
      const first = this.#append(id, { role: 'resident' }, {
        kind: 'opened',
        agency: 'demo.example',
        queue: 'main',
        category,
        language,
        silent,
        device,
        resident: 'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0',
        ...(test === true ? { test } : {}),
      }, false)
      this.#done.set(id, { first: first.seq, last: first.seq })
    }
    this.#enter(0)
    this.#receipt(id)
  }

  #enter(after: number): void {
    const head = this.entries.at(-1)?.seq ?? 0
    this.say({ kind: 'session', session: this.session, head, standing: 'waiting', after })
    for (const entry of this.entries) if (entry.seq > after) this.say(entry)
  }

  #do({ id, command }: Extract<FromResident, { kind: 'do' }>): void {
    if (!this.#done.has(id)) {
      const event = this.#eventOf(id, command)
      const { seq } = this.#append(id, { role: 'resident' }, event)
      this.#done.set(id, { first: seq, last: seq })
    }
    this.#receipt(id)
  }

  #eventOf(id: string, command: Extract<FromResident, { kind: 'do' }>['command']): Event {
    switch (command.kind) {
      case 'text':
        return { kind: 'text', text: command.text, age_ms: command.age_ms }
      case 'locate':
        return { kind: 'located', location: command.location }
      case 'announce_photo': {
        const { media_type, size_bytes, age_ms, preview } = command
        return { kind: 'photo_announced', photo: id, media_type, size_bytes, preview: preview !== undefined, age_ms }
      }
      case 'consent':
        return { ...command, kind: 'consented' }
      case 'give_contact':
        return { kind: 'contact_given', contact: command.contact }
      case 'set_category':
        return { kind: 'category_changed', from: 'other', category: command.category }
      case 'answer_field':
        return { kind: 'field_answered', field: command.field, label: `${command.field}?`, answer: { kind: 'text', text: command.value } }
      case 'leave':
        return { kind: 'left', quick_exit: command.quick_exit }
    }
  }

  /** The shared tier is back, and this stands in its log before what was kept after `after`. */
  rejoin(after: number, event: Event): void {
    this.alone = false
    const kept = this.entries.filter((entry) => entry.seq > after)
    this.entries = this.entries.filter((entry) => entry.seq <= after)
    this.say({ kind: 'rewound', after })
    this.staff(event)
    for (const { command, by, event: own } of kept) {
      const { seq } = this.#append(command, by, own)
      this.#done.set(command, { first: seq, last: seq })
    }
  }

  #receipt(id: string): void {
    const done = this.#done.get(id)
    if (done !== undefined) this.say({ kind: 'receipt', id, rung: this.alone ? 'stored' : 'safe', ...done })
  }

  #append(command: string, by: Actor, event: Event, tell = true): Entry {
    const prev = this.entries.at(-1)?.seq ?? 0
    // Every second number is hidden from residents, so that holes and hidden entries are told apart.
    const entry: Entry = { kind: 'entry', seq: prev + 2, prev, at_ms: this.now_ms, by, command, event, ...(this.alone ? { kept: true } : {}) }
    this.entries.push(entry)
    if (tell) this.say(entry)
    return entry
  }

  #id(): string {
    this.#counter += 1
    return this.#counter.toString(16).padStart(32, 'f')
  }
}
