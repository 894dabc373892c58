// Frames: messages to MessagePack bytes and back.
//
// Owns: the encoding of the subprotocol `callbox.v1.msgpack`. Must not: know what a message means.
// Used by: `connection.ts`, tests that read the golden fixtures.
import { decode as unpack, encode as pack } from '@msgpack/msgpack'

/** Name of the WebSocket subprotocol these frames belong to. */
export const SUBPROTOCOL = 'callbox.v1.msgpack'

/** What every message has. */
export interface Kinded {
  kind: string
}

/** Encodes a message. Fields that are `undefined` are left out; times and sizes must be whole numbers. */
export function encode(message: Kinded): Uint8Array<ArrayBuffer> {
  const frame = pack(message, { ignoreUndefined: true })
  // A copy, because the encoder's buffer is shared and larger than the frame.
  return frame.slice()
}

/** Decodes a frame, or says `null` for what is not a message: a map with a `kind`. */
export function decode(frame: ArrayBuffer | Uint8Array): Kinded | null {
  try {
    const value = unpack(frame instanceof Uint8Array ? frame : new Uint8Array(frame))
    return isKinded(value) ? value : null
  } catch {
    return null
  }
}

function isKinded(value: unknown): value is Kinded {
  return typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'
}

/** The text with every lone half of a surrogate pair replaced: the other side takes valid Unicode only. */
export function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd')
}
