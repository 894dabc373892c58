// Which agency a page is for, as its own address says.
//
// Owns: reading `/a/<agency>/…`. At every other path the page is for the agency whose name of the gateway was typed; the gateway
// knows which that is. Must not: ask anybody. Used by: the three pages.

const NAMED = /^\/a\/([a-z0-9._-]{1,64})(?=\/|$)/

/** The agency that a path names; `undefined` where it names none. */
export function agencyIn(path: string): string | undefined {
  return NAMED.exec(path)?.[1]
}

/** Where the pages of that agency begin, without the last slash: `/a/harbour.example`, or nothing. */
export function rootOf(path: string): string {
  return NAMED.exec(path)?.[0] ?? ''
}

/** Where the gateway tells name, number and banner of the agency that a path is for. */
export function agencyInfo(path: string): string {
  const named = agencyIn(path)
  return named === undefined ? '/api/v1/agency' : `/api/v1/agencies/${named}`
}
