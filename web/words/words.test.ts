// The words of the staff pages: each sentence in each language, with the same values in it.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const read = (language: string, page: string): Map<string, string> => {
  const source = readFileSync(new URL(`${language}/${page}.ftl`, import.meta.url), 'utf8')
  return new Map([...source.matchAll(/^([\w-]+) = ((?:.*)(?:\n[ }].*)*)/gm)].map(([, id, text]) => [id ?? '', text ?? '']))
}
const values = (text: string): string => [...new Set(text.match(/\$\w+/g) ?? [])].sort().join()

describe.each(['console', 'supervisor', 'responder'])('the words of the %s', (page) => {
  it('are the same sentences in French, with the same values', () => {
    const [english, french] = [read('en', page), read('fr', page)]
    expect([...french.keys()].sort()).toEqual([...english.keys()].sort())
    for (const [id, text] of english) expect(`${id}: ${values(french.get(id) ?? '')}`).toBe(`${id}: ${values(text)}`)
  })

  it('name no sentence twice', () => {
    for (const language of ['en', 'fr']) {
      const source = readFileSync(new URL(`${language}/${page}.ftl`, import.meta.url), 'utf8')
      const ids = [...source.matchAll(/^([\w-]+) = /gm)].map(([, id]) => id ?? '')
      expect(ids.filter((id, place) => ids.indexOf(id) !== place), language).toEqual([])
    }
  })
})

describe.each(['console', 'supervisor'])('the French of the %s', (page) => {
  it('never begins a line with a sign that belongs to the word before it', () => {
    const loose = [...read('fr', page)].filter(([, text]) => / [:;?!»]|« /.test(text))
    expect(loose.map(([id]) => id)).toEqual([])
  })
})
