// The key that makes a device the same resident after a break: ECDSA P-256, not extractable, kept with the device's keep.
import type { Keep } from './keep.ts'
import { HELLO_CONTEXT } from './protocol.ts'

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
const KEPT_AS = 'device'

/** A device's key pair; the private half never leaves the browser. */
export interface DeviceKey {
  /** Uncompressed point, 65 bytes. */
  readonly point: Uint8Array
  /** Signs a challenge: r and s, 64 bytes. */
  sign(nonce: Uint8Array): Promise<Uint8Array>
}

/** The key of this device, made on first use. */
export async function deviceKey(keep: Keep): Promise<DeviceKey> {
  const kept = (await keep.get('key', KEPT_AS)) as CryptoKeyPair | undefined
  if (kept !== undefined) return usable(kept)
  const made = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify'])
  await keep.put('key', KEPT_AS, made)
  return usable(made)
}

async function usable(pair: CryptoKeyPair): Promise<DeviceKey> {
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  return {
    point,
    async sign(nonce) {
      const context = new TextEncoder().encode(HELLO_CONTEXT)
      const signed = new Uint8Array(context.length + nonce.length)
      signed.set(context)
      signed.set(nonce, context.length)
      return new Uint8Array(await crypto.subtle.sign(SIGNATURE, pair.privateKey, signed))
    },
  }
}
