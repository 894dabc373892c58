import { describe, expect, it } from 'vitest'
import { piled, touch, type Mark } from './piles.ts'

const spot = (session: string, x: number, y: number, priority = 3): Mark => ({ session, x, y, priority })
/** As many places around a fire, close in the middle and thinner outside. */
const crowd = (count: number): Mark[] => Array.from({ length: count }, (_, n) => {
  const [turn, far] = [n * 2.399963, 260 * (n / count) ** 2]
  return spot(`s${String(n).padStart(4, '0')}`, 400 + far * Math.cos(turn), 300 + far * Math.sin(turn), 1 + (n % 5))
})

describe('marks on a map', () => {
  it('of a dense fire never touch, and every session is under one of them', () => {
    for (const count of [2, 30, 120, 500]) {
      const piles = piled(crowd(count))
      expect(piles.flatMap(({ sessions }) => sessions).sort()).toEqual(crowd(count).map(({ session }) => session))
      const touching = piles.flatMap((one, n) => piles.slice(n + 1).filter((other) => touch(one, other)))
      expect(touching).toEqual([])
    }
    expect(piled(crowd(120)).length, 'who stands apart stays apart').toBeGreaterThan(10)
  })

  it('stand alone where there is room, and as one pile with the most urgent of it where there is none', () => {
    expect(piled([spot('a', 0, 0), spot('b', 28, 0)]).map(({ sessions }) => sessions.length)).toEqual([1, 1])
    expect(piled([spot('a', 0, 0, 4), spot('b', 10, 20, 2), spot('c', 300, 0, 1)])).toEqual([
      { sessions: ['a', 'b'], x: 0, y: 0, top: 2 }, { sessions: ['c'], x: 300, y: 0, top: 1 },
    ])
  })

  it('a label that grew takes what it would cover', () => {
    // Beside a mark there is room at 40 px; beside a label with a count there is none.
    const piles = piled([spot('a', 0, 0), spot('b', 40, 0), spot('c', 0, 1)])
    expect(piles.map(({ sessions }) => [...sessions].sort())).toEqual([['a', 'b', 'c']])
  })

  it('say of no wide field that it is one place', () => {
    // 500 all over a town, some 40 px apart: a few lie on one another, and nothing else is gathered up by them.
    const field = Array.from({ length: 500 }, (_, n) => spot(`s${String(n).padStart(4, '0')}`, (n * 397) % 900, (n * 601) % 720))
    const largest = Math.max(...piled(field).map(({ sessions }) => sessions.length))
    expect(largest).toBeLessThanOrEqual(24)
  })

  it('are the same in whatever order the list comes', () => {
    expect(piled(crowd(90).reverse())).toEqual(piled(crowd(90)))
  })
})
