// The place that a photo claims: read where there is one, and an end on every file.
import { describe, expect, it } from 'vitest'
import { placed } from '../stories/resident_hands.ts'
import { holdsPlace, placeIn } from './photo_place.ts'

const plain = Buffer.from([0xff, 0xd8, 0xff, 0xdb, 0, 4, 0, 0, 0xff, 0xd9])
const file = (bytes: Buffer): File => new File([new Uint8Array(bytes)], 'a.jpg', { type: 'image/jpeg', lastModified: 1_000 })
const with_place = placed({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: plain }, -33.8567, 151.2153, 10).buffer

describe('the place that a photo claims', () => {
  it('is found and marked as claimed, with how far off it may be in 95 of 100 cases', async () => {
    expect(await holdsPlace(file(with_place))).toBe(true)
    const place = await placeIn(file(with_place), 61_000)
    expect(place).toMatchObject({ method: 'claimed', uncertainty_m: 16, age_ms: 60_000 })
    expect(place?.latitude).toBeCloseTo(-33.8567, 4)
    expect(place?.longitude).toBeCloseTo(151.2153, 4)
  })

  it('is not there in a photo without one, nor in what is no JPEG', async () => {
    for (const bytes of [plain, Buffer.alloc(0), Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), Buffer.alloc(300, 0xff)]) {
      expect(await holdsPlace(file(bytes))).toBe(false)
      expect(await placeIn(file(bytes), 0)).toBe(null)
    }
  })

  it('ends, with a place on the earth or none, whatever was damaged', async () => {
    let seed = 7
    const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below
    for (let nth = 0; nth < 500; nth += 1) {
      const bytes = Buffer.from(with_place)
      for (let change = 0; change <= random(6); change += 1) bytes[2 + random(bytes.length - 2)] = random(256)
      const place = await placeIn(file(bytes.subarray(0, random(8) === 0 ? random(bytes.length) : bytes.length)), 0)
      if (place !== null) expect(Math.abs(place.latitude) <= 90 && Math.abs(place.longitude) <= 180 && place.uncertainty_m >= 0 && place.age_ms >= 0).toBe(true)
    }
  })
})
