// Shapes for the map out of places: a circle of uncertainty, a track, a grid of latitude and longitude.
//
// Owns: the geometry. Pure. Must not: know the map library. Used by: `map.ts`; tests.
import type { Feature, FeatureCollection, LineString, Point, Polygon, Position } from 'geojson'
import type { Location } from '../../sdk/src/protocol.ts'

/** Metres in a degree of latitude, near enough for a circle on a screen. */
const METRES_PER_DEGREE = 111_320
/** Corners of a circle: round to the eye at the sizes shown. */
const CORNERS = 64
/** Steps of the grid in degrees; the finest is about 100 m. */
const STEPS = [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
/** Lines of the grid in one direction; more would be a wall. */
const LINES_MAX = 12

/** West, south, east, north in degrees. */
export type Box = readonly [number, number, number, number]

/** The circle that holds the device with 95 % confidence. */
export function circle({ latitude, longitude, uncertainty_m }: Location): Feature<Polygon> {
  const up = uncertainty_m / METRES_PER_DEGREE
  const across = up / Math.max(0.01, Math.cos((latitude * Math.PI) / 180))
  const ring = Array.from({ length: CORNERS + 1 }, (_, corner): Position => {
    const angle = (2 * Math.PI * corner) / CORNERS
    return [longitude + across * Math.cos(angle), latitude + up * Math.sin(angle)]
  })
  return { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } }
}

/** The way the device took. */
export function track(places: readonly Location[]): Feature<LineString> {
  return { type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: places.map(position) } }
}

/** A point. */
export function point(place: Location): Feature<Point> {
  return { type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: position(place) } }
}

/** The box around places and their circles. */
export function around(places: readonly Location[]): Box {
  const rings = places.flatMap((place) => circle({ ...place, uncertainty_m: Math.max(place.uncertainty_m, 60) }).geometry.coordinates[0] ?? [])
  const across = rings.map(([longitude]) => longitude ?? 0)
  const up = rings.map(([, latitude]) => latitude ?? 0)
  return [Math.min(...across), Math.min(...up), Math.max(...across), Math.max(...up)]
}

/** Lines of latitude and longitude through a box, as fine as fits. */
export function grid([west, south, east, north]: Box): FeatureCollection<LineString> {
  const span = Math.max(east - west, north - south)
  const step = [...STEPS].reverse().find((each) => span / each <= LINES_MAX) ?? 10
  const lines: Position[][] = []
  for (let at = Math.ceil(west / step) * step; at <= east; at += step) lines.push([[at, south], [at, north]])
  for (let at = Math.ceil(south / step) * step; at <= north; at += step) lines.push([[west, at], [east, at]])
  return {
    type: 'FeatureCollection',
    features: lines.map((coordinates) => ({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } })),
  }
}

/** Metres between two places on a sphere. */
export function metresBetween(a: Location, b: Location): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180
  const half = (from: number, to: number): number => Math.sin(radians(to - from) / 2) ** 2
  const h = half(a.latitude, b.latitude) + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude)
  return 2 * 6_371_000 * Math.asin(Math.min(1, Math.sqrt(h)))
}

function position({ latitude, longitude }: Location): Position {
  return [longitude, latitude]
}
