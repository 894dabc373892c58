// Long texts: what fits into a few messages, cut where words end.
//
// Owns: the cutting. Must not: send. Used by: `resident.ts`, `staff.ts`, the pages that tell how long a text is.
import { BOUNDS } from './protocol.ts'

/**
 * Messages that one press of "send" makes at most. More would keep what is written after it waiting for long on a slow link;
 * what is over stays with the person, who is told.
 */
export const PARTS_MAX = 10
/** How far back from the end of a part the end of a word is looked for, in characters. */
const WORD_WITHIN_CHARS = 200

/** A text in parts. */
export interface Parts {
  parts: string[]
  /** What did not fit. */
  rest: string
}

/** Cuts a text into at most `PARTS_MAX` parts of at most `max_chars` characters. */
export function inParts(text: string, max_chars: number = BOUNDS.TEXT_MAX_CHARS): Parts {
  const parts: string[] = []
  let at = 0
  while (at < text.length && parts.length < PARTS_MAX) {
    let end = endOf(text, at, max_chars)
    if (end < text.length) {
      const word = lastSpace(text, at, end)
      if (word > at) end = word
    }
    const part = text.slice(at, end).trim()
    if (part !== '') parts.push(part)
    at = end
  }
  return { parts, rest: text.slice(at).trimStart() }
}

/** Where `max_chars` characters from `at` end; never between the halves of a surrogate pair. */
function endOf(text: string, at: number, max_chars: number): number {
  // A character is one or two units, so a short text needs no counting.
  if (text.length - at <= max_chars) return text.length
  let end = at
  for (let chars = 0; chars < max_chars && end < text.length; chars += 1) {
    const unit = text.charCodeAt(end)
    end += unit >= 0xd800 && unit <= 0xdbff && end + 1 < text.length ? 2 : 1
  }
  return end
}

function lastSpace(text: string, from: number, end: number): number {
  for (let at = end; at > Math.max(from, end - WORD_WITHIN_CHARS); at -= 1) {
    if (/\s/.test(text.charAt(at))) return at
  }
  return from
}
