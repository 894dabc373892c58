import { describe, expect, it } from 'vitest'
import type { Event } from '../src/protocol.ts'
import { openLink, OpeningFailed, ResponderClient, type Fetch } from '../src/responder.ts'
import { FakeWorld, settled } from './fake_world.ts'

const session = '000102030405060708090a0b0c0d0e0f'
const WELCOME = {
  kind: 'welcome', connection: session, now_ms: 1_790_000_000_000, heartbeat_ms: 20_000, session, category: 'fire', language: 'en',
  opened_ms: 1_789_999_990_000, silent: false, ends_ms: 1_790_003_600_000,
  agency: { agency: 'demo.example', name: 'Demo', banner: '', emergency_number: '911', exit_url: '' },
}
const media = { peer: () => { throw new Error('no peer') }, microphone: () => Promise.reject(new Error('never')), stream: () => { throw new Error('no stream') } }

function entry(seq: number, prev: number, event: Event, kept = false) {
  return { kind: 'entry', seq, prev, at_ms: 1_790_000_000_000 + seq, by: { role: 'resident' }, event, ...(kept ? { kept } : {}) }
}
const text = (words: string): Event => ({ kind: 'text', text: words, age_ms: 0 })

async function opened() {
  const world = new FakeWorld()
  const client = new ResponderClient({ session, token: 'token', endsMs: WELCOME.ends_ms }, { client: 'test', origin: 'https://gateway', surroundings: world, media })
  client.start()
  await greet(world)
  return { world, client }
}

async function greet(world: FakeWorld) {
  world.last.onopen?.()
  await settled()
  world.last.hear(WELCOME)
  await settled()
}

describe('a responder', () => {
  it('says hello with the token, and reads what follows', async () => {
    const { world, client } = await opened()
    expect(world.last.sent).toEqual([{ kind: 'hello', client: 'test', token: 'token', after: 0 }])
    world.last.hear(entry(2, 0, { kind: 'priority_changed', priority: 1, reason: '', deadline_ms: 0 }))
    world.last.hear(entry(5, 2, text('smoke')))
    const view = client.view.get()
    expect(view.priority).toBe(1)
    expect(view.messages.map((message) => message.text)).toEqual(['smoke'])
  })

  it('goes by what the agency says of itself meanwhile', async () => {
    const { world, client } = await opened()
    const agency = { ...WELCOME.agency, name: 'Riverbend' }
    world.last.hear({ kind: 'agency_changed', agency })
    expect(client.welcome.get()).toEqual({ ...WELCOME, agency })
    expect(world.sockets).toHaveLength(1)
  })

  it('goes on after a break where it was, and shows nothing twice', async () => {
    const { world, client } = await opened()
    world.last.hear(entry(2, 0, text('one')))
    world.last.end(1006)
    world.advance(1_000)
    await greet(world)
    expect(world.sockets).toHaveLength(2)
    expect(world.last.sent[0]).toMatchObject({ kind: 'hello', after: 2 })
    world.last.hear(entry(2, 0, text('one')))
    world.last.hear(entry(4, 2, text('two')))
    expect(client.view.get().messages.map((message) => message.text)).toEqual(['one', 'two'])
  })

  it('asks again where something is missing', async () => {
    const { world, client } = await opened()
    world.last.hear(entry(2, 0, text('one')))
    world.last.hear(entry(7, 5, text('three')))
    expect(world.sockets).toHaveLength(2)
    expect(client.view.get().messages).toHaveLength(1)
    await greet(world)
    expect(world.last.sent[0]).toMatchObject({ kind: 'hello', after: 2 })
  })

  it('drops what got other numbers, and what is on one node only before another one is asked', async () => {
    const { world, client } = await opened()
    world.last.hear(entry(2, 0, text('safe')))
    world.last.hear(entry(3, 2, text('kept'), true))
    world.last.end(1006)
    world.advance(1_000)
    await greet(world)
    expect(world.last.sent[0]).toMatchObject({ kind: 'hello', after: 2 })
    world.last.hear(entry(4, 2, text('later'), true))
    world.last.hear({ kind: 'rewound', after: 3 })
    world.last.hear(entry(5, 2, text('kept')))
    expect(client.view.get().messages.map((message) => message.text)).toEqual(['safe', 'kept'])
  })

  it.each([['link_revoked', 'revoked'], ['link_expired', 'expired'], ['session_closed', 'closed']])('ends with %s, and does not come back', async (code, end) => {
    const { world, client } = await opened()
    world.last.hear({ kind: 'error', code, number: 2027, retry: 'never', message: '' })
    world.last.end(4302)
    world.advance(60_000)
    expect(client.ended.get()).toBe(end)
    expect(world.sockets).toHaveLength(1)
  })

  it('is told of an end before the welcome too', async () => {
    const world = new FakeWorld()
    const client = new ResponderClient({ session, token: 'old', endsMs: 0 }, { client: 'test', origin: 'https://gateway', surroundings: world, media })
    client.start()
    world.last.onopen?.()
    await settled()
    world.last.hear({ kind: 'error', code: 'link_expired', number: 2027, retry: 'never', message: '' })
    world.last.end(4302)
    expect(client.ended.get()).toBe('expired')
  })
})

describe('opening a link', () => {
  const link = { session, secret: 'x'.repeat(43) }
  const answers = (status: number, body: object): Fetch => () => Promise.resolve(new Response(JSON.stringify(body), { status }))

  it('answers the token', async () => {
    await expect(openLink(link, 'Engine 4', 'id', '', answers(200, { token: 't', ends_ms: 5 }))).resolves.toEqual({ session, token: 't', endsMs: 5 })
  })

  it('says why not', async () => {
    await expect(openLink(link, 'Engine 4', 'id', '', answers(410, { code: 'link_revoked' }))).rejects.toEqual(new OpeningFailed('link_revoked'))
    await expect(openLink(link, 'Engine 4', 'id', '', () => Promise.reject(new Error('offline')))).rejects.toMatchObject({ code: 'no_answer' })
  })
})
