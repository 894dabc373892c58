// Shapes for the map out of places: a circle of uncertainty, a track, a grid of latitude and longitude.
//
// Owns: the geometry. Pure. Must not: know the map library. Used by: the maps; tests.
import type { Feature, FeatureCollection, LineString, Point, Polygon, Position } from 'geojson'
import type { Location } from '../../sdk/src/protocol.ts'

export { metresBetween } from '../../sdk/src/coordinates.ts'

/** Fixes that were measured or told; those that a photo claims only where there are no others. */
export function measured<F extends { readonly location: Location }>(fixes: readonly F[]): readonly F[] {
  const own = fixes.filter(({ location }) => location.method !== 'claimed')
  return own.length > 0 ? own : fixes
}

/** Radius of the sphere that stands for the earth, in metres. */
const EARTH_M = 6_371_000
/** Corners of a circle: round to the eye at the sizes shown. */
const CORNERS = 64
/** Around a place at least so many metres are shown, so that a sharp fix still has a neighbourhood. */
const AROUND_M = 60
/** Steps of the grid in degrees; the finest is about 100 m. */
const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
/** Lines of the grid in one direction; more would be a wall. */
const LINES_MAX = 12

/** A place as far as a map cares. */
export type Spot = Pick<Location, 'latitude' | 'longitude' | 'uncertainty_m'>

/** West, south, east, north in degrees. */
export type Box = readonly [number, number, number, number]

/** The circle that holds the device with 95 % confidence. Across 180° it goes on beyond 180, in one piece. */
export function circle({ latitude, longitude, uncertainty_m }: Spot): Feature<Polygon> {
  const arc = uncertainty_m / EARTH_M
  const up = radians(latitude)
  const ring = Array.from({ length: CORNERS + 1 }, (_, corner): Position => {
    const bearing = (2 * Math.PI * corner) / CORNERS
    const sine = Math.sin(up) * Math.cos(arc) + Math.cos(up) * Math.sin(arc) * Math.cos(bearing)
    const across = Math.atan2(Math.sin(bearing) * Math.sin(arc) * Math.cos(up), Math.cos(arc) - Math.sin(up) * sine)
    return [longitude + degrees(across), degrees(Math.asin(Math.max(-1, Math.min(1, sine))))]
  })
  return { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } }
}

/** The way the device took: across 180° the short way, not around the world. */
export function track(places: readonly Spot[]): Feature<LineString> {
  return { type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: joined(places).map(position) } }
}

/** A point. */
export function point(place: Spot): Feature<Point> {
  return { type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: position(place) } }
}

/** The box around places and their circles. */
export function around(places: readonly Spot[]): Box {
  const wide = joined(places).map((place) => ({ ...place, uncertainty_m: Math.max(place.uncertainty_m, AROUND_M) }))
  const rings = wide.flatMap((place) => circle(place).geometry.coordinates[0] ?? [])
  const across = rings.map(([longitude]) => longitude ?? 0)
  const up = rings.map(([, latitude]) => latitude ?? 0)
  return [Math.min(...across), Math.min(...up), Math.max(...across), Math.max(...up)]
}

/** Lines of latitude and longitude through a box, as fine as fits. */
export function grid([west, south, east, north]: Box): FeatureCollection<LineString> {
  const span = Math.max(east - west, north - south)
  const step = STEPS.find((each) => span / each <= LINES_MAX) ?? 30
  const lines: Position[][] = []
  for (let at = Math.ceil(west / step) * step; at <= east; at += step) lines.push([[at, south], [at, north]])
  for (let at = Math.ceil(south / step) * step; at <= north; at += step) lines.push([[west, at], [east, at]])
  return {
    type: 'FeatureCollection',
    features: lines.map((coordinates) => ({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } })),
  }
}

/** Each place on the turn of the earth that is nearest to the one before it: 179°, then 181° and not -179°. */
function joined(places: readonly Spot[]): Spot[] {
  let before: number | undefined
  return places.map((place) => {
    const turns = before === undefined ? 0 : Math.round((before - place.longitude) / 360)
    before = place.longitude + 360 * turns
    return { ...place, longitude: before }
  })
}

function radians(angle: number): number {
  return (angle * Math.PI) / 180
}

function degrees(angle: number): number {
  return (angle * 180) / Math.PI
}

function position({ latitude, longitude }: Spot): Position {
  return [longitude, latitude]
}
