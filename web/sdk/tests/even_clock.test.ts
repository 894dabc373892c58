import { expect, it } from 'vitest'
import { EvenClock } from '../src/even_clock.ts'

const HOUR_MS = 3_600_000

function made() {
  const device = { wall: 1_790_000_000_000, passed: 5_000 }
  const clock = new EvenClock(() => device.wall, () => device.passed)
  const pass = (ms: number): void => {
    device.wall += ms
    device.passed += ms
  }
  return { device, clock, pass, began: device.wall }
}

it.each([2, -3])('a clock that is set %i hours anew goes on as if nothing were', (hours) => {
  const { device, clock, pass, began } = made()
  pass(1_000)
  device.wall += hours * HOUR_MS
  expect(clock.now()).toBe(began + 1_000)
  pass(4_000)
  expect(clock.now()).toBe(began + 5_000)
  device.wall -= hours * HOUR_MS
  pass(1_000)
  expect(clock.now()).toBe(began + 6_000)
})

it('a device that slept for a moment has the right time', () => {
  const { device, clock, began } = made()
  device.wall += 20_000
  expect(clock.now()).toBe(began + 20_000)
})
