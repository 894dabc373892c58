// Words of the staff pages in the person's language, from the same Fluent files that other parts read.
//
// Owns: choosing the language, `lang` of the page, and `t`. Must not: hold a sentence itself. Called by: the entries of the pages, which
// `begin` before anything is shown, and every part that says something. English comes with the script, because it stands in wherever a
// sentence is missing; another language is fetched when somebody asks for it. Values stay wrapped in U+2068/U+2069, so that names of
// another direction do not turn the sentence around.
import english from '../../words/en/console.ftl?raw'
import french from '../../words/fr/console.ftl?url'
import { Words, type Values } from '../words.ts'
import { rememberedText, rememberText } from './kept.ts'

/** Languages there are words for, by their own names. */
export const LANGUAGES = { en: 'English', fr: 'Français' } as const
/** One of them. */
export type Language = keyof typeof LANGUAGES
/** One file of words: in English, and the address of each other language's. */
export type Sentences = Record<Language, string>

const KEY = 'callbox-language'
/** What both pages say, and what a page adds. */
const sentences: Sentences[] = [{ en: english, fr: french }]
let own = source('en', [english])
let known = $state.raw<{ en: Words } & Partial<Record<Language, Words>>>({ en: new Words('en', own) })
let language = $state<Language>('en')
/** The language that was asked for last: the words of an earlier wish may come after it. */
let asked: Language = 'en'

/** Gets the words ready in the person's language; `more` are those of one page alone. A page that begins without a network begins in English. */
export async function begin(...more: Sentences[]): Promise<void> {
  sentences.push(...more)
  own = source('en', sentences.map(({ en }) => en))
  known = { en: new Words('en', own) }
  await turn(wished())
}

function wished(): Language {
  const tags = [rememberedText(KEY) ?? '', ...navigator.languages].map((tag) => tag.slice(0, 2))
  return (tags.find((tag) => tag in LANGUAGES) ?? 'en') as Language
}

function source(tag: Language, texts: string[]): { language: string; text: string } {
  return { language: tag, text: texts.join('\n') }
}

async function turn(next: Language): Promise<boolean> {
  asked = next
  const there = await fetchWords(next)
  if (there && asked === next) language = next
  document.documentElement.lang = language
  return there
}

/** Fetches the words of a language, once; false where they cannot be had now. */
export async function fetchWords(wanted: Language): Promise<boolean> {
  if (wanted === 'en' || known[wanted]) return true
  try {
    const texts = await Promise.all(sentences.map((file) => textAt(file[wanted])))
    known = { ...known, [wanted]: new Words(wanted, source(wanted, texts), own) }
    return true
  } catch {
    return false
  }
}

/** Fetched as a file and not imported: some browsers keep in mind that an import failed, and do not ask again. */
async function textAt(address: string): Promise<string> {
  const answer = await fetch(address)
  if (!answer.ok) throw new Error(`${address}: ${String(answer.status)}`)
  return answer.text()
}

/** The language now. */
export function spoken(): Language {
  return language
}

/** Changes the language and remembers it; false where its words cannot be fetched now: then the page stays as it is. */
export async function speak(next: Language): Promise<boolean> {
  if (!(await turn(next))) return false
  if (asked === next) rememberText(KEY, next)
  return true
}

/** The sentence with this id. */
export function t(id: string, values: Values = {}): string {
  return now().say(id, values)
}

function now(): Words {
  return known[language] ?? known.en
}

/** The sentence with this id in another language than the page's, once `fetchWords` has it: for what is written to others. */
export function inLanguage(other: Language, id: string): string | undefined {
  return known[other]?.has(id) ? known[other].say(id) : undefined
}

/** The name of a language in the page's; its tag where it has none. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames([language], { type: 'language' }).of(tag) ?? tag
  } catch {
    return tag
  }
}

/** Whether there is a sentence with this id. */
export function hasWords(id: string): boolean {
  return now().has(id)
}

/** The sentence of a public error code. */
export function errorWords(code: string): string {
  const id = `error-${code}`
  return hasWords(id) ? t(id) : t('error-other', { code })
}
