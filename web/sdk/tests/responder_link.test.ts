import { describe, expect, it } from 'vitest'
import { digestOf, linkAddress, newSecret, readFragment } from '../src/responder-link.ts'

const session = '000102030405060708090a0b0c0d0e0f'

describe('a link for responders', () => {
  it('names session and secret behind the sign that browsers send to no server', () => {
    const secret = newSecret()
    const address = new URL(linkAddress('https://callbox.example/a/harbour.example', { session, secret }))
    expect(address.pathname).toBe('/a/harbour.example/responder/')
    expect(address.search).toBe('')
    expect(readFragment(address.hash)).toEqual({ session, secret })
  })

  it('has a secret of 32 bytes that is never the same', () => {
    const secrets = new Set(Array.from({ length: 100 }, newSecret))
    expect(secrets.size).toBe(100)
    for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43}$/)
  })

  it('is known to the gateway by the SHA-256 of its text', async () => {
    expect(await digestOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('is none where anything is missing or too much', () => {
    const secret = newSecret()
    for (const bad of ['', '#', `#${session}`, `#${session}.${secret.slice(1)}`, `#${session}.${secret}x`, `#${session.toUpperCase()}.${secret}`, `#x${session}.${secret}`]) {
      expect(readFragment(bad)).toBeUndefined()
    }
  })
})
