// The form of a link for responders: an address whose fragment names the session and the secret.
//
// Owns: drawing a secret, its digest, writing and reading the address. Must not: keep or send a secret: a fragment goes to no server,
// and the gateway is told the digest only. Used by: the staff pages, `responder.ts`.

/** Random bytes of a secret. */
const SECRET_BYTES = 32

/** What a link holds. */
export interface ResponderSecret {
  readonly session: string
  readonly secret: string
}

/** A fresh secret, as base64url without padding: 43 characters. */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES))
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** SHA-256 of a secret's text, hexadecimal: what the gateway is told. */
export async function digestOf(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The address to give to a unit. `root`: where the agency's pages begin, such as `https://callbox.example/a/harbour.example`. */
export function linkAddress(root: string, { session, secret }: ResponderSecret): string {
  return `${root}/responder/#${session}.${secret}`
}

/** What an address's fragment holds; `undefined` where that is no link. */
export function readFragment(fragment: string): ResponderSecret | undefined {
  const [, session, secret] = /^#?([0-9a-f]{32})\.([\w-]{43})$/.exec(fragment) ?? []
  return session === undefined || secret === undefined ? undefined : { session, secret }
}
