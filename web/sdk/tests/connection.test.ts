import { describe, expect, it } from 'vitest'
import { decode, encode, type Kinded } from '../src/codec.ts'
import { Connection, type LinkState } from '../src/connection.ts'
import { FakeWorld } from './fake_world.ts'

interface Message extends Kinded {
  n?: number
}

function link(world: FakeWorld, urgent: () => boolean = () => true) {
  const received: Kinded[] = []
  const states: LinkState[] = []
  const connection = new Connection<Message, Message>({
    url: () => 'ws://gateway/ws/resident',
    greet: (before) => (before?.kind === 'challenge' ? { kind: 'hello' } : null),
    receive: (message) => received.push(message),
    urgent,
    surroundings: world,
  })
  connection.state.subscribe((state) => states.push(state))
  return { connection, received, states }
}

async function opened(world: FakeWorld) {
  const all = link(world)
  all.connection.start()
  await world.greeted({ kind: 'welcome', heartbeat_ms: 10_000 })
  return all
}

describe('a connection', () => {
  it('answers the challenge and opens with the welcome', async () => {
    const world = new FakeWorld()
    const { connection, received } = await opened(world)
    expect(connection.state.get().at).toBe('open')
    expect(world.last.sent.map((message) => message.kind)).toEqual(['hello'])
    expect(received.map((message) => message.kind)).toEqual(['welcome'])
  })

  it('finds a dead link within five seconds and comes back by itself', async () => {
    const world = new FakeWorld()
    const { connection } = await opened(world)
    world.advance(4_600)
    expect(connection.state.get()).toMatchObject({ at: 'waiting', loss: 'silent' })
    world.advance(1_000)
    expect(world.sockets).toHaveLength(2)
    await world.greeted({ kind: 'welcome', heartbeat_ms: 10_000 })
    expect(connection.state.get().at).toBe('open')
  })

  it('lets the radio of a phone sleep while nothing is urgent', async () => {
    const world = new FakeWorld()
    const quiet = link(world, () => false)
    quiet.connection.start()
    await world.greeted({ kind: 'welcome', heartbeat_ms: 20_000 })
    world.advance(19_000)
    expect(world.last.takeSent('ping')).toEqual([])
    world.advance(5_000)
    expect(quiet.connection.state.get().at).not.toBe('open')
  })

  it('keeps a quiet link that answers pings', async () => {
    const world = new FakeWorld()
    const { connection } = await opened(world)
    for (let second = 0; second < 30; second += 1) {
      world.advance(1_000)
      for (const ping of world.last.takeSent('ping')) world.last.hear({ kind: 'pong', n: ping['n'] })
    }
    expect(connection.state.get().at).toBe('open')
    expect(world.sockets).toHaveLength(1)
  })

  it('does not come back when a newer window took over', async () => {
    const world = new FakeWorld()
    const { connection } = await opened(world)
    world.last.end(4300)
    world.advance(60_000)
    expect(connection.state.get()).toEqual({ at: 'stopped', stop: { why: 'ended', code: 4300 } })
    expect(world.sockets).toHaveLength(1)
  })

  it('waits for a change when it is told to sign in again', async () => {
    const world = new FakeWorld()
    const { connection } = await opened(world)
    world.last.end(4200)
    expect(connection.state.get()).toEqual({ at: 'stopped', stop: { why: 'change_needed', code: 4200 } })
    connection.start()
    expect(world.sockets).toHaveLength(2)
  })

  it('comes back after the pause that the gateway asked for', async () => {
    const world = new FakeWorld()
    const { connection } = await opened(world)
    world.last.hear({ kind: 'reconnect', after_ms: 8_000 })
    world.last.end(4100)
    const state = connection.state.get()
    if (state.at !== 'waiting') throw new Error('not waiting')
    const pause = state.until_ms - world.now()
    expect(pause).toBeGreaterThanOrEqual(4_000)
    expect(pause).toBeLessThanOrEqual(8_000)
  })

  it('says no to a message while it is not open', async () => {
    const world = new FakeWorld()
    const { connection } = await opened(world)
    expect(connection.send({ kind: 'ping', n: 1 })).toBe(true)
    world.last.end(1006)
    expect(connection.send({ kind: 'ping', n: 2 })).toBe(false)
  })

  it('tries at once when the network is back', async () => {
    const world = new FakeWorld()
    const { connection } = await opened(world)
    world.last.end(1006)
    connection.hurry()
    expect(world.sockets).toHaveLength(2)
  })
})

describe('the codec', () => {
  it('leaves out what is undefined and refuses what is not a message', () => {
    expect(decode(encode({ kind: 'x', y: undefined } as Kinded))).toEqual({ kind: 'x' })
    expect(decode(new Uint8Array([0x93, 1, 2, 3]))).toBeNull()
    expect(decode(new Uint8Array([0xc1]))).toBeNull()
  })
})
