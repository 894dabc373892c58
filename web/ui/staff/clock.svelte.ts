// The gateway's clock on the screen: ages and waits tick on it, never on the device's.
//
// Owns: one timer for everything that ticks, and how durations and times are written. Must not: know what is measured.
import { createSubscriber } from 'svelte/reactivity'

/** Ticks once a second while somebody looks. */
export class Clock {
  readonly #read: () => number
  readonly #subscribe: () => void

  constructor(read: () => number) {
    this.#read = read
    this.#subscribe = createSubscriber((update) => {
      const timer = setInterval(update, 1_000)
      return () => clearInterval(timer)
    })
  }

  /** Whole ms since 1970 by the gateway's clock. */
  get now(): number {
    this.#subscribe()
    return this.#read()
  }
}

/** `m:ss`, or `h:mm:ss` from an hour on. Never below zero. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const two = (number: number): string => String(number).padStart(2, '0')
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  return hours > 0 ? `${String(hours)}:${two(minutes)}:${two(rest)}` : `${String(minutes)}:${two(rest)}`
}

/** `hh:mm:ss`, 24 hours, in the device's zone. */
export function time(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB', { hour12: false })
}

/** Day and time, for what may lie days back. */
export function dated(ms: number): string {
  return new Date(ms).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
}

/** The whole moment with its zone, for a title. */
export function moment(ms: number): string {
  return new Date(ms).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'long' })
}
