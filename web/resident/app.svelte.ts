// What the parts of the resident page share: the client, the words, and the one clock that ages tick on.
import type { AgencyInfo } from '../sdk/src/protocol.ts'
import type { Resident } from '../sdk/src/resident.ts'
import { reactive } from '../ui/reactive.svelte.ts'
import { Words, type Values } from '../ui/words.ts'
import english from '../words/en/resident.ftl?raw'

/** Languages of this page, in their own words. */
export const LANGUAGES = { en: 'English', fr: 'Français' } as const
export type Language = keyof typeof LANGUAGES

// English is here at once; the others are small files that come when they are chosen.
const others: Record<Exclude<Language, 'en'>, () => Promise<{ default: string }>> = {
  fr: () => import('../words/fr/resident.ftl?raw'),
}

/** Shared by the parts of the page. */
export class App {
  readonly resident: Resident
  readonly #report
  readonly #live
  readonly #place
  #words = $state.raw(new Words('en', { language: 'en', text: english }))
  /** Ticks once a second; ages count on it. */
  now_ms = $state(Date.now())
  /** From the page's own question, before a link is open. */
  agency = $state.raw<AgencyInfo | null>(null)

  constructor(resident: Resident) {
    this.resident = resident
    this.#report = reactive(resident.report)
    this.#live = reactive(resident.live.state)
    this.#place = reactive(resident.place.state)
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

  say(id: string, values: Values = {}): string {
    return this.#words.say(id, values)
  }

  /** A refusal in words. */
  refusal(code: string): string {
    return this.#words.has(`error-${code}`) ? this.say(`error-${code}`) : this.say('error-other', { code })
  }

  /** Changes the language of the page. */
  async speak(language: Language): Promise<void> {
    const sources = [{ language: 'en', text: english }]
    if (language !== 'en') sources.unshift({ language, text: (await others[language]()).default })
    this.#words = new Words(language, ...sources)
  }
}

/** The language to begin with: `?lang=`, else the first of the browser's that we have. */
export function firstLanguage(search: URLSearchParams, wanted: readonly string[]): Language {
  const asked = [search.get('lang') ?? '', ...wanted].map((tag) => tag.slice(0, 2).toLowerCase())
  return (asked.find((tag) => tag in LANGUAGES) as Language | undefined) ?? 'en'
}

