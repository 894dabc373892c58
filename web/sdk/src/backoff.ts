// When to connect again. Pure: time and chance are given.
//
// Close codes: 4000-4099 again at once; 4100-4199 after the pause that was told, or 1 to 5 s; 4200-4299 only after the
// owner did something; 4300-4399 not again; everything else (lost link, proxy, crash) with exponential back-off.

/** First pause after a lost link, in ms: short, because most losses are a change of network. */
export const FIRST_PAUSE_MS = 500
/** Longest pause, in ms. Higher saves the gateway after an outage; lower gets a resident back sooner. */
export const LONGEST_PAUSE_MS = 10_000
/** A connection that lived this long, in ms, proves the gateway well: the back-off starts anew. */
export const PROVEN_AFTER_MS = 5_000

/** What to do after a connection ended. */
export type Next = { again: 'after'; pause_ms: number } | { again: 'after_change' } | { again: 'never' }

/** What is known about the end of a connection. */
export interface Ending {
  /** Close code; 1006 when there was none. */
  code: number
  /** Pause told by a `reconnect` message, in ms. */
  told_ms?: number
  /** Connections that failed in a row before this one, 0 when the link was proven. */
  failures: number
  /** How far the gateway said that clients spread who lose it together, in ms. */
  spread_ms?: number
}

/** Decides. `random` gives numbers from 0 to below 1. */
export function next(ending: Ending, random: () => number): Next {
  const { code, told_ms, failures } = ending
  if (code >= 4300 && code <= 4399) return { again: 'never' }
  if (code >= 4200 && code <= 4299) return { again: 'after_change' }
  if (told_ms !== undefined) return after(told_ms / 2 + (random() * told_ms) / 2)
  if (code >= 4100 && code <= 4199) return after(1_000 + random() * 4_000)
  if (code >= 4000 && code <= 4099 && failures === 0) return after(0)
  return after(pause(failures, random, ending.spread_ms))
}

/**
 * Exponential pause with jitter: between half of it and the whole. In a crowd the first try that failed is followed by a place in the
 * spread that was told, and only then by pauses that grow, none longer than the spread.
 */
export function pause(failures: number, random: () => number, spread_ms = 0): number {
  if (spread_ms > 0 && failures === 1) return spread_ms / 4 + (random() * spread_ms * 3) / 4
  const longest = spread_ms > 0 ? Math.min(LONGEST_PAUSE_MS, spread_ms) : LONGEST_PAUSE_MS
  const doubled = spread_ms > 0 ? Math.max(0, failures - 2) : failures
  const whole = Math.min(longest, FIRST_PAUSE_MS * 2 ** Math.min(doubled, 16))
  return whole / 2 + (random() * whole) / 2
}

function after(pause_ms: number): Next {
  return { again: 'after', pause_ms: Math.round(pause_ms) }
}
