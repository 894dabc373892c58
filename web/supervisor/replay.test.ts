import { describe, expect, it } from 'vitest'
import type { Entry } from '../sdk/src/staff.ts'
import { Replay } from './replay.ts'

const SESSION = 'a'.repeat(32)
const entry = (seq: number, at_ms: number, text: string): Entry => ({
  kind: 'entry', session: SESSION, seq, at_ms, by: { role: 'resident' }, command: 'c'.repeat(32), event: { kind: 'text', text, age_ms: 0 },
})
const entries = [entry(1, 10_000, 'one'), entry(2, 12_000, 'two'), entry(3, 60_000, 'three')]
const texts = (replay: Replay): string[] => replay.followed.view.get().messages.map(({ text }) => text)

describe('replay', () => {
  it('begins at the end, with everything, and shows what was there at a moment', () => {
    const replay = new Replay(SESSION, entries)
    expect([replay.atEnd, texts(replay)]).toEqual([true, ['one', 'two', 'three']])
    replay.seek(11_999)
    expect([replay.atEnd, texts(replay)]).toEqual([false, ['one']])
    replay.seek(12_000)
    expect(texts(replay)).toEqual(['one', 'two'])
    replay.seek(0)
    expect([replay.atMs.get(), texts(replay)]).toEqual([10_000, ['one']])
    replay.seek(1e12)
    expect([replay.atMs.get(), texts(replay)]).toEqual([60_000, ['one', 'two', 'three']])
  })

  it('goes on at its speed while it plays, and stops at the end', () => {
    const replay = new Replay(SESSION, entries)
    replay.passed(1_000)
    expect(replay.atEnd).toBe(true)
    replay.toggle()
    expect([replay.playing.get(), texts(replay)]).toEqual([true, ['one']])
    replay.passed(1_000)
    expect(replay.atMs.get()).toBe(11_000)
    replay.speed.set(16)
    replay.passed(1_000)
    expect([replay.atMs.get(), texts(replay)]).toEqual([27_000, ['one', 'two']])
    replay.toggle()
    replay.passed(1_000)
    expect([replay.playing.get(), replay.atMs.get()]).toEqual([false, 27_000])
    replay.toggle()
    replay.passed(10_000)
    expect([replay.playing.get(), replay.atEnd]).toEqual([false, true])
  })

  it('passes a silence by', () => {
    const replay = new Replay(SESSION, entries)
    replay.seek(13_000)
    replay.next()
    expect([replay.atMs.get(), texts(replay)]).toEqual([60_000, ['one', 'two', 'three']])
  })

  it('keeps the order of the log where a clock was set back', () => {
    const replay = new Replay(SESSION, [entry(1, 10_000, 'one'), entry(2, 20_000, 'two'), entry(3, 15_000, 'three')])
    expect(replay.toMs).toBe(20_000)
    replay.seek(16_000)
    expect(texts(replay)).toEqual(['one'])
    replay.seek(20_000)
    expect(texts(replay)).toEqual(['one', 'two', 'three'])
  })

  it('ends when the session ended: who looks at it later makes it no longer', () => {
    const closed: Entry = { ...entry(4, 61_000, ''), event: { kind: 'closed', disposition: 'help_sent', note: '' } }
    const watched: Entry = { ...entry(5, 9_000_000, ''), event: { kind: 'watched', staff: 'sue', as: 'supervisor' } }
    const replay = new Replay(SESSION, [...entries, closed, watched])
    expect([replay.toMs, replay.followed.view.get().entries.length]).toEqual([61_000, 5])
    replay.seek(60_500)
    expect(replay.followed.view.get().entries.length).toBe(3)
  })

  it('has nothing to show of an empty log', () => {
    const replay = new Replay(SESSION, [])
    replay.toggle()
    expect([replay.playing.get(), texts(replay)]).toEqual([false, []])
  })
})
