// Words of the page for responders, in the browser's language where there are some.
//
// Owns: choosing the language, `lang` of the page, and `t`. Must not: hold a sentence itself. Values stay wrapped in U+2068/U+2069.
import en from '../words/en/responder.ftl?raw'
import fr from '../words/fr/responder.ftl?raw'
import { Words, type Values } from '../ui/words.ts'

const EN = { language: 'en', text: en }
const SPOKEN = { en: new Words('en', EN), fr: new Words('fr', { language: 'fr', text: fr }, EN) } as const

function first(): keyof typeof SPOKEN {
  const wished = navigator.languages.map((tag) => tag.slice(0, 2))
  return (wished.find((tag) => tag in SPOKEN) ?? 'en') as keyof typeof SPOKEN
}

const language = first()
document.documentElement.lang = language

/** The sentence with this id. */
export function t(id: string, values: Values = {}): string {
  return SPOKEN[language].say(id, values)
}

/** The sentence of a public error code. */
export function errorWords(code: string): string {
  return SPOKEN[language].has(`error-${code}`) ? t(`error-${code}`) : t('error-other', { code })
}
