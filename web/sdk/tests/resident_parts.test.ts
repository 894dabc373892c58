import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Bandwidth } from '../src/bandwidth.ts'
import { coordinatesIn, moved, typedNumber } from '../src/coordinates.ts'
import { guarded, memoryKeep } from '../src/keep.ts'
import { metres } from '../src/place.ts'
import { inParts, PARTS_MAX } from '../src/text_parts.ts'
import { plainName } from '../../resident/size.ts'

describe('a long text', () => {
  it('is cut where words end, and nothing is lost', () => {
    const { parts, rest } = inParts('one two three four five', 9)
    expect(parts).toEqual(['one two', 'three', 'four', 'five'])
    expect(rest).toBe('')
  })

  it('is cut between whole characters where there are no words', () => {
    const { parts } = inParts('🚒'.repeat(25), 10)
    expect(parts).toEqual(['🚒'.repeat(10), '🚒'.repeat(10), '🚒'.repeat(5)])
  })

  it('gives back what is over', () => {
    const text = 'abcd '.repeat(100)
    const { parts, rest } = inParts(text, 10)
    expect(parts).toHaveLength(PARTS_MAX)
    expect([...parts, rest.trim()].join(' ')).toBe(text.trim())
  })

  it('that says nothing makes no message', () => {
    expect(inParts(' \n ', 10)).toEqual({ parts: [], rest: '' })
  })
})

describe('typed coordinates', () => {
  it.each([
    ['52.3702, 4.8952', 52.3702, 4.8952],
    ['at 40.0012,-99.0034 near the pond', 40.0012, -99.0034],
    ['geo:48.20849,16.37208', 48.20849, 16.37208],
    ['33.8688 S, 151.2093 E', -33.8688, 151.2093],
    ['52,3702 4,8952', 52.3702, 4.8952],
  ])('%s is a point', (text, latitude, longitude) => {
    expect(coordinatesIn(text)).toEqual({ latitude, longitude })
  })

  it.each(['12 Mill Lane, 2nd floor', 'flat 4.12', '95.1234, 4.8952', '2026-11-23 12:30', '1.5, 2.5', ''])('%s is no point', (text) => {
    expect(coordinatesIn(text)).toBeNull()
  })

  it('are read with a point or a comma, and nothing else', () => {
    expect(typedNumber(' 40,5 ')).toBe(40.5)
    expect(typedNumber('1e3')).toBeNaN()
    expect(typedNumber('')).toBeNaN()
  })

  it('move by metres, over the date line too', () => {
    const here = { latitude: 60, longitude: 179.9999 }
    const there = moved(here, 30, 40)
    expect(there.longitude).toBeLessThan(-179)
    expect(metres({ latitude: 10, longitude: 20 }, moved({ latitude: 10, longitude: 20 }, 30, 40))).toBeCloseTo(50, 0)
  })
})

describe('the bandwidth', () => {
  it('is guessed from round trips, and does not go back and forth', () => {
    let now = 0
    const bandwidth = new Bandwidth(() => now)
    bandwidth.measured(2_000)
    expect(bandwidth.state.get().less).toBe(true)
    bandwidth.measured(100)
    now = 10_000
    bandwidth.measured(100)
    expect(bandwidth.state.get().less).toBe(true)
    now = 30_000
    bandwidth.measured(100)
    expect(bandwidth.state.get().less).toBe(false)
  })

  it('is what the person chose, whatever is guessed', () => {
    const bandwidth = new Bandwidth(() => 0)
    bandwidth.told({ effectiveType: '2g' })
    expect(bandwidth.state.get().less).toBe(true)
    bandwidth.choose({ choice: 'full' })
    bandwidth.measured(9_000)
    expect(bandwidth.state.get().less).toBe(false)
  })
})

describe('a keep', () => {
  it('that refuses is told and stops nothing', async () => {
    let refused = 0
    const full = { ...memoryKeep(), put: () => Promise.reject(new Error('full')), all: () => Promise.reject(new Error('gone')) }
    const keep = guarded(full, () => (refused += 1))
    await keep.put('outbox', 'a', 1)
    expect(await keep.all('outbox')).toEqual([])
    expect(refused).toBe(2)
  })
})

describe('the words of the resident page', () => {
  const source = (language: string): string => readFileSync(new URL(`../../words/${language}/resident.ftl`, import.meta.url), 'utf8')
  const messages = (language: string): Map<string, string> =>
    new Map([...source(language).matchAll(/^([a-z_A-Z-]+) = ((?:.*)(?:\n[ }].*)*)/gm)].map(([, id, text]) => [id ?? '', text ?? '']))
  const variables = (text: string): string => [...new Set(text.match(/\$\w+/g) ?? [])].sort().join()

  it.each(['fr', 'es', 'ar'])('are complete in %s, with the same values', (language) => {
    const english = messages('en')
    const other = messages(language)
    expect([...other.keys()].sort()).toEqual([...english.keys()].sort())
    // A plural may say "one" without its number.
    for (const [id, text] of english) expect(`${id}:${variables(other.get(id) ?? '')}`).toBe(`${id}:${variables(text)}`)
  })

  it('are at grade 6 or below in English', () => {
    const sentences = [...messages('en')].filter(([id]) => id !== 'title').flatMap(([, text]) => (text.match(/[^.?!\n]{12,}[.?!]/g) ?? []))
    const words = sentences.flatMap((sentence) => sentence.match(/[A-Za-z]+/g) ?? [])
    const syllables = words.reduce((sum, word) => sum + syllablesOf(word), 0)
    // Flesch-Kincaid grade.
    const grade = 0.39 * (words.length / sentences.length) + 11.8 * (syllables / words.length) - 15.59
    expect(sentences.length).toBeGreaterThan(80)
    expect(grade).toBeLessThanOrEqual(6)
    const long = sentences.filter((sentence) => (sentence.match(/\S+/g) ?? []).length > 18)
    expect(long).toEqual([])
  })
})

function syllablesOf(word: string): number {
  const groups = word.toLowerCase().replace(/e$/, '').match(/[aeiouy]+/g)
  return Math.max(1, groups?.length ?? 1)
}

describe('the name of a file', () => {
  it('cannot turn around the writing, and is not endless', () => {
    expect(plainName('cod\u202egpj.exe')).toBe('codgpj.exe')
    expect(plainName('x'.repeat(300)).length).toBeLessThan(60)
  })
})
