// What the parts of the resident page share: the client, the words, and the one clock that ages tick on.
import type { AgencyInfo, DeviceCan, FieldInfo } from '../sdk/src/protocol.ts'
import type { Report } from '../sdk/src/report.ts'
import { readReportFragment, REPORT_LINK_REFUSALS, type SecretLink } from '../sdk/src/report-link.ts'
import type { Resident } from '../sdk/src/resident.ts'
import { reactive } from '../ui/reactive.svelte.ts'
import type { Body } from '../sdk/src/timeline.ts'
import { Words, type Values } from '../ui/words.ts'
import english from '../words/en/resident.ftl?raw'
import { ScreenLock } from './awake.svelte.ts'
import { PhotoPlaces } from './photo_places.svelte.ts'

/** Languages of this page, in their own words. */
export const LANGUAGES = { en: 'English', es: 'Español', fr: 'Français', ar: 'العربية' } as const
export type Language = keyof typeof LANGUAGES

// English is here at once; the others are small files that come when they are chosen.
const others: Record<Exclude<Language, 'en'>, () => Promise<{ default: string }>> = {
  es: () => import('../words/es/resident.ftl?raw'),
  fr: () => import('../words/fr/resident.ftl?raw'),
  ar: () => import('../words/ar/resident.ftl?raw'),
}

/** Begins to fetch the words of a language; `speak` finds them, or says that they did not come. */
export function fetchWords(language: Language): void {
  if (language !== 'en') void others[language]().catch(() => undefined)
}

/** Shared by the parts of the page. */
export class App {
  readonly resident: Resident
  readonly #report
  readonly #live
  readonly #place
  readonly #bandwidth
  /** Keeps the screen on. */
  readonly awake = new ScreenLock()
  /** Whether photos may tell where they were taken. */
  readonly photo_places = new PhotoPlaces()
  #wanted: Language = 'en'
  // Made once for each language: making them is slow, and a long report uses them hundreds of times a second.
  readonly #formats = $derived.by(() => ({
    ago: new Intl.RelativeTimeFormat(this.words.language, { style: 'short' }),
    exact: new Intl.DateTimeFormat(this.words.language, { dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' }),
  }))
  #words = $state.raw(new Words('en', { language: 'en', text: english }))
  /** Ticks once a second; ages count on it. The gateway's clock is this and `report.clock_ms`. */
  now_ms = $state(Date.now())
  /** The device's own clock at that tick, for what the device itself has dated. */
  device_ms = $state(Date.now())
  /** Questions that were asked here: what was answered is read in their words, also when they are asked no more. */
  readonly #asked = new Map<string, FieldInfo>()
  /** A question of the agency's own that somebody wants to answer, or to answer anew. */
  reopened = $state<string | null>(null)
  /** From the page's own question, before a link is open. */
  agency = $state.raw<AgencyInfo | null>(null)
  /** The whole time with its zone stands on each item, instead of its age. */
  exact_times = $state(false)
  /** The page after its first question; `null` until it is here. */
  later = $state.raw<typeof import('./later.ts') | null>(null)
  /** It did not come: the report is on its way all the same, and the page is loaded again by a press. */
  later_failed = $state(false)
  /** The page was opened by a link that a telecommunicator made; `broken` where it was cut short on its way. */
  link = $state.raw<SecretLink | 'broken' | null>(null)
  /** Why that link opens nothing. */
  link_refused = $state<string | null>(null)
  /** Quick exit was pressed: nothing of the page shows any more. */
  gone = $state(false)
  /** A language did not come: an old page, or no network. */
  language_failed = $state(false)

  constructor(resident: Resident) {
    this.resident = resident
    this.#report = reactive(resident.report)
    this.#live = reactive(resident.live.state)
    this.#place = reactive(resident.place.state)
    this.#bandwidth = reactive(resident.bandwidth.state)
    resident.report.subscribe((report) => this.linkCameTo(report))
  }

  /** Takes a link out of the address, so that it stands in no history and on no screen. */
  takeLink(address: Location, history: History): void {
    const link = readReportFragment(address.hash)
    if (link === undefined) return
    history.replaceState(history.state, '', address.pathname + address.search)
    this.link = link
    this.link_refused = link === 'broken' ? 'no_such_link' : null
  }

  /** Begins the report that the link was made for. */
  async startByLink(device: DeviceCan): Promise<void> {
    const { link } = this
    if (link === null || link === 'broken') return
    await this.resident.begin({ category: 'other', language: this.words.language, device }, link)
  }

  /** What came of the link: it opened, or why not. */
  linkCameTo({ phase, session, trouble }: Report): void {
    if (this.link === null) return
    if (phase === 'new' && trouble !== null && REPORT_LINK_REFUSALS.has(trouble)) this.link_refused = trouble
    if (this.link !== 'broken' && session === this.link.session) this.link = null
  }

  /** Reports without the link. */
  forgetLink(): void {
    this.link = null
    this.link_refused = null
  }

  /** A second has passed. */
  tick(): void {
    this.now_ms = this.resident.clock.now()
    this.device_ms = Date.now()
  }

  /** Fetches the page after its first question. */
  async fetchLater(): Promise<void> {
    this.later ??= await import('./later.ts').catch(() => null)
    this.later_failed = this.later === null
  }

  get bandwidth() {
    return this.#bandwidth.now
  }

  get report() {
    return this.#report.now
  }

  get live() {
    return this.#live.now
  }

  get place() {
    return this.#place.now
  }

  get words(): Words {
    return this.#words
  }

  /** Number to call; before the agency is known, the one that works on phones of this region. */
  get number(): string {
    const known = this.report.agency ?? this.agency
    if (known !== null) return known.emergency_number
    return /-(US|CA|MX)$/i.test(navigator.language) ? '911' : '112'
  }

  get banner(): AgencyInfo | null {
    return this.report.agency ?? this.agency
  }

  /** The agency's own questions to this report. */
  get fields(): readonly FieldInfo[] {
    const { category } = this.report
    const asked = (this.banner?.fields ?? []).filter(({ categories }) => !categories || (category !== null && categories.includes(category)))
    for (const field of asked) this.#asked.set(field.field, field)
    return asked
  }

  /** Words of the agency in the language of the page, else in English. */
  label(labels: FieldInfo['label']): string {
    return labels[this.words.language] ?? labels['en'] ?? ''
  }

  /** A question and its answer in words: as the log has them, else as they were asked here. */
  answer({ field, value, asked, words }: Extract<Body, { kind: 'answer' }>): [string, string] {
    const known = this.#asked.get(field)
    const option = known?.answer.kind === 'choice' ? known.answer.options.find((one) => one.option === value) : undefined
    const said = known?.answer.kind === 'yes_no' || (asked !== undefined && words === undefined) ? this.say(value) : value
    return [asked ?? (known ? this.label(known.label) : ''), words ?? (option ? this.label(option.label) : said)]
  }

  say(id: string, values: Values = {}): string {
    return this.#words.say(id, values)
  }

  /** A refusal in words. */
  refusal(code: string): string {
    return this.#words.has(`error-${code}`) ? this.say(`error-${code}`) : this.say('error-other', { code })
  }

  /** How long ago, by the gateway's clock. */
  ago(at_ms: number): string {
    const seconds = Math.max(0, Math.round((this.now_ms + this.report.clock_ms - at_ms) / 1_000))
    if (seconds < 45) return this.say('time-now')
    const [number, unit] = seconds < 3_600 ? ([seconds / 60, 'minute'] as const) : ([seconds / 3_600, 'hour'] as const)
    return this.#formats.ago.format(-Math.round(number), unit)
  }

  /** The whole time with its zone. */
  exact(at_ms: number): string {
    return this.#formats.exact.format(at_ms)
  }

  /** Changes the language of the page. */
  async speak(language: Language): Promise<void> {
    this.#wanted = language
    const sources = [{ language: 'en', text: english }]
    try {
      if (language !== 'en') sources.unshift({ language, text: (await others[language]()).default })
    } catch {
      this.language_failed = true
      return
    }
    // Another one was chosen while this one came.
    if (this.#wanted !== language) return
    this.language_failed = false
    this.#words = new Words(language, ...sources)
  }
}

/** The language to begin with: `?lang=`, else the first of the browser's that we have. */
export function firstLanguage(search: URLSearchParams, wanted: readonly string[]): Language {
  const asked = [search.get('lang') ?? '', ...wanted].map((tag) => tag.slice(0, 2).toLowerCase())
  return (asked.find((tag) => tag in LANGUAGES) as Language | undefined) ?? 'en'
}

