// What can be dialled of what a resident wrote about how to reach them.
//
// Owns: finding the number. Must not: guess: words without a number at their beginning are read, not called. Used by: `Contact.svelte`.

/** A number at the beginning, written as people write it; and as few digits as a number has. */
const NUMBER = /^\s*(\+?[\d\s().\/-]*\d)/
const DIGITS_MIN = 3
/** As many as an international number has. */
const DIGITS_MAX = 15

/** The number for a `tel:` address, without anything that is written for the eye. */
export function dialled(contact: string): string | undefined {
  const found = NUMBER.exec(contact)?.[1]
  if (found === undefined) return undefined
  const digits = found.replace(/\D/g, '')
  if (digits.length < DIGITS_MIN || digits.length > DIGITS_MAX) return undefined
  return `${found.trim().startsWith('+') ? '+' : ''}${digits}`
}
