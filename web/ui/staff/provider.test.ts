// @vitest-environment jsdom
// @vitest-environment-options { "url": "http://127.0.0.1/" }
// The way back from a provider: what is read from the address, what stays there, and whose it is.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cameBack, endTrip, goToProvider, noteSignedOut, typedBefore } from './provider.ts'

const ANSWER = { token: 't', expires_ms: 1, staff: 'nora', name: 'Nora', role: 'telecommunicator', agency: 'demo.example' }
const asked: { url: string; body: Record<string, unknown> }[] = []

function answers(body: object, status = 200): void {
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, body: JSON.parse(String(init.body)) as Record<string, unknown> })
    return new Response(JSON.stringify(body), { status })
  })
}

/** Leaves for an address that no browser goes to, so that the test stays where it is. */
async function left(): Promise<void> {
  answers({ url: 'javascript:alert(1)' })
  await expect(goToProvider('demo.example', 'tina')).rejects.toMatchObject({ code: 'provider_untrusted' })
}

beforeEach(() => {
  asked.length = 0
  sessionStorage.clear()
  localStorage.clear()
  history.replaceState(null, '', '/console/?panel=overview')
})
afterEach(() => void vi.unstubAllGlobals())

describe('the way to a provider and back', () => {
  it('begins with the hash of a secret that stays in this tab', async () => {
    await left()
    const body: Record<string, unknown> = asked[0]?.body ?? {}
    expect(body).toMatchObject({ agency: 'demo.example', back: '/console/?panel=overview', afresh: false })
    expect(body['proof']).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(JSON.stringify(body)).not.toContain((JSON.parse(sessionStorage.getItem('callbox-trip') ?? '{}') as { secret: string }).secret)
    expect(typedBefore()).toEqual({ agency: 'demo.example', name: 'tina' })
  })

  it('has the provider ask who is there after somebody has signed out', async () => {
    noteSignedOut(true)
    await left()
    noteSignedOut(false)
    await left()
    expect(asked.map(({ body }) => body['afresh'])).toEqual([true, false])
  })

  it('takes what came out of the address, and ends once', async () => {
    await left()
    const secret = (JSON.parse(sessionStorage.getItem('callbox-trip') ?? '{}') as { secret: string }).secret
    history.replaceState(null, '', '/console/?panel=overview#provider=&state=s&code=c&iss=https%3A%2F%2Fid.example')
    const came = cameBack()
    expect(location.href).toMatch(/\/console\/\?panel=overview$/)
    expect(came).toEqual({ state: 's', code: 'c', iss: 'https://id.example' })
    expect(cameBack()).toBeUndefined()
    answers(ANSWER)
    await expect(endTrip(came ?? { state: '' })).resolves.toMatchObject({ staff: 'nora' })
    expect(asked.at(-1)).toMatchObject({ url: '/api/v1/sign-in/provider/end', body: { secret, state: 's', code: 'c' } })
    await expect(endTrip({ state: 's', code: 'c' })).rejects.toMatchObject({ code: 'sign_in_lost' })
  })

  it('is nothing to a tab that did not begin, or that keeps nothing', async () => {
    await expect(endTrip({ state: 's', code: 'c' })).rejects.toMatchObject({ code: 'sign_in_lost' })
    expect(asked).toHaveLength(0)
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => { throw new Error('storage is full') })
    await expect(goToProvider('demo.example', '')).rejects.toMatchObject({ code: 'keeps_nothing' })
    vi.restoreAllMocks()
    expect(asked).toHaveLength(0)
  })

  it('leaves other addresses alone', () => {
    history.replaceState(null, '', '/console/#session=7')
    expect(cameBack()).toBeUndefined()
    expect(location.hash).toBe('#session=7')
  })
})
