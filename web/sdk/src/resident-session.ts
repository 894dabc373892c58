// The own session as the gateway tells it: greeting, resuming, entries, receipts, typing of the other side.
//
// Owns: the link, the log, and what follows of each message. Must not: decide anything for the person; what a person does is
// in `resident.ts`, which is also the only user of this.
import { Connection, socketUrl, type LinkState, type Surroundings } from './connection.ts'
import type { DeviceKey } from './device_key.ts'
import type { EvenClock } from './even_clock.ts'
import { Log, type Entry } from './log.ts'
import type { Live, LiveMedium } from './media.ts'
import type { Outbox, Waiting } from './outbox.ts'
import type { Photos } from './photos.ts'
import type { PlaceWatch } from './place.ts'
import type { ErrorMessage, FromResident, Medium, ResidentCommand, ToResident } from './protocol.ts'
import { TypingReceiver, type TypingSender } from './real_time_text.ts'
import { counts, type KeptSession, type Report } from './report.ts'
import type { Store } from './store.ts'
import { categoryOf, grants, openAsks, timeline, type Refused } from './timeline.ts'

/** Name of this client in its hello. */
const CLIENT = 'callbox-web/0.1.0'
/** Entries are told delivered together, at most this long after they came, in ms. */
const DELIVERED_AFTER_MS = 200
/** A token is renewed when it has less than this to live, in ms. */
const TOKEN_SPARE_MS = 60_000
/** A session that could not be opened or read is asked for again after this, unless the gateway says when. */
const ENTER_AGAIN_MS = 1_000
/** What the other side types fades when nothing more comes for this long, in ms. */
const TYPING_FADES_MS = 15_000

/** What the session works with; all of it belongs to the client. */
export interface SessionParts {
  origin: string
  /** The agency to reach; the one of the gateway's name where left out. */
  agency?: string
  world: Surroundings
  /** This device's clock, which dated what waits in the outbox. */
  now_ms(): number
  /** The clock that the gateway's is compared with. */
  clock: EvenClock
  report: Store<Report>
  outbox: Outbox
  photos: Photos
  place: PlaceWatch
  live: Live
  typing: TypingSender
  /** Live media that a person of this page has granted. */
  own_media: ReadonlySet<LiveMedium>
  /** The device's key; `anew` after the gateway refused the one before. */
  key(anew: boolean): Promise<DeviceKey>
  /** Whether a dead link must be noticed at once. */
  urgent(): boolean
  /** Something to tell the gateway that no person said. */
  do(command: ResidentCommand): Promise<void>
  remember(change: Partial<KeptSession>): Promise<void>
  forget(): Promise<void>
}

/** The own session on its link. */
export class OwnSession {
  readonly #parts: SessionParts
  readonly #connection: Connection<FromResident, ToResident>
  readonly #log = new Log()
  readonly #heard = new TypingReceiver()
  #refused: Refused[] = []
  #attention = { delivered: 0, seen: 0 }
  #delivered = { told: 0, due: null as (() => void) | null }
  #saw = 0
  #token = { token: '', expires_ms: 0, wanted: [] as (() => void)[] }
  #in_session = false
  #resuming = false
  #key_refused: 'never' | 'now' | 'before' = 'never'
  #fade: (() => void) | null = null
  #again: (() => void) | null = null
  #heard_ms = Number.NEGATIVE_INFINITY

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#connection = new Connection<FromResident, ToResident>({
      url: () => socketUrl('/ws/resident', parts.origin),
      greet: (before) => this.#greet(before),
      receive: (message) => this.#receive(message),
      urgent: () => parts.urgent(),
      surroundings: parts.world,
    })
  }

  /** Follows link and outbox, and connects where there is a reason to. */
  start(connect: boolean): void {
    this.#parts.outbox.waiting.subscribe(() => this.compose())
    this.#parts.photos.all.subscribe(() => this.compose())
    this.#connection.state.subscribe((link) => this.#linkChanged(link))
    if (connect) this.#connection.start()
  }

  /** When something of the other side came last, on the clock that never goes back. */
  get heard_ms(): number {
    return this.#heard_ms
  }

  /** Mean round trip of the link, in ms; 0 while it is not known. */
  get round_trip_ms(): number {
    return this.#connection.round_trip_ms
  }

  /** Whether the session is open on this link. */
  get open(): boolean {
    return this.#in_session
  }

  /** Commands that were refused for good, oldest first. */
  get refused(): readonly Refused[] {
    return this.#refused
  }

  /** Sends inside the session; `false` when it is not open. */
  send(message: FromResident): boolean {
    return this.#in_session && this.#connection.send(message)
  }

  /** First message of a link: goes on with the session, or opens it. */
  enter(): void {
    const { session } = this.#parts.report.get()
    if (this.#log.dropKept()) this.compose()
    // An opening that is not safe may be unknown where this link leads: sent again it leads to the same session.
    const opening = this.#parts.outbox.opening()
    if (opening === null && session !== null) {
      this.#resuming = true
      this.#connection.send({ kind: 'resume', session, after: this.#log.last })
      return
    }
    if (opening !== null) this.#connection.send(opening)
  }

  /** Connects, or enters on the link that is open. */
  connect(): void {
    if (this.#connection.state.get().at === 'open') this.enter()
    else this.#connection.start()
  }

  /** Ends the link and stays down. */
  stop(): void {
    this.#connection.stop()
  }

  /** Looks at once whether the link lives, or tries again now. */
  check(): void {
    this.#connection.check()
  }

  /** Everything up to here was shown to a person. */
  saw(seq: number): void {
    if (seq <= this.#saw) return
    this.#saw = seq
    this.send({ kind: 'seen', up_to: seq })
  }

  /** Forgets the session: another one may begin. */
  clear(): void {
    this.#log.clear()
    this.#heard.clear()
    this.#refused = []
    this.#attention = { delivered: 0, seen: 0 }
    this.#delivered.told = 0
    this.#saw = 0
    this.#in_session = false
  }

  /** A command will not be done: it stays to be read, with the reason. */
  wasRefused(waiting: Waiting, code: string): void {
    this.#refused = [...this.#refused, { waiting, code }]
    void this.#parts.photos.settled(waiting.id, code)
    if (waiting.what.kind === 'open') this.#change({ phase: 'new', trouble: code })
    this.compose()
  }

  /** The token for uploads; `renew` where the last one was refused. */
  async uploadToken(renew: boolean): Promise<string> {
    const now_ms = this.#parts.clock.now() + this.#parts.report.get().clock_ms
    if (!renew && this.#token.expires_ms - now_ms > TOKEN_SPARE_MS) return this.#token.token
    await new Promise<void>((done) => {
      this.#token.wanted.push(done)
      // Not on a link: the next welcome brings a token.
      this.#connection.send({ kind: 'refresh_token' })
    })
    return this.#token.token
  }

  /** Puts the list together again. */
  compose(): void {
    const { outbox, photos: desk, report } = this.#parts
    const waiting = outbox.waiting.get()
    const photos = desk.all.get()
    const { entries } = this.#log
    // What waits was dated by the device's own clock, which may have been set anew since.
    const clock_ms = report.get().clock_ms + this.#parts.clock.now() - this.#parts.now_ms()
    this.#change({
      items: timeline({ entries, waiting, refused: this.#refused, photos, clock_ms, ...this.#attention }),
      asks: openAsks(entries, waiting),
      granted: grants(entries, waiting),
      category: categoryOf(entries, waiting),
      waiting: waiting.filter(counts).length + desk.waiting,
    })
  }

  async #greet(before: ToResident | null): Promise<FromResident | null> {
    if (before?.kind !== 'challenge') return null
    const anew = this.#key_refused === 'now'
    if (anew) this.#key_refused = 'before'
    const key = await this.#parts.key(anew)
    const { agency } = this.#parts
    const hello = { kind: 'hello', client: CLIENT, key: key.point, signature: await key.sign(before.nonce) } as const
    return agency === undefined ? hello : { ...hello, agency }
  }

  #receive(message: ToResident): void {
    switch (message.kind) {
      case 'welcome':
        this.#welcomed(message)
        break
      case 'agency_changed':
        this.#change({ agency: message.agency })
        break
      case 'session':
        void this.#entered(message)
        break
      case 'entry':
        this.#entry(message)
        break
      case 'receipt':
        void this.#receipt(message)
        break
      case 'safe':
        void this.#safe(message.up_to)
        break
      case 'rewound':
        this.#rewound(message.after)
        break
      case 'attention':
        this.#attention = { delivered: message.delivered, seen: message.seen }
        this.compose()
        break
      case 'real_time_text':
        this.#theirTyping(message)
        break
      case 'queue_place': {
        const { kind: _, ...place_in_queue } = message
        this.#change({ place_in_queue })
        break
      }
      case 'watching':
        this.#change({ watchers: { telecommunicators: message.telecommunicators, supervisors: message.supervisors, responders: message.responders ?? 0 } })
        break
      case 'media_answer':
        void this.#parts.live.answer(message.id, message.sdp)
        break
      case 'token':
        this.#tokenCame(message.token, message.token_expires_ms)
        break
      case 'error':
        void this.#error(message)
        break
    }
  }

  #welcomed(welcome: Extract<ToResident, { kind: 'welcome' }>): void {
    const { agency, limits, now_ms } = welcome
    this.#key_refused = 'never'
    this.#tokenCame(welcome.token, welcome.token_expires_ms)
    this.#change({ agency, limits, clock_ms: now_ms - this.#parts.clock.now(), trouble: null })
    this.enter()
  }

  async #entered(message: Extract<ToResident, { kind: 'session' }>): Promise<void> {
    const { session, standing } = message
    const { report, outbox, photos, typing, live } = this.#parts
    this.#resuming = false
    const first = !this.#in_session
    this.#in_session = true
    const phase = standing === 'closed' ? 'over' : report.get().phase === 'left' ? 'left' : 'open'
    this.#change({ session, standing, phase, catching_up: false })
    await this.#parts.remember({ session })
    if (!first || !this.#in_session) return
    outbox.attach((sending) => this.send(sending))
    photos.online(session)
    typing.refresh()
    live.publish()
    if (this.#saw > 0) this.send({ kind: 'seen', up_to: this.#saw })
  }

  /** Entries after this one come again, with their final numbers. */
  #rewound(after: number): void {
    const { outbox } = this.#parts
    this.#log.rewind(after)
    this.#delivered.told = Math.min(this.#delivered.told, after)
    this.#saw = Math.min(this.#saw, after)
    this.#attention = { delivered: Math.min(this.#attention.delivered, after), seen: Math.min(this.#attention.seen, after) }
    outbox.rewound()
    // The opening goes out as the first message of a link; the gateway answers the same again here too.
    const opening = outbox.opening()
    if (opening !== null) this.send(opening)
    this.compose()
  }

  #entry(entry: Entry): void {
    const taken = this.#log.take(entry)
    if (taken === 'hole' && !this.#resuming) {
      this.#resuming = true
      this.#change({ catching_up: true })
      this.enter()
    }
    if (taken !== 'new') return
    this.#heard_ms = this.#parts.world.now()
    this.#apply(entry)
    this.compose()
    this.#tellDelivered()
  }

  #apply({ event, by, command }: Entry): void {
    const { photos, live, place } = this.#parts
    switch (event.kind) {
      case 'opened':
        this.#change({ test: event.test === true })
        break
      case 'text':
        if (by.role !== 'resident') this.#heard.clear(command)
        this.#change({ typing: this.#heard.text })
        break
      case 'photo_stored':
        void photos.settled(event.photo, null)
        break
      case 'photo_refused':
        void photos.settled(event.photo, event.code)
        break
      case 'taken':
        this.#change({ standing: 'owned', place_in_queue: null })
        break
      case 'released':
      case 'transferred':
      case 'returned':
        this.#change({ standing: 'waiting' })
        break
      case 'abandoned':
        this.#change({ standing: 'abandoned' })
        break
      case 'consented':
        this.#granted(event.medium, event.granted)
        break
      case 'closed':
        live.stopAll()
        place.stop()
        this.#change({ standing: 'closed', phase: 'over', place_in_queue: null })
        break
    }
  }

  /**
   * A yes of before a reload. The place goes on: the yes still stands and a device that allows it asks nobody. Camera and
   * microphone are off now, so the gateway must not think them on; a person is asked for them again.
   */
  #granted(medium: Medium, granted: boolean): void {
    const { world, outbox, own_media, place, report } = this.#parts
    if (medium === 'photo' || !granted) return
    const open = (): boolean => grants(this.#log.entries, outbox.waiting.get())[medium] && report.get().phase === 'open'
    world.after(DELIVERED_AFTER_MS, () => {
      if (!open()) return
      if (medium === 'place') {
        if (place.state.get().at === 'off') place.start()
      } else if (!own_media.has(medium)) void this.#parts.do({ kind: 'consent', medium, granted: false })
    })
  }

  /** Entries and receipts up to here are safe. */
  async #safe(up_to: number): Promise<void> {
    const { outbox, photos, report } = this.#parts
    const { session } = report.get()
    this.#log.safe(up_to)
    this.compose()
    const now = await outbox.safe(up_to)
    for (const id of now) if (session !== null) photos.announced(id, session)
  }

  async #receipt({ id, rung, last }: Extract<ToResident, { kind: 'receipt' }>): Promise<void> {
    const { session } = this.#parts.report.get()
    await this.#parts.outbox.receipt(id, rung, last)
    if (session !== null && rung === 'safe') this.#parts.photos.announced(id, session)
  }

  /** The session could not be opened or read at this moment: it is asked for again on this link. */
  #enterAgain(after_ms: number): void {
    this.#again?.()
    this.#again = this.#parts.world.after(after_ms, () => {
      this.#again = null
      if (!this.#in_session && this.#connection.state.get().at === 'open') this.enter()
    })
  }

  async #error(error: ErrorMessage): Promise<void> {
    if (!this.#in_session && error.retry === 'later') this.#enterAgain(error.after_ms ?? ENTER_AGAIN_MS)
    if (error.id !== undefined) {
      if (await this.#parts.outbox.error(error)) return
      if (this.#parts.live.refused(error.id)) return
    }
    if (error.code === 'key_refused' && this.#key_refused === 'never') {
      // Once, with a new key: a device that is nobody yet is better than one that gets no help.
      this.#key_refused = 'now'
      return
    }
    if (error.code === 'no_such_session' && !this.#in_session) {
      // The gateway no longer knows it: the words stay here to be read, and what is not safe goes into the next report.
      await this.#parts.forget()
      this.#change({ session: null, phase: 'over', trouble: error.code })
    } else if (error.retry !== 'later') this.#change({ trouble: error.code })
  }

  #theirTyping(packet: Extract<ToResident, { kind: 'real_time_text' }>): void {
    this.#heard_ms = this.#parts.world.now()
    this.#heard.take(packet)
    this.#change({ typing: this.#heard.text })
    this.#fade?.()
    this.#fade = this.#parts.world.after(TYPING_FADES_MS, () => {
      this.#heard.clear()
      this.#change({ typing: '' })
    })
  }

  #tellDelivered(): void {
    this.#delivered.due ??= this.#parts.world.after(DELIVERED_AFTER_MS, () => {
      this.#delivered.due = null
      if (this.#log.last <= this.#delivered.told) return
      if (this.send({ kind: 'delivered', up_to: this.#log.last })) this.#delivered.told = this.#log.last
    })
  }

  #linkChanged(link: LinkState): void {
    if (link.at !== 'open') {
      const { outbox, photos, live } = this.#parts
      this.#again?.()
      this.#again = null
      this.#in_session = false
      this.#resuming = false
      outbox.detach()
      photos.online(null)
      live.rest()
      this.#delivered.told = 0
    }
    this.#change({ link })
    // The refused key closed the link for good: the new one is tried at once.
    if (link.at === 'stopped' && link.stop.why === 'change_needed' && this.#key_refused === 'now') this.#connection.start()
  }

  #tokenCame(token: string, expires_ms: number): void {
    const { wanted } = this.#token
    this.#token = { token, expires_ms, wanted: [] }
    for (const done of wanted) done()
  }

  #change(change: Partial<Report>): void {
    this.#parts.report.update((report) => ({ ...report, ...change }))
  }
}
