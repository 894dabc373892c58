// The golden fixtures of the protocol, read by this codec.
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decode, encode, wellFormed, type Kinded } from '../src/codec.ts'
import { HELLO_CONTEXT } from '../src/protocol.ts'

const FIXTURES = new URL('../../../proto/fixtures/', import.meta.url)
const sides = ['from_resident', 'to_resident', 'from_staff', 'to_staff'] as const

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16))

/** Bytes stand as base64 in the JSON form. */
const inWords = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? btoa(String.fromCharCode(...part)) : part)))

describe.each(sides)('fixtures %s', (side) => {
  const folder = new URL(`${side}/`, FIXTURES)
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))

  it('are there', () => expect(names.length).toBeGreaterThan(0))

  it.each(names)('%s means the same packed and in words', (name) => {
    const fixture = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { json: Kinded; msgpack_hex: string }
    const packed = decode(bytes(fixture.msgpack_hex))
    if (packed === null) throw new Error('not a message')
    expect(inWords(packed)).toEqual(fixture.json)
    expect(inWords(decode(encode(packed)))).toEqual(fixture.json)
  })
})

describe('the hello', () => {
  it('signs what the vector says', async () => {
    const vector = JSON.parse(readFileSync(new URL('hello_vector.json', FIXTURES), 'utf8')) as Record<string, string>
    const signed = new Uint8Array([...new TextEncoder().encode(HELLO_CONTEXT), ...bytes(vector['nonce'] ?? '')])
    expect(signed).toEqual(bytes(vector['signed'] ?? ''))
    const curve = { name: 'ECDSA', namedCurve: 'P-256' }
    const key = await crypto.subtle.importKey('raw', new Uint8Array(bytes(vector['key'] ?? '')), curve, false, ['verify'])
    const signature = new Uint8Array(bytes(vector['signature'] ?? ''))
    expect(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, signed)).toBe(true)
  })
})

describe('text on the wire', () => {
  it('is valid Unicode whatever was typed', () => {
    expect(wellFormed('a\ud83db')).toBe('a\ufffdb')
    expect(wellFormed('🔥')).toBe('🔥')
  })
})
