// What a link holds that opens one session: the session's name and a secret, behind the `#` of an address.
//
// Owns: drawing a secret, its digest, writing and reading both. Must not: keep or send a secret: a fragment goes to no server, and whoever
// makes a link tells the gateway the digest only. Used by: `responder-link.ts`, `report-link.ts`.

/** Random bytes of a secret. */
const SECRET_BYTES = 32

/** What a link holds. */
export interface SecretLink {
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

/** Both in one text. */
export function written({ session, secret }: SecretLink): string {
  return `${session}.${secret}`
}

/** What such a text holds; `undefined` where that is no link. */
export function readLink(text: string): SecretLink | undefined {
  const [, session, secret] = /^([0-9a-f]{32})\.([\w-]{43})$/.exec(text) ?? []
  return session === undefined || secret === undefined ? undefined : { session, secret }
}
