import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RealTimeText } from '../src/protocol.ts'
import { TYPING_FLUSH_MS, TypingReader, TypingWriter } from '../src/staff-typing.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function pair() {
  const parts: RealTimeText[] = []
  const writer = new TypingWriter('m', (part) => parts.push(part) > 0)
  const type = (draft: string): void => {
    writer.write(draft)
    vi.advanceTimersByTime(TYPING_FLUSH_MS)
  }
  return { parts, writer, type }
}

describe('typing', () => {
  it('leaves within 300 ms and carries only what changed', () => {
    const { parts, type } = pair()
    expect(TYPING_FLUSH_MS).toBeLessThanOrEqual(300)
    type('there is smok')
    type('there is smoke')
    expect(parts).toEqual([
      { message: 'm', part: 0, from: 0, text: 'there is smok' },
      { message: 'm', part: 1, from: 13, text: 'e' },
    ])
  })

  it('reads back what was written, with characters outside the basic plane and deletions', () => {
    const seed = Date.now()
    console.log(`seed ${String(seed)}`)
    let state = seed % 2_147_483_647
    const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below
    const { parts, type } = pair()
    const reader = new TypingReader()
    let draft: string[] = []
    for (let turn = 0; turn < 200; turn += 1) {
      draft = [...draft.slice(0, random(draft.length + 1)), ...['a', '🔥', 'é', ' ', 'ب'].slice(random(5))]
      type(draft.join(''))
    }
    const read = parts.map((part) => reader.take(part).text)
    expect(read.at(-1)).toBe(draft.join(''))
  })

  it('marks what was lost, and is mended by the next whole part', () => {
    const reader = new TypingReader()
    reader.take({ message: 'm', part: 0, from: 0, text: 'ab' })
    expect(reader.take({ message: 'm', part: 2, from: 3, text: 'd' }).text).toBe('ab\uFFFDd')
    expect(reader.take({ message: 'm', part: 3, from: 0, text: 'abcde' }).text).toBe('abcde')
  })
})
