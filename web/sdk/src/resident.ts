// A resident's client: one report from the first word to the last receipt, over any number of breaks.
//
// Owns: putting connection, outbox, log, photos, place and live media together. Must not: know a page or a framework.
// Used by: the resident page; reference for apps on other platforms.
import { Connection, socketUrl, type LinkState, type Surroundings, world } from './connection.ts'
import { wellFormed } from './codec.ts'
import { deviceKey, type DeviceKey } from './device_key.ts'
import { newId } from './ids.ts'
import { memoryKeep, move, type Keep } from './keep.ts'
import { Log, type Entry } from './log.ts'
import { Live, type LiveMedium } from './media.ts'
import { Outbox, type Waiting } from './outbox.ts'
import { Photos, type KeptPhoto } from './photos.ts'
import { PlaceWatch } from './place.ts'
import type {
  AgencyInfo,
  ErrorMessage,
  FromResident,
  Limits,
  Location,
  Medium,
  Opening,
  ResidentCommand,
  Standing,
  ToResident,
  Watchers,
} from './protocol.ts'
import { TypingReceiver, TypingSender } from './real_time_text.ts'
import { Store, type Readable } from './store.ts'
import { grants, openAsks, timeline, type Ask, type Item, type Refused } from './timeline.ts'

/** Name of this client in its hello. */
const CLIENT = 'callbox-web/0.1.0'
/** Entries are told delivered together, at most this long after they came, in ms. */
const DELIVERED_AFTER_MS = 200
/** A token is renewed when it has less than this to live, in ms. */
const TOKEN_SPARE_MS = 60_000
/** What the other side types fades when nothing more comes for this long, in ms. */
const TYPING_FADES_MS = 15_000
/** After a word of either side a dead link is noticed quickly for this long, in ms: an answer may be near. */
const URGENT_FOR_MS = 60_000
/** How long quick exit waits for its last word to leave, in ms. The page is blank already. */
const LAST_WORD_MS = 400

/** What the device keeps of a session. */
interface KeptSession {
  session: string
  silent: boolean
  left: boolean
}

/** Place in the queue, as last told. */
export type QueuePlace = Omit<Extract<ToResident, { kind: 'queue_place' }>, 'kind'>

/** Everything a page shows. Replaced as a whole on each change. */
export interface Report {
  /** `new`: nothing begun; `open`: begun, online or not; `left`: the resident went; `over`: closed by the agency. */
  phase: 'loading' | 'new' | 'open' | 'left' | 'over'
  link: LinkState
  agency: AgencyInfo | null
  limits: Limits | null
  session: string | null
  standing: Standing | null
  silent: boolean
  /** Whether copies survive the page. */
  lasting: boolean
  items: Item[]
  asks: Ask[]
  granted: Record<Medium, boolean>
  /** Items that are not safe yet, originals of photos counted. */
  waiting: number
  place_in_queue: QueuePlace | null
  watchers: Watchers
  /** What a telecommunicator is typing. */
  typing: string
  /** Entries are being fetched again after a hole. */
  catching_up: boolean
  /** Add to this device's clock to get the gateway's, in ms. */
  clock_ms: number
  /** A refusal of the link itself, to be told. */
  trouble: string | null
}

/** What a client is made of. */
export interface ResidentOptions {
  /** Origin of the gateway, for example `https://report.example`. */
  origin: string
  keep: Keep
  geolocation?: Pick<Geolocation, 'watchPosition' | 'clearWatch'>
  surroundings?: Surroundings
  fetch?: typeof fetch
  /** This device's clock, ms since 1970. */
  now_ms?(): number
  /** Makes a small picture of a photo; none on platforms without one. */
  preview?(photo: Blob): Promise<Blob | null>
}

/** How a report begins. */
export type Beginning = Pick<Opening, 'category' | 'language'> & Partial<Opening>

/** A resident's client. */
export class Resident {
  /** What the page shows. */
  readonly report: Readable<Report>
  /** The device's place. */
  readonly place: PlaceWatch
  /** Camera, microphone, voice. */
  readonly live: Live
  readonly #report: Store<Report>
  readonly #options: ResidentOptions
  readonly #world: Surroundings
  readonly #now_ms: () => number
  readonly #connection: Connection<FromResident, ToResident>
  readonly #log = new Log()
  readonly #outbox: Outbox
  readonly #photos: Photos
  readonly #typing: TypingSender
  readonly #heard = new TypingReceiver()
  #keep: Keep
  #key: DeviceKey | null = null
  #refused: Refused[] = []
  #attention = { delivered: 0, seen: 0 }
  #delivered = { told: 0, due: null as (() => void) | null }
  #saw = 0
  #token = { token: '', expires_ms: 0, wanted: [] as (() => void)[] }
  #spoke_ms = Number.NEGATIVE_INFINITY
  #in_session = false
  #resuming = false
  #own_media = new Set<LiveMedium>()
  #fade: (() => void) | null = null

  constructor(options: ResidentOptions) {
    this.#options = options
    this.#keep = options.keep
    this.#world = options.surroundings ?? world
    this.#now_ms = options.now_ms ?? Date.now
    const after = (ms: number, run: () => void): (() => void) => this.#world.after(ms, run)
    this.#outbox = new Outbox(this.#keep, { now_ms: this.#now_ms, after }, { refused: (...what) => this.#wasRefused(...what) })
    this.#photos = new Photos(this.#keep, {
      origin: options.origin,
      token: (renew) => this.#uploadToken(renew),
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    })
    this.place = new PlaceWatch(options.geolocation, (location) => void this.#do({ kind: 'locate', location }), this.#now_ms)
    this.live = new Live({ offer: (id, sdp) => this.#inSession({ kind: 'media_offer', id, sdp }), after })
    this.#typing = new TypingSender((typed) => this.#inSession({ kind: 'real_time_text', ...typed }), after, () => this.#world.now())
    this.#connection = new Connection<FromResident, ToResident>({
      url: () => socketUrl('/ws/resident', options.origin),
      greet: (before) => this.#greet(before),
      receive: (message) => this.#receive(message),
      urgent: () => this.#urgent(),
      surroundings: this.#world,
    })
    this.#report = new Store<Report>(this.#nothing('loading'))
    this.report = this.#report
  }

  /** Reads what an earlier page left, and connects. */
  async start(): Promise<void> {
    await this.#outbox.load()
    const kept = (await this.#keep.get('session', 'session')) as KeptSession | undefined
    const waits = new Set(this.#outbox.waiting.get().map(({ id }) => id))
    await this.#photos.load((photo) => !waits.has(photo))
    const begun = kept !== undefined || this.#outbox.opening() !== null
    const phase = kept?.left === true ? 'left' : begun ? 'open' : 'new'
    this.#change({ phase, session: kept?.session ?? null, silent: kept?.silent ?? false })
    this.#outbox.waiting.subscribe(() => this.#compose())
    this.#photos.all.subscribe(() => this.#compose())
    this.#connection.state.subscribe((link) => this.#linkChanged(link))
    if (phase !== 'left' || waits.size > 0) this.#connection.start()
  }

  /** Begins a report. One per device at a time. */
  async begin({ category, language, ...more }: Beginning): Promise<void> {
    if (this.#report.get().phase !== 'new') return
    const opening: Opening = {
      category,
      language,
      silent: this.#report.get().silent,
      device: { video: false, audio: false, place: false },
      ...more,
    }
    const id = newId()
    this.#change({ phase: 'open', silent: opening.silent })
    await this.#outbox.add(id, { kind: 'open', opening })
    this.#enter()
  }

  /** Says something finished. It becomes the message that was being typed. */
  async say(text: string): Promise<void> {
    const id = this.#typing.finish()
    await this.#outbox.add(id, { kind: 'do', command: { kind: 'text', text: wellFormed(text), age_ms: 0 } })
  }

  /** The field says this now; it goes out while it is typed. */
  type(text: string): void {
    this.#spoke_ms = this.#world.now()
    this.#typing.type(text)
  }

  /** Tells a place in words, or moved by hand. */
  async tellPlace(location: Location): Promise<void> {
    await this.#do({ kind: 'locate', location: { ...location, method: 'manual' } })
  }

  /** Adds a photo: its announcement with a small picture first, the original after it. */
  async addPhoto(file: Blob, name: string): Promise<void> {
    const small = (await this.#options.preview?.(file)) ?? null
    const id = newId()
    await this.#photos.add(id, name, file, small)
    const command: ResidentCommand = {
      kind: 'announce_photo',
      media_type: file.type.slice(0, 100) || 'application/octet-stream',
      size_bytes: file.size,
      age_ms: 0,
      ...(small === null ? {} : { preview: new Uint8Array(await small.arrayBuffer()) }),
    }
    await this.#outbox.add(id, { kind: 'do', command })
  }

  /** Answers an ask, or agrees to something by oneself. Live media begin with a yes and end with a no. */
  async consent(medium: Medium, granted: boolean, ask?: string): Promise<void> {
    if (medium === 'video' || medium === 'audio') {
      if (!granted) this.live.stop(medium)
      else if (!(await this.live.start(medium))) granted = false
      if (granted) this.#own_media.add(medium)
      else this.#own_media.delete(medium)
    }
    if (medium === 'place' && granted) this.place.start()
    if (medium === 'place' && !granted) this.place.stop()
    // A camera that did not open changes nothing, unless somebody waits for the answer.
    if (!granted && ask === undefined && !this.#report.get().granted[medium]) return
    await this.#do({ kind: 'consent', medium, granted, ...(ask === undefined ? {} : { ask }) })
    // The yes is on its way on this link, so the offer behind it finds it there.
    if (granted && this.#in_session) this.live.publish()
  }

  /** Ends camera, microphone and place with one press: on the device at once, then at the gateway. */
  async stopAll(): Promise<void> {
    const { video, audio } = this.live.state.get()
    const on: Medium[] = []
    if (video) on.push('video')
    if (audio) on.push('audio')
    if (this.place.state.get().at !== 'off') on.push('place')
    this.live.stopAll()
    this.place.stop()
    this.#own_media.clear()
    for (const medium of on) await this.#do({ kind: 'consent', medium, granted: false })
  }

  /** Everything up to here was shown to a person. */
  saw(seq: number): void {
    if (seq <= this.#saw) return
    this.#saw = seq
    this.#inSession({ kind: 'seen', up_to: seq })
  }

  /** Leaves the report; it stays readable and can be gone on with. */
  async leave(): Promise<void> {
    await this.stopAll()
    await this.#do({ kind: 'leave', quick_exit: false })
    await this.#remember({ left: true })
    this.#change({ phase: 'left' })
  }

  /** Goes on with a report that was left. */
  async comeBack(): Promise<void> {
    await this.#remember({ left: false })
    this.#change({ phase: 'open' })
    if (this.#connection.state.get().at === 'open') this.#enter()
    else this.#connection.start()
  }

  /** Puts a finished report away for a new one. What is not safe yet is not put away. */
  async startAnew(): Promise<void> {
    this.#connection.stop()
    this.place.stop()
    this.live.stopAll()
    await this.#outbox.clear()
    await this.#photos.clear()
    await this.#keep.delete('session', 'session')
    this.#log.clear()
    this.#refused = []
    this.#attention = { delivered: 0, seen: 0 }
    this.#delivered.told = 0
    this.#saw = 0
    this.#in_session = false
    const { agency, limits, silent } = this.#report.get()
    this.#report.set({ ...this.#nothing('new'), agency, limits, silent })
    this.#connection.start()
  }

  /** Silent mode from here on: what is not safe moves to memory, the device forgets the rest. */
  async goSilent(): Promise<void> {
    if (!this.#keep.lasting) return this.#change({ silent: true })
    const memory = memoryKeep()
    await move(this.#keep, memory, {
      outbox: (value) => (value as Waiting).id,
      photos: (value) => (value as KeptPhoto).photo,
      session: () => 'session',
    })
    this.#keep = memory
    this.#outbox.moved(memory)
    this.#photos.moved(memory)
    this.#change({ silent: true, lasting: false })
  }

  /**
   * Quick exit: camera, microphone and place end at once, the last word leaves, what is safe is wiped. The caller has made
   * the page blank and goes away when this resolves.
   */
  async quickExit(): Promise<void> {
    this.live.stopAll()
    this.place.stop()
    const command: ResidentCommand = { kind: 'leave', quick_exit: true }
    const gone = this.#report.get().phase === 'open' ? this.#outbox.add(newId(), { kind: 'do', command }) : Promise.resolve()
    await Promise.race([this.#lastWord(gone), new Promise<void>((done) => this.#world.after(LAST_WORD_MS, done))])
    this.#connection.stop()
    const unsafe = this.#outbox.waiting.get().some(({ what }) => what.kind !== 'do' || what.command.kind !== 'leave')
    if (!unsafe && this.#photos.waiting === 0) await this.#keep.wipe().catch(() => undefined)
    else await this.#remember({ left: true })
  }

  /** The network or the page came back. */
  wake(): void {
    this.#connection.check()
  }

  /** The page was taken over by another window, or stopped: takes it back. */
  takeBack(): void {
    this.#connection.start()
  }

  async #lastWord(added: Promise<void>): Promise<void> {
    await added
    await new Promise<void>((done) => {
      const stop = this.#outbox.waiting.subscribe((waiting) => {
        if (waiting.length === 0) queueMicrotask(() => (stop(), done()))
      })
    })
  }

  async #greet(before: ToResident | null): Promise<FromResident | null> {
    if (before?.kind !== 'challenge') return null
    this.#key ??= await this.#deviceKey()
    return { kind: 'hello', client: CLIENT, key: this.#key.point, signature: await this.#key.sign(before.nonce) }
  }

  /** Something waits for an answer, flows, or was just said: a dead link is noticed at once then. */
  #urgent(): boolean {
    const { waiting, session, phase } = this.#report.get()
    const { video, audio } = this.live.state.get()
    const spoke = this.#world.now() - this.#spoke_ms < URGENT_FOR_MS
    return waiting > 0 || video || audio || spoke || (phase === 'open' && session === null)
  }

  async #deviceKey(): Promise<DeviceKey> {
    const keep = this.#keep
    // The keep may be wiped meanwhile (silent mode), or unable to hold a key: a key for this page is better than no link.
    return deviceKey(keep).catch(() => deviceKey(keep === this.#keep ? memoryKeep() : this.#keep))
  }

  #receive(message: ToResident): void {
    switch (message.kind) {
      case 'welcome':
        this.#welcomed(message)
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
        this.#compose()
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
        this.#change({ watchers: { telecommunicators: message.telecommunicators, supervisors: message.supervisors } })
        break
      case 'media_answer':
        void this.live.answer(message.id, message.sdp)
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
    this.#tokenCame(welcome.token, welcome.token_expires_ms)
    this.#change({ agency, limits, clock_ms: now_ms - this.#now_ms(), trouble: null })
    this.#enter()
  }

  /** First message of a link: goes on with the session, or opens it. */
  #enter(): void {
    const { session } = this.#report.get()
    if (this.#log.dropKept()) this.#compose()
    // An opening that is not safe may be unknown where this link leads: sent again it leads to the same session.
    const opening = this.#outbox.opening()
    if (opening === null && session !== null) {
      this.#resuming = true
      this.#connection.send({ kind: 'resume', session, after: this.#log.last })
      return
    }
    if (opening !== null) this.#connection.send(opening)
  }

  async #entered(message: Extract<ToResident, { kind: 'session' }>): Promise<void> {
    const { session, standing } = message
    this.#resuming = false
    const first = !this.#in_session
    this.#in_session = true
    const phase = standing === 'closed' ? 'over' : this.#report.get().phase === 'left' ? 'left' : 'open'
    this.#change({ session, standing, phase, catching_up: false })
    await this.#remember({ session })
    if (!first || !this.#in_session) return
    this.#outbox.attach((sending) => this.#inSession(sending))
    this.#photos.online(session)
    this.#typing.refresh()
    this.live.publish()
    if (this.#saw > 0) this.#inSession({ kind: 'seen', up_to: this.#saw })
  }

  /** Entries after this one come again, with their final numbers. */
  #rewound(after: number): void {
    this.#log.rewind(after)
    this.#delivered.told = Math.min(this.#delivered.told, after)
    this.#saw = Math.min(this.#saw, after)
    this.#attention = { delivered: Math.min(this.#attention.delivered, after), seen: Math.min(this.#attention.seen, after) }
    this.#outbox.rewound()
    // The opening goes out as the first message of a link; the gateway answers the same again here too.
    const opening = this.#outbox.opening()
    if (opening !== null) this.#inSession(opening)
    this.#compose()
  }

  #entry(entry: Entry): void {
    const taken = this.#log.take(entry)
    if (taken === 'hole' && !this.#resuming) {
      this.#resuming = true
      this.#change({ catching_up: true })
      this.#enter()
    }
    if (taken !== 'new') return
    this.#spoke_ms = this.#world.now()
    this.#apply(entry)
    this.#compose()
    this.#tellDelivered()
  }

  #apply({ event, by, command }: Entry): void {
    switch (event.kind) {
      case 'text':
        if (by.role !== 'resident') this.#heard.clear(command)
        this.#change({ typing: this.#heard.text })
        break
      case 'photo_stored':
        void this.#photos.settled(event.photo, null)
        break
      case 'photo_refused':
        void this.#photos.settled(event.photo, event.code)
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
        this.#strayGrant(event.medium, event.granted)
        break
      case 'closed':
        this.live.stopAll()
        this.place.stop()
        this.#change({ standing: 'closed', phase: 'over', place_in_queue: null })
        break
    }
  }

  /** A yes of before a reload: the camera is off now, so the gateway must not think it on. Asked for again by a person. */
  #strayGrant(medium: Medium, granted: boolean): void {
    if ((medium !== 'video' && medium !== 'audio') || !granted || this.#own_media.has(medium)) return
    this.#world.after(DELIVERED_AFTER_MS, () => {
      const still = grants(this.#log.entries, this.#outbox.waiting.get())[medium]
      if (still && !this.#own_media.has(medium)) void this.#do({ kind: 'consent', medium, granted: false })
    })
  }

  /** Entries and receipts up to here are safe. */
  async #safe(up_to: number): Promise<void> {
    const { session } = this.#report.get()
    this.#log.safe(up_to)
    this.#compose()
    const now = await this.#outbox.safe(up_to)
    for (const id of now) if (session !== null) this.#photos.announced(id, session)
  }

  async #receipt({ id, rung, last }: Extract<ToResident, { kind: 'receipt' }>): Promise<void> {
    const { session } = this.#report.get()
    await this.#outbox.receipt(id, rung, last)
    if (session !== null && rung === 'safe') this.#photos.announced(id, session)
  }

  async #error(error: ErrorMessage): Promise<void> {
    if (error.id !== undefined) {
      if (await this.#outbox.error(error)) return
      if (this.live.refused(error.id)) return
    }
    if (error.code === 'no_such_session' && !this.#in_session) {
      // The gateway no longer knows it: the words stay here to be read, and a new report can begin.
      await this.#keep.delete('session', 'session')
      this.#change({ session: null, phase: 'over', trouble: error.code })
    } else if (error.retry !== 'later') this.#change({ trouble: error.code })
  }

  #wasRefused(waiting: Waiting, error: ErrorMessage): void {
    this.#refused = [...this.#refused, { waiting, code: error.code }]
    void this.#photos.settled(waiting.id, error.code)
    if (waiting.what.kind === 'open') this.#change({ phase: 'new', trouble: error.code })
    this.#compose()
  }

  #theirTyping(packet: Extract<ToResident, { kind: 'real_time_text' }>): void {
    this.#heard.take(packet)
    this.#change({ typing: this.#heard.text })
    this.#fade?.()
    this.#fade = this.#world.after(TYPING_FADES_MS, () => {
      this.#heard.clear()
      this.#change({ typing: '' })
    })
  }

  #tellDelivered(): void {
    this.#delivered.due ??= this.#world.after(DELIVERED_AFTER_MS, () => {
      this.#delivered.due = null
      if (this.#log.last <= this.#delivered.told) return
      if (this.#inSession({ kind: 'delivered', up_to: this.#log.last })) this.#delivered.told = this.#log.last
    })
  }

  #linkChanged(link: LinkState): void {
    if (link.at !== 'open') {
      this.#in_session = false
      this.#resuming = false
      this.#outbox.detach()
      this.#photos.online(null)
      this.live.rest()
      this.#delivered.told = 0
    }
    this.#change({ link })
  }

  #inSession(message: FromResident): boolean {
    return this.#in_session && this.#connection.send(message)
  }

  async #do(command: ResidentCommand): Promise<void> {
    const { phase } = this.#report.get()
    if (phase === 'open') await this.#outbox.add(newId(), { kind: 'do', command })
  }

  async #uploadToken(renew: boolean): Promise<string> {
    const now_ms = this.#now_ms() + this.#report.get().clock_ms
    if (!renew && this.#token.expires_ms - now_ms > TOKEN_SPARE_MS) return this.#token.token
    await new Promise<void>((done) => {
      this.#token.wanted.push(done)
      // Not in a session: the next welcome brings a token.
      this.#connection.send({ kind: 'refresh_token' })
    })
    return this.#token.token
  }

  #tokenCame(token: string, expires_ms: number): void {
    const { wanted } = this.#token
    this.#token = { token, expires_ms, wanted: [] }
    for (const done of wanted) done()
  }

  async #remember(change: Partial<KeptSession>): Promise<void> {
    const { session, silent, phase } = this.#report.get()
    const kept: KeptSession = { session: session ?? '', silent, left: phase === 'left', ...change }
    if (kept.session !== '') await this.#keep.put('session', 'session', kept).catch(() => undefined)
  }

  #compose(): void {
    const waiting = this.#outbox.waiting.get()
    const photos = this.#photos.all.get()
    const { entries } = this.#log
    this.#change({
      items: timeline({ entries, waiting, refused: this.#refused, photos, ...this.#attention }),
      asks: openAsks(entries, waiting),
      granted: grants(entries, waiting),
      waiting: waiting.filter(counts).length + this.#photos.waiting,
    })
  }

  #change(change: Partial<Report>): void {
    this.#report.update((report) => ({ ...report, ...change }))
  }

  #nothing(phase: Report['phase']): Report {
    return {
      phase,
      link: { at: 'idle' },
      agency: null,
      limits: null,
      session: null,
      standing: null,
      silent: false,
      lasting: this.#keep.lasting,
      items: [],
      asks: [],
      granted: { place: false, photo: false, video: false, audio: false },
      waiting: 0,
      place_in_queue: null,
      watchers: { telecommunicators: 0, supervisors: 0 },
      typing: '',
      catching_up: false,
      clock_ms: 0,
      trouble: null,
    }
  }
}

/** What a person would count as waiting: a photo is counted once, by its original. */
function counts({ what }: Waiting): boolean {
  return what.kind === 'open' || what.command.kind !== 'announce_photo'
}
