import { describe, expect, it } from 'vitest'
import { Log, type Entry } from '../src/log.ts'
import type { Waiting } from '../src/outbox.ts'
import type { Event } from '../src/protocol.ts'
import { categoryOf, grants, openAsks, timeline, type Material } from '../src/timeline.ts'

const entry = (seq: number, prev: number, event: Event, command = `c${seq}`, staff = false): Entry => ({
  kind: 'entry',
  seq,
  prev,
  at_ms: 1_000,
  by: staff ? { role: 'staff', as: 'telecommunicator' } : { role: 'resident' },
  command,
  event,
})
const said = (text: string): Event => ({ kind: 'text', text, age_ms: 0 })
const waits = (id: string, text: string, rung?: 'stored'): Waiting => ({
  id,
  order: 1,
  written_ms: 5,
  what: { kind: 'do', command: { kind: 'text', text, age_ms: 0 } },
  ...(rung === undefined ? {} : { rung }),
})
const made = (material: Partial<Material>) =>
  timeline({ entries: [], waiting: [], refused: [], photos: new Map(), delivered: 0, seen: 0, clock_ms: 0, ...material })

describe('an answer', () => {
  const waiting: Waiting = { id: 'c2', order: 1, written_ms: 5, what: { kind: 'do', command: { kind: 'answer_field', field: 'floor', value: 'up', language: 'fr' } } }
  const answered: Event = { kind: 'field_answered', field: 'floor', label: 'Floor?', asked: 'Étage ?', answer: { kind: 'choice', option: 'up', label: 'Above', asked: 'Au-dessus' } }

  it('is one item from the device to the log, which has the words in which it was asked', () => {
    const [before] = made({ waiting: [waiting] })
    const [after] = made({ entries: [entry(1, 0, answered, 'c2')], waiting: [] })
    expect(before).toMatchObject({ from: 'me', safety: 'device', body: { kind: 'answer', field: 'floor', value: 'up' } })
    expect(after).toMatchObject({ key: before?.key, safety: 'safe', body: { field: 'floor', value: 'up', asked: 'Étage ?', words: 'Au-dessus' } })
  })

  it('that was refused stays to be read, with the reason', () => {
    const [item] = made({ refused: [{ waiting, code: 'no_such_field' }] })
    expect(item).toMatchObject({ safety: 'refused', refusal: 'no_such_field', body: { value: 'up' } })
  })
})

describe('what is happening', () => {
  const opened: Event = { kind: 'opened', agency: 'a', queue: 'q', category: 'fire', language: 'en', silent: false, device: { video: false, audio: false, place: false }, resident: 'r' }
  const corrects: Waiting = { id: 'c2', order: 1, written_ms: 5, what: { kind: 'do', command: { kind: 'set_category', category: 'medical' } } }
  const corrected: Event = { kind: 'category_changed', from: 'fire', category: 'medical' }

  it('is what was said last, on the device or in the log', () => {
    expect(categoryOf([], [])).toBe(null)
    expect(categoryOf([entry(1, 0, opened)], [])).toBe('fire')
    expect(categoryOf([entry(1, 0, opened)], [corrects])).toBe('medical')
    expect(categoryOf([entry(1, 0, opened), entry(2, 1, corrected, 'c2')], [])).toBe('medical')
  })

  it('is an item of its own once it was corrected, with its receipts, and with the reason where that was refused', () => {
    const [before] = made({ entries: [entry(1, 0, opened)], waiting: [corrects] })
    const [after] = made({ entries: [entry(1, 0, opened), entry(2, 1, corrected, 'c2')] })
    expect(before).toMatchObject({ from: 'me', safety: 'device', body: { kind: 'category', category: 'medical' } })
    expect(after).toMatchObject({ key: before?.key, safety: 'safe', body: { category: 'medical' } })
    expect(made({ refused: [{ waiting: corrects, code: 'too_many_changes' }] })[0]).toMatchObject({ safety: 'refused', refusal: 'too_many_changes' })
  })
})

describe('the log', () => {
  it('tells a hole from an entry that residents do not see', () => {
    const log = new Log()
    expect(log.take(entry(1, 0, said('a')))).toBe('new')
    expect(log.take(entry(4, 1, said('2 and 3 are hidden')))).toBe('new')
    expect(log.take(entry(7, 6, said('6 was lost')))).toBe('hole')
    expect(log.last).toBe(4)
    expect(log.take(entry(6, 4, said('fetched again')))).toBe('new')
    expect(log.take(entry(7, 6, said('now it fits')))).toBe('new')
    expect(log.take(entry(4, 1, said('known')))).toBe('known')
    expect(log.entries.map(({ seq }) => seq)).toEqual([1, 4, 6, 7])
  })
})

describe('receipts', () => {
  it('climb from this device to stored to safe', () => {
    expect(made({ waiting: [waits('x', 'hi')] })[0]).toMatchObject({ safety: 'device', attention: 'none' })
    expect(made({ waiting: [waits('x', 'hi', 'stored')] })[0]).toMatchObject({ safety: 'stored' })
    expect(made({ entries: [entry(3, 0, said('hi'), 'x')] })[0]).toMatchObject({ safety: 'safe' })
  })

  it('show delivered before safe when that is what happened', () => {
    const [item] = made({ entries: [entry(3, 0, said('hi'), 'x')], waiting: [waits('x', 'hi')], delivered: 3 })
    expect(item).toMatchObject({ safety: 'stored', attention: 'delivered' })
  })

  it('go from delivered to seen by the number of the entry', () => {
    const items = made({ entries: [entry(1, 0, said('a')), entry(2, 1, said('b')), entry(3, 2, said('c'))], delivered: 2, seen: 1 })
    expect(items.map(({ attention }) => attention)).toEqual(['seen', 'delivered', 'none'])
  })

  it('never show one item twice while it is both in the log and on the device', () => {
    const items = made({ entries: [entry(1, 0, said('a'), 'x')], waiting: [waits('x', 'a')] })
    expect(items).toHaveLength(1)
    expect(items[0]?.key).toBe('x:text')
    expect(made({ waiting: [waits('x', 'a')] })[0]?.key).toBe('x:text')
  })

  it('keep what was refused in view, with the reason', () => {
    const [item] = made({ refused: [{ waiting: waits('x', 'a'), code: 'text_too_long' }] })
    expect(item).toMatchObject({ safety: 'refused', refusal: 'text_too_long' })
  })
})

describe('asks and grants', () => {
  const asked: Event = { kind: 'asked', ask: 'q', medium: 'video' }

  it('leave when they are answered, also while the answer waits on the device', () => {
    const entries = [entry(1, 0, asked, 'q', true)]
    expect(openAsks(entries, [])).toHaveLength(1)
    const answer: Waiting = { id: 'a', order: 2, written_ms: 0, what: { kind: 'do', command: { kind: 'consent', medium: 'video', granted: false, ask: 'q' } } }
    expect(openAsks(entries, [answer])).toEqual([])
    expect(openAsks([...entries, entry(2, 1, { kind: 'consented', medium: 'video', granted: true, ask: 'q' })], [])).toEqual([])
  })

  it('are answered by any later word on the same medium, and asked once for each medium', () => {
    const again = entry(2, 1, { kind: 'asked', ask: 'r', medium: 'video' }, 'r', true)
    const entries = [entry(1, 0, asked, 'q', true), again]
    expect(openAsks(entries, []).map(({ ask }) => ask)).toEqual(['r'])
    expect(openAsks([...entries, entry(3, 2, { kind: 'consented', medium: 'video', granted: true })], [])).toEqual([])
  })

  it('give the newest word of the resident', () => {
    const entries = [entry(1, 0, { kind: 'consented', medium: 'video', granted: true }), entry(2, 1, { kind: 'consented', medium: 'video', granted: false })]
    expect(grants(entries, []).video).toBe(false)
  })

  it('show the newest fix of a moving device only, and every place that was typed', () => {
    const at = (method: 'device' | 'manual'): Event => ({ kind: 'located', location: { latitude: 1, longitude: 2, uncertainty_m: 3, method, age_ms: 0 } })
    const items = made({ entries: [entry(1, 0, at('device')), entry(2, 1, at('manual')), entry(3, 2, at('device')), entry(4, 3, at('manual'))] })
    expect(items.map(({ seq }) => seq)).toEqual([2, 3, 4])
  })
})
