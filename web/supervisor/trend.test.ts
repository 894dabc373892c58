import { describe, expect, it } from 'vitest'
import type { Board } from '../sdk/src/protocol.ts'
import { cell, csv, EVERY_MS, sampled, SAMPLES_MAX, type Sample } from './trend.ts'

const board = (now_ms: number): Board => ({
  now_ms, people: [], guarantee: 'local_disk',
  queues: [{ queue: 'main', waiting: 2, waiting_by_priority: [0, 0, 2, 0, 0], longest_since_ms: now_ms - 7_900, answered: 3, answered_in_target: 2, abandoned: 1, staffed: 1 }],
})

describe('trend', () => {
  it('keeps a sample every five seconds, and no more than its bound', () => {
    let samples: readonly Sample[] = []
    for (let place = 0; place < SAMPLES_MAX + 10; place += 1) {
      samples = sampled(samples, board(place * EVERY_MS))
      samples = sampled(samples, board(place * EVERY_MS + 1_000))
    }
    expect(samples.length).toBe(SAMPLES_MAX)
    expect(samples.at(-1)?.atMs).toBe((SAMPLES_MAX + 9) * EVERY_MS)
    expect(samples[0]?.queues['main']).toEqual({ waiting: 2, longest: 7, share: 66, answered: 3, abandoned: 1 })
  })

  it('writes a name that a spreadsheet would run as text', () => {
    for (const name of ['=HYPERLINK("x")', '+1', '-1', '@x', '\tx']) expect(cell(name).startsWith(`"'`)).toBe(true)
    expect(cell('Fire, "medical"')).toBe('"Fire, ""medical"""')
    expect(cell(undefined)).toBe('')
    const text = csv(sampled([], board(0)), () => '=main')
    expect(text.split('\r\n')[1]).toBe(`1970-01-01T00:00:00.000Z,"'=main",2,7,66,3,1`)
  })
})
