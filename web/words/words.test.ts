// The words of the pages: each sentence in each language, with the same values in it.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../sdk/src/protocol.ts'

const read = (language: string, page: string): Map<string, string> => {
  const source = readFileSync(new URL(`${language}/${page}.ftl`, import.meta.url), 'utf8')
  return new Map([...source.matchAll(/^([\w-]+) = ((?:.*)(?:\n[ }].*)*)/gm)].map(([, id, text]) => [id ?? '', text ?? '']))
}
const values = (text: string): string => [...new Set(text.match(/\$\w+/g) ?? [])].sort().join()

describe.each([
  ['resident', ['fr', 'es', 'ar']], ['console', ['fr']], ['supervisor', ['fr']], ['responder', ['fr']],
] as const)('the words of the %s', (page, languages) => {
  it.each(languages)('are the same sentences in %s, with the same values', (language) => {
    const [english, others] = [read('en', page), read(language, page)]
    expect([...others.keys()].sort()).toEqual([...english.keys()].sort())
    for (const [id, text] of english) expect(`${id}: ${values(others.get(id) ?? '')}`).toBe(`${id}: ${values(text)}`)
  })

  it('name no sentence twice', () => {
    for (const language of ['en', ...languages]) {
      const source = readFileSync(new URL(`${language}/${page}.ftl`, import.meta.url), 'utf8')
      const ids = [...source.matchAll(/^([\w-]+) = /gm)].map(([, id]) => id ?? '')
      expect(ids.filter((id, place) => ids.indexOf(id) !== place), language).toEqual([])
    }
  })
})

/** Answers to what residents' devices send, and to units that open a link: no staff page is given them. */
const TO_OTHERS = [
  'too_many_photos', 'preview_refused', 'upload_offset', 'no_such_upload', 'no_such_field', 'no_such_choice', 'too_many_changes', 'key_refused',
  'too_many_openings',
]
/** Words that only HTTP has, and that any request may be answered with. */
const BY_HTTP = ['node_full', 'deadline']
/** What the opening of a link for responders may be refused with; how a link ended has a page of its own. */
const OPENING = [
  'malformed_message', 'text_empty', 'text_too_long', 'id_reused', 'too_many_openings', 'origin_refused', 'too_fast', 'store_unavailable', 'going_down',
  'internal', 'no_such_agency', ...BY_HTTP,
]

// The supervisor's page has the console's words, and its own beside them.
describe.each([
  ['console', [...Object.keys(ERROR_CODES).filter((code) => !TO_OTHERS.includes(code)), ...BY_HTTP]], ['responder', OPENING],
] as const)('what the %s may be refused', (page, codes) => {
  it.each(['en', 'fr'])('is said in words, never as a code, in %s', (language) => {
    const words = read(language, page)
    expect(codes.filter((code) => !words.has(`error-${code}`))).toEqual([])
  })
})

describe.each(['resident', 'console', 'supervisor', 'responder'])('the French of the %s', (page) => {
  it('never begins a line with a sign that belongs to the word before it', () => {
    const loose = [...read('fr', page)].filter(([, text]) => / [:;?!»]|« /.test(text))
    expect(loose.map(([id]) => id)).toEqual([])
  })
})

describe('the English of the resident page', () => {
  /** Sentences as words: a value counts as one. */
  const sentences = [...read('en', 'resident').values()]
    .flatMap((text) => text.replaceAll(/\{ \$\w+ ->|^ +\*?\[\w+\]|\}/gm, '\n').replaceAll(/\{[^}\n]*/g, ' one ').split(/[.!?:…]\s+|\n/))
    .map((sentence) => sentence.match(/[a-z’']+/gi) ?? []).filter((words) => words.length > 0)

  /** Groups of vowels, without the silent e of the end. */
  const syllables = (word: string): number => Math.max(1, word.toLowerCase().replace(/(?<=..[^l])e$/, '').match(/[aeiouy]+/g)?.length ?? 1)

  it('RE16 reads at grade six or below, and has no sentence longer than twenty words', () => {
    const words = sentences.flat()
    // Flesch–Kincaid grade level.
    const grade = 0.39 * (words.length / sentences.length) + 11.8 * (words.reduce((sum, word) => sum + syllables(word), 0) / words.length) - 15.59
    expect(words.length).toBeGreaterThan(1_000)
    expect(grade).toBeLessThan(6)
    expect(sentences.filter(({ length }) => length > 20).map((one) => one.join(' '))).toEqual([])
  })
})
