import { describe, expect, it } from 'vitest'
import { LONGEST_PAUSE_MS, next, pause } from '../src/backoff.ts'

const half = () => 0.5

describe('coming back', () => {
  it('doubles the pause up to its bound', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 50].map((failures) => pause(failures, () => 1))
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
  })

  it('spreads clients between half of the pause and the whole', () => {
    expect(pause(50, () => 0)).toBe(LONGEST_PAUSE_MS / 2)
    expect(pause(50, half)).toBe((LONGEST_PAUSE_MS * 3) / 4)
  })

  it('takes its place in the spread of a crowd after the first try that failed', () => {
    expect(pause(0, () => 1, 30_000)).toBe(500)
    expect([pause(1, () => 0, 30_000), pause(1, () => 1, 30_000)]).toEqual([7_500, 30_000])
    expect([2, 3, 9].map((failures) => pause(failures, () => 1, 30_000))).toEqual([500, 1_000, 10_000])
  })

  it('keeps trying where the spread is short', () => {
    expect([1, 2, 3, 9].map((failures) => pause(failures, () => 1, 1_000))).toEqual([1_000, 500, 1_000, 1_000])
  })

  it('honours the ranges of close codes', () => {
    expect(next({ code: 4000, failures: 0 }, half)).toEqual({ again: 'after', pause_ms: 0 })
    expect(next({ code: 4102, failures: 0 }, half)).toEqual({ again: 'after', pause_ms: 3_000 })
    expect(next({ code: 4200, failures: 0 }, half)).toEqual({ again: 'after_change' })
    expect(next({ code: 4301, failures: 0 }, half)).toEqual({ again: 'never' })
    expect(next({ code: 1006, failures: 1 }, half)).toEqual({ again: 'after', pause_ms: 750 })
  })

  it('does not hammer a gateway that closes at once again and again', () => {
    expect(next({ code: 4000, failures: 3 }, half)).toEqual({ again: 'after', pause_ms: 3_000 })
  })

  it('takes the pause that was told', () => {
    expect(next({ code: 4100, told_ms: 10_000, failures: 0 }, half)).toEqual({ again: 'after', pause_ms: 7_500 })
  })
})
