import { describe, expect, it } from 'vitest'
import type { Location } from '../../sdk/src/protocol.ts'
import { around, circle, grid, metresBetween, point, track } from './geometry.ts'

const at = (latitude: number, longitude: number, uncertainty_m = 50): Location => ({ latitude, longitude, uncertainty_m, method: 'gnss', age_ms: 0 })
/** Places on earth: the same meridian has many numbers. */
const turned = (longitude: number): number => longitude - 360 * Math.round(longitude / 360)
const ring = (place: Location) => (circle(place).geometry.coordinates[0] ?? []).map(([longitude = NaN, latitude = NaN]) => ({ longitude, latitude }))

describe('the circle', () => {
  const places = [at(0, 0), at(40, -100, 25), at(-54.8, -68.3, 3_000), at(71, 25.8, 30_000), at(84, 10, 50_000), at(89, 0, 5_000)]
  it.each([...places, at(52, 179.9999, 2_000), at(-16.8, -180, 800)])('is as far from its middle as its radius in all directions: $latitude, $longitude, $uncertainty_m m', (place) => {
    const corners = ring(place)
    expect(corners.length).toBeGreaterThan(32)
    for (const { longitude, latitude } of corners) {
      const far = metresBetween(place, at(latitude, turned(longitude)))
      expect(Math.abs(far / place.uncertainty_m - 1)).toBeLessThan(0.01)
    }
    expect(corners[0]?.latitude).toBeCloseTo(corners.at(-1)?.latitude ?? NaN, 9)
    expect(corners[0]?.longitude).toBeCloseTo(corners.at(-1)?.longitude ?? NaN, 9)
  })

  it('reaches north, east, south and west alike', () => {
    const [west, south, east, north] = around([at(60, 20, 1_000)])
    for (const edge of [at(60, west), at(60, east), at(south, 20), at(north, 20)]) {
      expect(metresBetween(at(60, 20), edge)).toBeGreaterThan(990)
      expect(metresBetween(at(60, 20), edge)).toBeLessThan(1_010)
    }
  })

  it('stays in one piece across 180°', () => {
    const across = ring(at(52, 179.999, 2_000)).map(({ longitude }) => longitude)
    expect(Math.max(...across) - Math.min(...across)).toBeLessThan(0.1)
    expect(Math.max(...across)).toBeGreaterThan(180)
  })

  it('is a point when the place is exact', () => {
    for (const { longitude, latitude } of ring(at(40, -100, 0))) expect([longitude, latitude]).toEqual([-100, expect.closeTo(40, 9)])
  })
})

describe('the track', () => {
  it('goes through the places in their order', () => {
    expect(track([at(1, 2), at(3, 4), at(1, 2)]).geometry.coordinates).toEqual([[2, 1], [4, 3], [2, 1]])
    expect(point(at(1, 2)).geometry.coordinates).toEqual([2, 1])
  })

  it('crosses 180° the short way, there and back', () => {
    const way = track([at(52, 179.9), at(52, -179.9), at(52, -179.8), at(52, 179.95)]).geometry.coordinates.map(([longitude]) => longitude)
    for (const [place, longitude] of [179.9, 180.1, 180.2, 179.95].entries()) expect(way[place]).toBeCloseTo(longitude, 9)
  })
})

describe('the box around places', () => {
  it('holds every circle, and a neighbourhood of what is exact', () => {
    const [west, south, east, north] = around([at(40, -100, 0), at(40.01, -99.99, 500)])
    for (const { longitude, latitude } of [...ring(at(40, -100, 60)), ...ring(at(40.01, -99.99, 500))]) {
      expect(longitude >= west && longitude <= east && latitude >= south && latitude <= north).toBe(true)
    }
  })

  it('is small across 180°', () => {
    const [west, , east] = around([at(52, 179.99), at(52, -179.99)])
    expect(east - west).toBeGreaterThan(0.02)
    expect(east - west).toBeLessThan(0.03)
  })
})

describe('the grid', () => {
  const lines = (box: Parameters<typeof grid>[0]) => {
    const all = grid(box).features.map(({ geometry: { coordinates: [[x1 = NaN, y1 = NaN] = [], [x2 = NaN, y2 = NaN] = []] } }) => ({ x1, y1, x2, y2 }))
    return { up: all.filter(({ x1, x2 }) => x1 === x2), across: all.filter(({ y1, y2 }) => y1 === y2), count: all.length }
  }

  it.each([[[-180, -85, 180, 85]], [[-100.02, 39.99, -99.98, 40.01]], [[5, 50, 8, 51]], [[179.9, 51.9, 180.2, 52]]] as const)(
    'has some lines and no wall of them, from edge to edge: %j', (box) => {
      const [west, south, east, north] = box
      const { up, across, count } = lines(box)
      expect(up.length + across.length).toBe(count)
      expect(up.length).toBeGreaterThan(0)
      for (const some of [up, across]) expect(some.length).toBeLessThanOrEqual(13)
      for (const { x1, y1, y2 } of up) expect([y1, y2, x1 >= west && x1 <= east]).toEqual([south, north, true])
      for (const { y1, x1, x2 } of across) expect([x1, x2, y1 >= south && y1 <= north]).toEqual([west, east, true])
    },
  )

  it('stands at whole steps, so that it does not move with the map', () => {
    expect(lines([0.0004, 0.0004, 0.0046, 0.0046]).up.map(({ x1 }) => Math.round(x1 * 1e6))).toEqual([1_000, 2_000, 3_000, 4_000])
  })
})
