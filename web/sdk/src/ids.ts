// Ids made by this side: 128 random bits as 32 lower-case hexadecimal digits.

/** A fresh command id. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const id = hex(bytes)
  return /^0+$/.test(id) ? newId() : id
}

/** Bytes as lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
