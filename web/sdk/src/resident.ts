// A resident's client: one report from the first word to the last receipt, over any number of breaks.
//
// Owns: what a person does, and putting keep, outbox, photos, place and live media together. What the gateway says is in
// `resident-session.ts`. Must not: know a page or a framework. Used by: the resident page; reference for other platforms.
import { Bandwidth, type BandwidthChoice, type KeptBandwidth, type NetworkWord } from './bandwidth.ts'
import { wellFormed } from './codec.ts'
import { type Surroundings, world } from './connection.ts'
import { coordinatesIn, type Point } from './coordinates.ts'
import { deviceKey, type DeviceKey } from './device_key.ts'
import { Draft } from './draft.ts'
import { EvenClock } from './even_clock.ts'
import { newId } from './ids.ts'
import { guarded, memoryKeep, move, type Keep } from './keep.ts'
import { Live, type LiveMedium } from './media.ts'
import { Outbox, type Waiting } from './outbox.ts'
import { Photos, type KeptPhoto } from './photos.ts'
import { PlaceWatch } from './place.ts'
import { BOUNDS, type Category, type Location, type Medium, type Opening, type ResidentCommand } from './protocol.ts'
import { TypingSender } from './real_time_text.ts'
import { nothing, type KeptSession, type Report } from './report.ts'
import { OwnSession } from './resident-session.ts'
import type { SecretLink } from './secret-link.ts'
import { Store, type Readable } from './store.ts'
import { inParts } from './text_parts.ts'

export type { QueuePlace, Report } from './report.ts'

/** After a word of either side a dead link is noticed quickly for this long, in ms: an answer may be near. */
const URGENT_FOR_MS = 60_000
/** How long quick exit waits for its last word to leave, in ms. The page is blank already. */
const LAST_WORD_MS = 400
/** How often the speed of the link is looked at, in ms. */
const MEASURE_EVERY_MS = 2_000

/** What a client is made of. */
export interface ResidentOptions {
  /** Origin of the gateway, for example `https://report.example`. */
  origin: string
  /** The agency to reach; the one of the gateway's name where left out. */
  agency?: string
  keep: Keep
  geolocation?: Pick<Geolocation, 'watchPosition' | 'clearWatch'>
  surroundings?: Surroundings
  fetch?: typeof fetch
  /** This device's clock, ms since 1970. */
  now_ms?(): number
  /** Makes a small picture of a photo, smaller still on a slow link; none on platforms without one. */
  preview?(photo: Blob, less: boolean): Promise<Blob | null>
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
  /** How much of the link is used. */
  readonly bandwidth: Bandwidth
  /** What the report's `clock_ms` is added to: ages on the page tick on it. */
  readonly clock: EvenClock
  /** What stands in the field and was not sent. */
  readonly draft: Draft
  readonly #report: Store<Report>
  readonly #options: ResidentOptions
  readonly #world: Surroundings
  readonly #now_ms: () => number
  readonly #outbox: Outbox
  readonly #photos: Photos
  readonly #typing: TypingSender
  readonly #session: OwnSession
  readonly #own_media = new Set<LiveMedium>()
  #keep: Keep
  #key: DeviceKey | null = null
  #spoke_ms = Number.NEGATIVE_INFINITY
  /** Words of a place that wait for the first fix, to stand beside it. */
  #place_words: string | null = null

  constructor(options: ResidentOptions) {
    this.#options = options
    this.#keep = this.#guard(options.keep)
    this.#world = options.surroundings ?? world
    this.#now_ms = options.now_ms ?? Date.now
    this.clock = new EvenClock(this.#now_ms, () => this.#world.now())
    this.#report = new Store<Report>(nothing('loading', options.keep.lasting))
    this.report = this.#report
    const after = (ms: number, run: () => void): (() => void) => this.#world.after(ms, run)
    this.bandwidth = new Bandwidth(() => this.#world.now())
    this.draft = new Draft(this.#keep, after)
    this.#outbox = new Outbox(this.#keep, { now_ms: this.#now_ms, after }, {
      refused: (waiting, error) => this.#session.wasRefused(waiting, error.code),
    })
    this.#photos = new Photos(this.#keep, {
      origin: options.origin,
      token: (renew) => this.#session.uploadToken(renew),
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    })
    this.place = new PlaceWatch(options.geolocation, (location) => void this.#found(location), this.#now_ms)
    // A yes that the device overrules is taken back: nobody shall wait for a place that does not come.
    this.place.state.subscribe((place) => {
      if (place.at === 'failed' && place.why === 'denied') void this.#do({ kind: 'consent', medium: 'place', granted: false })
    })
    this.live = new Live({
      offer: (id, sdp) => this.#session.send({ kind: 'media_offer', id, sdp }),
      ended: (medium) => void this.consent(medium, false),
      after,
    })
    this.#typing = new TypingSender((typed) => this.#session.send({ kind: 'real_time_text', ...typed }), after, () => this.#world.now())
    this.#session = new OwnSession({
      origin: options.origin,
      ...(options.agency === undefined ? {} : { agency: options.agency }),
      world: this.#world,
      now_ms: this.#now_ms,
      clock: this.clock,
      report: this.#report,
      outbox: this.#outbox,
      photos: this.#photos,
      place: this.place,
      live: this.live,
      typing: this.#typing,
      own_media: this.#own_media,
      key: (anew) => this.#deviceKey(anew),
      urgent: () => this.#urgent(),
      do: (command) => this.#do(command),
      remember: (change) => this.#remember(change),
      forget: () => this.#keep.delete('session', 'session'),
    })
  }

  /** Reads what an earlier page left, and connects. */
  async start(): Promise<void> {
    await this.#outbox.load()
    await this.draft.load()
    const kept = (await this.#keep.get('session', 'session')) as KeptSession | undefined
    const choices = (await this.#keep.get('session', 'bandwidth')) as KeptBandwidth | undefined
    if (choices !== undefined) this.bandwidth.choose(choices)
    const waits = new Set(this.#outbox.waiting.get().map(({ id }) => id))
    await this.#photos.load((photo) => !waits.has(photo))
    const begun = kept !== undefined || this.#outbox.opening() !== null
    const phase = kept?.left === true ? 'left' : begun ? 'open' : 'new'
    this.#change({ phase, session: kept?.session ?? null, silent: kept?.silent ?? false, no_contact: kept?.no_contact ?? false, skipped: kept?.skipped ?? [] })
    this.bandwidth.state.subscribe(() => this.#share())
    this.#outbox.waiting.subscribe(() => this.#share())
    this.#session.start(phase !== 'left' || waits.size > 0)
    this.#world.every(MEASURE_EVERY_MS, () => this.bandwidth.measured(this.#session.round_trip_ms))
  }

  /** Begins a report, or the one that a link was made for. One per device at a time. */
  async begin({ category, language, ...more }: Beginning, link?: SecretLink): Promise<void> {
    if (this.#report.get().phase !== 'new') return
    const opening: Opening = {
      category,
      language,
      silent: this.#report.get().silent,
      ...(this.#report.get().test ? { test: true } : {}),
      device: { video: false, audio: false, place: false },
      ...more,
    }
    const id = newId()
    this.#change({ phase: 'open', silent: opening.silent, trouble: null })
    await this.#outbox.add(id, link === undefined ? { kind: 'open', opening } : { kind: 'open', opening, link })
    this.#session.connect()
  }

  /**
   * Says something finished. It becomes the message that was being typed. A long text travels as several messages; what is
   * longer still is given back, and stays with the person.
   */
  async say(text: string): Promise<string> {
    const { parts, rest } = inParts(wellFormed(text), this.#report.get().limits?.text_chars)
    for (const part of parts) {
      await this.#outbox.add(this.#typing.finish(), { kind: 'do', command: { kind: 'text', text: part, age_ms: 0 } })
    }
    // Only now that the words wait in the outbox, what is kept of the draft may go.
    await this.draft.kept()
    return rest
  }

  /** The field says this now; it goes out while it is typed. */
  type(text: string): void {
    this.#spoke_ms = this.#world.now()
    this.#typing.type(text)
  }

  /**
   * Tells a place in words. With a fix, or with coordinates among the words, it is a place at once; else the words travel as a
   * message (`as_text`), and once more beside the first fix that comes.
   */
  async sayPlace(words: string, as_text: (words: string) => string): Promise<void> {
    const said = wellFormed(words.trim()).slice(0, BOUNDS.REASON_MAX_CHARS)
    if (said === '') return
    const typed = coordinatesIn(said)
    const place = this.place.state.get()
    if (typed !== null) return this.tellPlace(typed, TYPED_UNCERTAINTY_M, said)
    if (place.at === 'on') return this.tellPlace(place.fix, place.fix.uncertainty_m, said)
    this.#place_words = said
    await this.say(as_text(said))
  }

  /** Tells a place that a person typed or moved by hand. */
  async tellPlace({ latitude, longitude }: Point, uncertainty_m: number, words?: string): Promise<void> {
    const location: Location = { latitude, longitude, uncertainty_m, method: 'manual', age_ms: 0 }
    await this.#do({ kind: 'locate', location: words === undefined ? location : { ...location, words } })
  }

  /** Tells a place that a photo claims, because the person said yes: it is marked as claimed, not measured. */
  async claimPlace(location: Location & { method: 'claimed' }): Promise<void> {
    await this.#do({ kind: 'locate', location })
  }

  /** Tells how to be reached when the page is closed; what was told last counts. */
  async giveContact(contact: string): Promise<void> {
    const said = [...wellFormed(contact.trim())].slice(0, BOUNDS.CONTACT_MAX_CHARS).join('')
    if (said !== '') await this.#do({ kind: 'give_contact', contact: said })
  }

  /** They do not want to say how to be reached; this report does not ask again. */
  async keepContact(): Promise<void> {
    this.#change({ no_contact: true })
    await this.#remember({})
  }

  /** Answers a question of the agency's own, in the language in which it was asked. The newest answer counts. */
  async answerField(field: string, value: string, language: string): Promise<void> {
    const said = [...wellFormed(value.trim())].slice(0, BOUNDS.FIELD_TEXT_MAX_CHARS).join('')
    if (said !== '') await this.#do({ kind: 'answer_field', field, value: said, language })
  }

  /** Corrects what is happening; the same again changes nothing. */
  async setCategory(category: Category): Promise<void> {
    if (category !== this.#report.get().category) await this.#do({ kind: 'set_category', category })
  }

  /** They do not answer it; this report does not ask it again. */
  async skipField(field: string): Promise<void> {
    this.#change({ skipped: [...this.#report.get().skipped, field] })
    await this.#remember({})
  }

  /** Adds a photo: its announcement with a small picture first, the original after it. What is too large is told at once. */
  async addPhoto(file: Blob, name: string): Promise<void> {
    const id = newId()
    const most = this.#report.get().limits?.photo_bytes ?? BOUNDS.PHOTO_MAX_BYTES
    const good = file.size > 0 && file.size <= most
    const small = good ? ((await this.#options.preview?.(file, this.bandwidth.state.get().less)) ?? null) : null
    const command: ResidentCommand = {
      kind: 'announce_photo',
      media_type: file.type.slice(0, BOUNDS.MEDIA_TYPE_MAX_CHARS) || 'application/octet-stream',
      size_bytes: file.size,
      age_ms: 0,
      ...(small === null ? {} : { preview: new Uint8Array(await small.arrayBuffer()) }),
    }
    if (good) {
      await this.#photos.add(id, name, file, small)
      await this.#outbox.add(id, { kind: 'do', command })
    } else {
      const code = file.size === 0 ? 'photo_unreadable' : 'photo_too_large'
      this.#photos.refuse(id, name, file.size, code)
      this.#session.wasRefused({ id, order: 0, written_ms: this.#now_ms(), what: { kind: 'do', command } }, code)
    }
  }

  /**
   * Answers an ask, or agrees to something by oneself: that answers an open ask of the same medium too. Live media begin with
   * a yes and end with a no.
   */
  async consent(medium: Medium, granted: boolean, ask = this.#askOf(medium)): Promise<void> {
    if (medium === 'video' || medium === 'audio') {
      if (!granted) this.live.stop(medium)
      else if (!(await this.live.start(medium))) granted = false
      if (granted) this.#own_media.add(medium)
      else this.#own_media.delete(medium)
    }
    if (medium === 'place') {
      if (granted) granted = this.place.start()
      else this.place.stop()
    }
    // A device that did not open changes nothing, unless somebody waits for the answer.
    if (!granted && ask === undefined && !this.#report.get().granted[medium]) return
    await this.#do({ kind: 'consent', medium, granted, ...(ask === undefined ? {} : { ask }) })
    // The yes is on its way on this link, so the offer behind it finds it there.
    if (granted && this.#session.open) this.live.publish()
  }

  /** Ends camera, microphone and place with one press: on the device at once, then at the gateway. */
  async stopAll(): Promise<void> {
    const { video, audio } = this.live.state.get()
    const on: Medium[] = []
    if (video || this.#own_media.has('video')) on.push('video')
    if (audio || this.#own_media.has('audio')) on.push('audio')
    if (this.place.state.get().at !== 'off') on.push('place')
    this.live.stopAll()
    this.place.stop()
    this.#own_media.clear()
    for (const medium of on) await this.#do({ kind: 'consent', medium, granted: false })
  }

  /** How much of the link may be used; remembered where anything is. */
  async useLess(choice: BandwidthChoice): Promise<void> {
    this.bandwidth.choose({ choice })
    await this.#keepBandwidth()
  }

  /** The person signs: the picture goes before the sound. */
  async signs(signs: boolean): Promise<void> {
    this.bandwidth.choose({ signs })
    await this.#keepBandwidth()
  }

  /** Everything up to here was shown to a person. */
  saw(seq: number): void {
    this.#session.saw(seq)
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
    this.#session.connect()
  }

  /** Puts a finished report away for a new one. Words, places and photos that no gateway has go into the new one. */
  async startAnew(): Promise<void> {
    this.#session.stop()
    this.place.stop()
    this.live.stopAll()
    const carried = await this.#carryOver()
    await this.#outbox.clear(carried)
    await this.#photos.clear(carried)
    await this.#keep.delete('session', 'session')
    this.#session.clear()
    this.#own_media.clear()
    const { agency, limits, silent, test, lasting, unkept } = this.#report.get()
    this.#report.set({ ...nothing('new', lasting), agency, limits, silent, test, unkept })
    this.#session.compose()
    this.#session.connect()
  }

  /** The next report tries the line out: everybody who sees it reads TEST. */
  tryOut(): void {
    this.#change({ test: true })
  }

  /** Silent mode from here on: what is not safe moves to memory, the device forgets the rest. */
  async goSilent(): Promise<void> {
    if (!this.#keep.lasting) return this.#change({ silent: true })
    const memory = memoryKeep()
    const named = (await this.#keep.get('session', 'session')) !== undefined
    await move(this.#keep, memory, {
      outbox: (value) => (value as Waiting).id,
      photos: (value) => (value as KeptPhoto).photo,
    })
    this.#keep = memory
    this.#outbox.moved(memory)
    this.#photos.moved(memory)
    this.draft.moved(memory)
    this.#change({ silent: true, lasting: false })
    if (named) await this.#remember({})
    await this.#keepBandwidth()
  }

  /**
   * Quick exit: camera, microphone and place end at once, the last word leaves, what is safe is wiped. The caller has made
   * the page blank and goes away when this resolves.
   */
  async quickExit(): Promise<void> {
    this.live.stopAll()
    this.place.stop()
    void this.draft.forget()
    const command: ResidentCommand = { kind: 'leave', quick_exit: true }
    const gone = this.#report.get().phase === 'open' ? this.#outbox.add(newId(), { kind: 'do', command }) : Promise.resolve()
    await Promise.race([this.#lastWord(gone), new Promise<void>((done) => this.#world.after(LAST_WORD_MS, done))])
    this.#session.stop()
    const unsafe = this.#outbox.waiting.get().some(({ what }) => what.kind !== 'do' || what.command.kind !== 'leave')
    if (!unsafe && this.#photos.waiting === 0) await this.#keep.wipe()
    else await this.#remember({ left: true })
  }

  /** The page is looked at again: the link is checked, and what the device took away meanwhile comes back by itself. */
  wake(): void {
    this.#session.check()
    this.place.again()
    void this.live.reopen()
  }

  /** The device is on another network: the link is checked, live media find their new way. */
  networkChanged(): void {
    this.#session.check()
    this.live.restart()
  }

  /** The page was taken over by another window, or stopped: takes it back. */
  takeBack(): void {
    this.#session.connect()
  }

  async #lastWord(added: Promise<void>): Promise<void> {
    await added
    await new Promise<void>((done) => {
      const stop = this.#outbox.waiting.subscribe((waiting) => {
        if (waiting.length === 0) queueMicrotask(() => (stop(), done()))
      })
    })
  }

  /** What no gateway has, under new ids: an id belongs to one report. */
  async #carryOver(): Promise<ReadonlySet<string>> {
    const late = this.#session.refused.filter(({ code }) => code === 'session_closed').map(({ waiting }) => waiting)
    const carried = new Set<string>()
    for (const { id, what, written_ms } of [...late, ...this.#outbox.waiting.get()]) {
      if (what.kind !== 'do' || !CARRIED.has(what.command.kind)) continue
      const again = newId()
      if (what.command.kind === 'announce_photo' && !(await this.#photos.again(id, again))) continue
      await this.#outbox.add(again, what, written_ms)
      carried.add(again)
    }
    return carried
  }

  /** Something waits for an answer, flows, or was just said: a dead link is noticed at once then. */
  #urgent(): boolean {
    const { waiting, session, phase } = this.#report.get()
    const { video, audio } = this.live.state.get()
    const spoke = this.#world.now() - Math.max(this.#spoke_ms, this.#session.heard_ms) < URGENT_FOR_MS
    return waiting > 0 || video || audio || spoke || (phase === 'open' && session === null)
  }

  async #deviceKey(anew: boolean): Promise<DeviceKey> {
    if (anew) {
      this.#key = null
      await this.#keep.delete('key', 'device')
    }
    const keep = this.#keep
    // The keep may be wiped meanwhile (silent mode), or unable to hold a key: a key for this page is better than no link.
    this.#key ??= await deviceKey(keep).catch(() => deviceKey(keep === this.#keep ? memoryKeep() : this.#keep))
    return this.#key
  }

  /** A fix worth sending; the first one carries the words that were typed before it. */
  async #found(location: Location): Promise<void> {
    const words = this.#place_words
    this.#place_words = null
    await this.#do({ kind: 'locate', location })
    if (words !== null) await this.tellPlace(location, location.uncertainty_m, words)
  }

  #askOf(medium: Medium): string | undefined {
    return this.#report.get().asks.find((ask) => ask.medium === medium)?.ask
  }

  /** Shares the link: on a slow one words go before photos, and photos before video. */
  #share(): void {
    const { less, signs } = this.bandwidth.state.get()
    const words = this.#outbox.waiting.get().some(({ what }) => what.kind === 'do' && WORDS.has(what.command.kind))
    this.#photos.hold(less && words)
    this.live.limit({ less, signs, hold: less && (words || this.#photos.waiting > 0) })
  }

  async #do(command: ResidentCommand): Promise<void> {
    const { phase } = this.#report.get()
    if (phase === 'open') await this.#outbox.add(newId(), { kind: 'do', command })
  }

  async #remember(change: Partial<KeptSession>): Promise<void> {
    const { session, silent, phase, no_contact, skipped } = this.#report.get()
    const kept: KeptSession = { session: session ?? '', silent, left: phase === 'left', no_contact, skipped, ...change }
    if (kept.session !== '') await this.#keep.put('session', 'session', kept)
  }

  async #keepBandwidth(): Promise<void> {
    const { choice, signs } = this.bandwidth.state.get()
    await this.#keep.put('session', 'bandwidth', { choice, signs } satisfies KeptBandwidth)
  }

  /** What the browser says of its network. */
  networkIs(word: NetworkWord): void {
    this.bandwidth.told(word)
  }

  #guard(keep: Keep): Keep {
    return guarded(keep, () => this.#change({ unkept: true }))
  }

  #change(change: Partial<Report>): void {
    this.#report.update((report) => ({ ...report, ...change }))
  }
}

/** Uncertainty of coordinates that somebody typed, in metres: nobody knows; a house and its garden. */
const TYPED_UNCERTAINTY_M = 30
/** What goes before pictures on a slow link. */
const WORDS: ReadonlySet<string> = new Set(['text', 'locate', 'answer_field'])
/** What goes into the next report when no gateway has it. */
const CARRIED: ReadonlySet<string> = new Set(['text', 'locate', 'announce_photo', 'give_contact', 'answer_field'])
