// Words of the page for responders, in the browser's language where there are some.
//
// Owns: choosing the language, `lang` of the page, and `t`. Must not: hold a sentence itself. Called by: the entry, which `begin`s before anything is
// shown, and every part that says something. English comes with the script; French is fetched by whoever reads it. Values stay wrapped in U+2068/U+2069.
import en from '../words/en/responder.ftl?raw'
import french from '../words/fr/responder.ftl?url'
import { Words, type Values } from '../ui/words.ts'

const EN = { language: 'en', text: en }
/** Longest wait for them, in ms: on a network that hangs the page comes in English. */
const FRENCH_MS = 5_000
let words = new Words('en', EN)

/** Gets the words ready. Where French cannot be had now, English is better than nothing. */
export async function begin(): Promise<void> {
  const wished = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'en' || tag === 'fr')
  if (wished === 'fr') words = await inFrench().catch(() => words)
  document.documentElement.lang = words.language
}

async function inFrench(): Promise<Words> {
  const answer = await fetch(french, { signal: AbortSignal.timeout(FRENCH_MS) })
  if (!answer.ok) throw new Error(`${french}: ${String(answer.status)}`)
  return new Words('fr', { language: 'fr', text: await answer.text() }, EN)
}

/** The sentence with this id. */
export function t(id: string, values: Values = {}): string {
  return words.say(id, values)
}

/** The sentence of a public error code. */
export function errorWords(code: string): string {
  return words.has(`error-${code}`) ? t(`error-${code}`) : t('error-other', { code })
}
