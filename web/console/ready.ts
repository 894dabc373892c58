// Ready sentences: which there are, in the resident's language.
import { inLanguage, LANGUAGES, type Language } from '../ui/staff/words.svelte.ts'

/** How many there are: one for each digit. */
export const READY = 9

/** The language to write in: the resident's where there are sentences in it, else English. */
export function readyLanguage(residents: string): Language {
  const tag = residents.slice(0, 2).toLowerCase()
  return tag in LANGUAGES ? (tag as Language) : 'en'
}

/** A sentence in the resident's language, or undefined where there is none. */
export function readySentence(number: number, residents: string): string | undefined {
  return number >= 1 && number <= READY ? inLanguage(readyLanguage(residents), `ready-${String(number)}`) : undefined
}
