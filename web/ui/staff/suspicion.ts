// How suspicious a session is, in a word.
//
// Owns: where one word ends and the next begins. Must not: hold the words. Used by: `SuspicionMark.svelte`.

/** Words of suspicion, `suspicion-…`. */
export type Level = 'low' | 'medium' | 'high'

/** The word of a number from 1 to 100: one reason alone is `low`, all that can come together is `high`. */
export function level(number: number): Level {
  if (number >= 70) return 'high'
  return number >= 40 ? 'medium' : 'low'
}
