// Sessions that may be reports of one event: near each other, at about the same time, of the same sort.
//
// Owns: the rule. Pure. Must not: link anything: it suggests, and a person decides. Used by: the console; reference for native consoles.
import { metresBetween } from './coordinates.ts'
import type { Category, SessionRow } from './protocol.ts'

/** Reports of one event lie within this of each other, in metres: a fire is seen from the streets around it. */
export const NEAR_M = 300
/** … and come within this of each other, in ms. */
export const NEAR_MS = 30 * 60_000
/** A wider circle than this, in metres, is in half of a town: it says nothing about being near. */
const SHARP_M = 500

/** What people may call one and the same event. Anything goes with itself and with `other`. */
const AKIN: readonly ReadonlySet<Category>[] = [
  new Set<Category>(['fire', 'hazard']), new Set<Category>(['traffic', 'medical']), new Set<Category>(['violence', 'medical']),
  new Set<Category>(['violence', 'property_crime']), new Set<Category>(['missing_person', 'welfare']),
]

/** A session that may be about the same event as another. */
export interface Near {
  readonly row: SessionRow
  readonly metres: number
  /** How long before (negative) or after the other it came, in ms. */
  readonly apartMs: number
}

/**
 * Those of these sessions that may be about the same event as this one, the nearest first. What was linked to it already is none; of
 * another incident the nearest stands for all.
 */
export function near(one: SessionRow, rows: readonly SessionRow[]): readonly Near[] {
  const { place } = one
  if (!place || place.uncertainty_m > SHARP_M) return []
  const found: Near[] = []
  for (const row of rows) {
    if (row.session === one.session || !row.place || row.place.uncertainty_m > SHARP_M || !akin(one.category, row.category)) continue
    if (row.incident !== undefined && row.incident === one.incident) continue
    if (!comparable(one, row)) continue
    const [metres, apartMs] = [metresBetween(place, row.place), row.entered_ms - one.entered_ms]
    if (metres <= NEAR_M && Math.abs(apartMs) <= NEAR_MS) found.push({ row, metres: Math.round(metres), apartMs })
  }
  found.sort((a, b) => a.metres - b.metres || Math.abs(a.apartMs) - Math.abs(b.apartMs))
  const told = new Set<string>()
  return found.filter(({ row: { incident } }) => {
    if (incident === undefined) return true
    const fresh = !told.has(incident)
    told.add(incident)
    return fresh
  })
}

/** Whether two sessions can be about one event at all: a test is about nothing. */
export function comparable(a: SessionRow, b: SessionRow): boolean {
  return (a.test ?? false) === (b.test ?? false)
}

function akin(a: Category, b: Category): boolean {
  return a === b || a === 'other' || b === 'other' || AKIN.some((kind) => kind.has(a) && kind.has(b))
}
