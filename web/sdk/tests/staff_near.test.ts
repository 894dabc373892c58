import { describe, expect, it } from 'vitest'
import type { SessionRow } from '../src/protocol.ts'
import { near } from '../src/staff-near.ts'
import { row, sid } from './staff_rows.ts'

const MINUTE_MS = 60_000
/** A hundred metres in degrees of latitude. */
const HUNDRED_M = 0.0009

function at(id: string, metres: number, change: Partial<SessionRow> = {}): SessionRow {
  const place = { latitude: 40 + (metres / 100) * HUNDRED_M, longitude: -100, uncertainty_m: 20, service: false }
  return row(id, { category: 'fire', entered_ms: 3_600_000, place, ...change })
}

describe('reports of one event', () => {
  const fire = at('1', 0)
  const found = (...rows: SessionRow[]): string[] => near(fire, [fire, ...rows]).map(({ row: one }) => one.session)

  it('are near each other, the nearest first, with metres and minutes', () => {
    expect(found(at('2', 250), at('3', 90), at('4', 400))).toEqual([sid('3'), sid('2')])
    const [first] = near(fire, [at('2', 250, { entered_ms: fire.entered_ms + 4 * MINUTE_MS })])
    expect(first?.metres).toBeGreaterThan(240)
    expect(first?.metres).toBeLessThan(260)
    expect(first?.apartMs).toBe(4 * MINUTE_MS)
  })

  it('come at about the same time', () => {
    expect(found(at('2', 10, { entered_ms: fire.entered_ms - 29 * MINUTE_MS }), at('3', 10, { entered_ms: fire.entered_ms - 31 * MINUTE_MS }))).toEqual([sid('2')])
  })

  it('are of the same sort, or of one that people may call so', () => {
    expect(found(at('2', 10, { category: 'hazard' }), at('3', 20, { category: 'other' }), at('4', 10, { category: 'property_crime' }))).toEqual([sid('2'), sid('3')])
  })

  it('are not told from a wide circle, from no place, or from a test', () => {
    const wide = { latitude: 40, longitude: -100, uncertainty_m: 2_000, service: false }
    const { place: _, ...nowhere } = at('3', 0)
    expect(found(at('2', 0, { place: wide }), nowhere, at('4', 0, { test: true }))).toEqual([])
    expect(near({ ...fire, place: wide }, [at('2', 0)])).toEqual([])
  })

  it('are not those that were linked already, and of another incident the nearest stands for all', () => {
    const [ours, theirs] = [{ incident: sid('7') }, { incident: sid('8') }]
    const rows = [at('2', 20, ours), at('3', 30, theirs), at('4', 40, theirs), at('5', 50)]
    expect(near({ ...fire, ...ours }, rows).map(({ row: one }) => one.session)).toEqual([sid('3'), sid('5')])
    expect(near(fire, rows).map(({ row: one }) => one.session)).toEqual([sid('2'), sid('3'), sid('5')])
  })

  it('are found across the line where the days change', () => {
    const [east, west] = [179.9995, -179.9995].map((longitude) => ({ latitude: 0, longitude, uncertainty_m: 5, service: true }))
    if (!east || !west) throw new Error('two places')
    expect(near({ ...fire, place: east }, [at('2', 0, { place: west })])).toHaveLength(1)
  })
})
