// Words of the staff pages in the person's language, from the same Fluent files that other parts read.
//
// Owns: choosing the language, `lang` of the page, and `t`. Must not: hold a sentence itself. Values stay wrapped in U+2068/U+2069, so
// that names of another direction do not turn the sentence around.
import enConsole from '../../words/en/console.ftl?raw'
import enSupervisor from '../../words/en/supervisor.ftl?raw'
import frConsole from '../../words/fr/console.ftl?raw'
import frSupervisor from '../../words/fr/supervisor.ftl?raw'
import { Words, type Values } from '../words.ts'

/** Languages there are words for, by their own names. */
export const LANGUAGES = { en: 'English', fr: 'Français' } as const
/** One of them. */
export type Language = keyof typeof LANGUAGES

const KEY = 'callbox-language'
const EN = { language: 'en', text: `${enConsole}\n${enSupervisor}` }
const FR = { language: 'fr', text: `${frConsole}\n${frSupervisor}` }
const WORDS: Record<Language, Words> = { en: new Words('en', EN), fr: new Words('fr', FR, EN) }

function first(): Language {
  let kept: string | null = null
  try {
    kept = localStorage.getItem(KEY)
  } catch {
    // Storage is switched off: the browser's language it is.
  }
  const wished = [kept ?? '', ...navigator.languages].map((tag) => tag.slice(0, 2))
  return (wished.find((tag) => tag in LANGUAGES) ?? 'en') as Language
}

const begun = first()
let language = $state<Language>(begun)
document.documentElement.lang = begun

/** The language now. */
export function spoken(): Language {
  return language
}

/** Changes the language and remembers it. */
export function speak(next: Language): void {
  language = next
  document.documentElement.lang = next
  try {
    localStorage.setItem(KEY, next)
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
}

/** The sentence with this id. */
export function t(id: string, values: Values = {}): string {
  return WORDS[language].say(id, values)
}

/** The sentence with this id in another language than the page's: for what is written to others. */
export function inLanguage(other: Language, id: string): string | undefined {
  return WORDS[other].has(id) ? WORDS[other].say(id) : undefined
}

/** Whether there is a sentence with this id. */
export function hasWords(id: string): boolean {
  return WORDS[language].has(id)
}

/** The sentence of a public error code. */
export function errorWords(code: string): string {
  const id = `error-${code}`
  return hasWords(id) ? t(id) : t('error-other', { code })
}
