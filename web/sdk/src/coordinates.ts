// Coordinates that somebody typed or pasted: "52.3702, 4.8952", a geo: address, a map's link.
//
// Owns: reading them. Must not: guess; a street is not a point. Used by: `resident.ts`, the page.

/** A point on the earth, degrees of WGS 84. */
export interface Point {
  latitude: number
  longitude: number
}

/** Two numbers with a point or a comma for fractions, told apart by a comma with space, a semicolon or space. */
const PAIR = /(?:^|[^\d.,])([+-]?\d{1,2}[.,]\d{2,})\s*°?\s*([NS])?\s*(?:[,;/]|\s)\s*([+-]?\d{1,3}[.,]\d{2,})\s*°?\s*([EW])?(?![\d.,]*\d)/i

/** The point in a text, or `null` where there is none. */
export function coordinatesIn(text: string): Point | null {
  const found = PAIR.exec(text.slice(0, 500))
  if (found === null) return null
  const latitude = signed(found[1], found[2], 'S')
  const longitude = signed(found[3], found[4], 'W')
  return point(latitude, longitude)
}

/** A point from two fields, or `null` where it is not on the earth. */
export function point(latitude: number, longitude: number): Point | null {
  const good = Number.isFinite(latitude) && Number.isFinite(longitude) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
  return good ? { latitude, longitude } : null
}

/** A number somebody typed, with a point or a comma. */
export function typedNumber(text: string): number {
  const plain = text.trim().replace(',', '.')
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : Number.NaN
}

/** The point so many metres north and east of another; good for the short ways a correction goes. */
export function moved({ latitude, longitude }: Point, north_m: number, east_m: number): Point {
  const degrees = 180 / Math.PI / EARTH_M
  const north = Math.max(-90, Math.min(90, latitude + north_m * degrees))
  const east = longitude + (east_m * degrees) / Math.max(0.01, Math.cos((latitude * Math.PI) / 180))
  return { latitude: north, longitude: ((east + 540) % 360) - 180 }
}

/** Earth's mean radius in metres. */
const EARTH_M = 6_371_000

function signed(number: string | undefined, side: string | undefined, negative: string): number {
  const value = typedNumber(number ?? '')
  return side?.toUpperCase() === negative ? -Math.abs(value) : value
}

/** Metres between two places on a sphere. */
export function metresBetween(a: Point, b: Point): number {
  const half = (from: number, to: number): number => Math.sin(((to - from) * Math.PI) / 360) ** 2
  const level = Math.cos((a.latitude * Math.PI) / 180) * Math.cos((b.latitude * Math.PI) / 180)
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(half(a.latitude, b.latitude) + level * half(a.longitude, b.longitude))))
}
