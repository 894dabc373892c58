import { describe, expect, it } from 'vitest'
import type { Location } from '../src/protocol.ts'
import { metres, PlaceWatch, worth, type Fix } from '../src/place.ts'

const fix = (latitude: number, uncertainty_m = 8): Fix => ({ latitude, longitude: 4.9, uncertainty_m, found_ms: 0 })
// One ten-thousandth of a degree north is about 11 m.
const step = 0.0001

describe('the device’s place', () => {
  it('goes out at once, then when it moved, got better, or rests for long', () => {
    const sent = { fix: fix(52), at_ms: 0 }
    expect(worth(fix(52), null, 0)).toBe(true)
    expect(worth(fix(52 + 5 * step), sent, 1_000)).toBe(false)
    expect(worth(fix(52 + 5 * step), sent, 4_000)).toBe(true)
    expect(worth(fix(52 + step / 2), sent, 4_000)).toBe(false)
    expect(worth(fix(52, 3), sent, 4_000)).toBe(true)
    expect(worth(fix(52), sent, 30_000)).toBe(true)
  })

  it('does not take noise for movement', () => {
    expect(worth(fix(52 + 2 * step, 80), { fix: fix(52, 80), at_ms: 0 }, 5_000)).toBe(false)
  })

  it('measures short ways', () => {
    expect(metres(fix(52), fix(52 + step))).toBeCloseTo(11.1, 0)
  })

  it('carries uncertainty and age, and stops when told', () => {
    const out: Location[] = []
    let found: PositionCallback = () => undefined
    let cleared = 0
    const watch = new PlaceWatch(
      { watchPosition: (ok) => ((found = ok), 7), clearWatch: (id) => (cleared = id) },
      (location) => out.push(location),
      () => 10_000,
    )
    watch.start()
    found({ coords: { latitude: 52, longitude: 4.9, accuracy: 250_000 }, timestamp: 7_500 } as GeolocationPosition)
    expect(out).toEqual([{ latitude: 52, longitude: 4.9, uncertainty_m: 100_000, method: 'device', age_ms: 2_500 }])
    watch.stop()
    expect(cleared).toBe(7)
    expect(watch.state.get()).toEqual({ at: 'off' })
  })

  it('says when the device does not allow it', () => {
    let failed: PositionErrorCallback = () => undefined
    const watch = new PlaceWatch({ watchPosition: (_, bad) => ((failed = bad ?? failed), 1), clearWatch: () => undefined }, () => undefined)
    watch.start()
    failed({ code: 1 } as GeolocationPositionError)
    expect(watch.state.get()).toEqual({ at: 'failed', why: 'denied' })
  })
})
