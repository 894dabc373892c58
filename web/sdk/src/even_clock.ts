// A device's clock that goes on evenly while a page is open, whoever sets the device's clock anew.
//
// Owns: telling a clock that was set from time that has passed. Must not: know the gateway's clock; its offset is taken against this one
// at each welcome. Used by: `resident.ts`, `staff.ts`.

/**
 * A jump of the clock against the time that has passed counts as set anew from this on, in ms. Less may be a device that slept while
 * its link lived on, where the clock is right; whoever sleeps longer loses the link, and the next welcome says what time it is.
 */
const SET_ANEW_MS = 60_000

/** ms since 1970 by this device, without the jumps. */
export class EvenClock {
  readonly #wall: () => number
  readonly #passed: () => number
  #apart_ms: number
  #shift_ms = 0

  /** `wall`: the device's clock; `passed`: one that never goes back and that nobody sets. Both in ms. */
  constructor(wall: () => number = () => Date.now(), passed: () => number = () => performance.now()) {
    this.#wall = wall
    this.#passed = passed
    this.#apart_ms = wall() - passed()
  }

  /** Whole ms. */
  now(): number {
    const wall = this.#wall()
    const apart_ms = wall - this.#passed()
    const jump_ms = apart_ms - this.#apart_ms
    if (Math.abs(jump_ms) >= SET_ANEW_MS) {
      this.#apart_ms = apart_ms
      this.#shift_ms -= jump_ms
    }
    return Math.round(wall + this.#shift_ms)
  }
}
