// The place that a photo itself claims: what its camera wrote into it. A lazy chunk, fetched with the first photo.
//
// Owns: whether there is one, and reading it. Must not: read it before the person said yes, keep it, or send it. Used by:
// `photo_places.svelte.ts`.
import { parse } from 'exifr/dist/mini.esm.mjs'
import { BOUNDS, type Location } from '../sdk/src/protocol.ts'

/** Tags of the place in a photo's metadata (Exif 2.32, table 15). */
const TAG = { latitude: 2, longitude: 4, time: 7, date: 29, accuracy: 31 } as const
/** The metadata stand at the beginning of a file, in bytes: more of it is not looked at, whatever the file says of itself. */
const HEAD_BYTES = 128 * 1_024
/** Nothing else of a photo's metadata is looked at. */
const NOTHING = { ifd0: false, ifd1: false, exif: false, interop: false, jfif: false, iptc: false, xmp: false, icc: false, gps: false } as const
/** What a photo does not say is taken as this far, in metres: phones are seldom worse outdoors. */
const UNSAID_M = 100
/** Cameras tell 68 %, a `Location` holds the device with 95 %. */
const TO_95_PERCENT = 1.6

/** A place that a photo claims. */
export type Claim = Location & { method: 'claimed' }

/** Whether a photo says where it was taken. A file that cannot be read says nothing. */
export async function holdsPlace(photo: Blob): Promise<boolean> {
  return (await read(photo, [TAG.latitude]))[TAG.latitude] !== undefined
}

/** Where a photo says it was taken, and how long ago; `null` where it says nothing that can be a place. */
export async function placeIn(photo: File, nowMs: number): Promise<Claim | null> {
  const found = await read(photo, [1, TAG.latitude, 3, TAG.longitude, TAG.time, TAG.date, TAG.accuracy])
  const [latitude, longitude, accuracy] = [Number(found['latitude']), Number(found['longitude']), Number(found[TAG.accuracy])]
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return null
  const uncertainty_m = accuracy > 0 ? Math.min(BOUNDS.UNCERTAINTY_MAX_M, accuracy * TO_95_PERCENT) : UNSAID_M
  return { latitude, longitude, uncertainty_m, method: 'claimed', age_ms: age(found, photo, nowMs) }
}

/** These tags of a JPEG. Of other kinds the library's readers do not end on every file: they say nothing. */
async function read(photo: Blob, tags: readonly number[]): Promise<Readonly<Record<string | number, unknown>>> {
  const head = await photo.slice(0, HEAD_BYTES).arrayBuffer()
  const [first, second] = new Uint8Array(head)
  if (first !== 0xff || second !== 0xd8) return {}
  return (await parse(head, { ...NOTHING, gps: tags }).catch(() => undefined)) ?? {}
}

/** By the satellites' clock where the photo has it, else by the file's. */
function age(found: Readonly<Record<string | number, unknown>>, photo: File, nowMs: number): number {
  const [day, clock] = [found[TAG.date], found[TAG.time]]
  const [year, month, date] = typeof day === 'string' ? day.split(':').map(Number) : []
  const [hour, minute, second] = Array.isArray(clock) ? clock.map(Number) : []
  const fixed = Date.UTC(year ?? NaN, (month ?? NaN) - 1, date, hour, minute, second)
  const taken = Number.isNaN(fixed) ? photo.lastModified : fixed
  return Math.round(Math.min(BOUNDS.AGE_MAX_MS, Math.max(0, nowMs - taken)))
}
