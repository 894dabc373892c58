import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { handOn, SharedLink, signInOfOtherWindows, type Channel, type Windows } from '../src/staff-share.ts'
import type { SignedIn } from '../src/staff-sign-in.ts'
import { StaffClient } from '../src/staff.ts'
import { FakeWorld, settled } from './fake_world.ts'
import { entry, list, row, sid, text, WELCOME } from './staff_rows.ts'

const TINA: SignedIn = {
  token: 'one', expires_ms: 6_000_000, staff: 'tina', name: 'Tina', role: 'telecommunicator', agency: 'demo.example',
}

/** One browser: its channels and locks, and windows that can be closed. */
class FakeBrowser {
  readonly #channels = new Map<string, Set<Channel>>()
  readonly #locks = new Map<string, { window: object; run: () => void }[]>()

  window(): Windows & { close(): void } {
    const me = {}
    const own: Channel[] = []
    return {
      channel: (name) => {
        const all = this.#channels.get(name) ?? new Set<Channel>()
        this.#channels.set(name, all)
        const channel: Channel = {
          onmessage: null,
          postMessage: (packet) => {
            const data: unknown = structuredClone(packet)
            for (const other of all) if (other !== channel) queueMicrotask(() => all.has(other) && other.onmessage?.({ data }))
          },
          close: () => void all.delete(channel),
        }
        all.add(channel)
        own.push(channel)
        return channel
      },
      lock: (name, held) => {
        const line = this.#locks.get(name) ?? []
        this.#locks.set(name, line)
        line.push({ window: me, run: () => void held().then(() => this.#pass(name, me)) })
        if (line.length === 1) queueMicrotask(() => line[0]?.run())
      },
      close: () => {
        for (const channel of own) channel.close()
        for (const name of this.#locks.keys()) this.#pass(name, me)
      },
    }
  }

  #pass(name: string, window: object): void {
    const line = this.#locks.get(name) ?? []
    const first = line[0]
    this.#locks.set(name, line.filter((one) => one.window !== window))
    if (first?.window === window) queueMicrotask(() => this.#locks.get(name)?.[0]?.run())
  }
}

function opened(browser: FakeBrowser) {
  const world = new FakeWorld()
  const window = browser.window()
  let link: SharedLink | undefined
  const client = new StaffClient(TINA, {
    client: 'test', origin: 'http://gateway', surroundings: world, now: () => 5_000_000,
    link: (ends) => (link = new SharedLink(ends, window)),
  })
  client.start()
  return { world, window, client, link: link as SharedLink }
}

async function many(times = 12): Promise<void> {
  for (let n = 0; n < times; n += 1) await settled()
}

async function two() {
  const browser = new FakeBrowser()
  const first = opened(browser)
  await many()
  await first.world.greeted({ ...WELCOME })
  first.world.last.hear(list(4, [row('1'), row('2')]))
  const second = opened(browser)
  await many()
  return { browser, first, second }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('two windows of one person', () => {
  it('hold one connection, and the second sees the list at once', async () => {
    const { first, second } = await two()
    expect(first.world.sockets).toHaveLength(1)
    expect(second.world.sockets).toHaveLength(0)
    expect(second.client.link.get().at).toBe('open')
    expect(second.client.list.get().waiting).toHaveLength(2)
    expect([first.client.leads.get(), second.client.leads.get()]).toEqual([true, false])
  })

  it('both hear what changes', async () => {
    const { first, second } = await two()
    first.world.last.hear({ kind: 'sessions_changed', prev: 4, version: 5, changed: [], gone: [sid('1')], waiting: 1, owned: 0, abandoned: 0 })
    await many()
    expect(second.client.list.get().waiting).toHaveLength(1)
  })

  it('a command of the second goes out once and its receipt comes back', async () => {
    const { first, second } = await two()
    const taken = second.client.take(sid('1'))
    await many()
    const [command] = first.world.last.takeSent('do')
    first.world.last.hear({ kind: 'receipt', id: command?.['id'], session: sid('1'), rung: 'safe', first: 1, last: 1 })
    await many()
    await expect(taken).resolves.toBeUndefined()
  })

  it('the state said in one is the state of both, and is not said over by the other', async () => {
    const { first, second } = await two()
    first.world.last.takeSent('set_agent_state')
    second.client.setState('available')
    await many()
    expect(first.client.own.get().state).toBe('available')
    expect(first.world.last.takeSent('set_agent_state')).toHaveLength(1)
  })

  it('what one stops to follow stays with the other that follows it', async () => {
    const { first, second } = await two()
    first.client.follow(sid('1'))
    const other = second.client.follow(sid('1'))
    await many()
    first.client.unfollow(sid('1'))
    expect(first.world.last.takeSent('unfollow')).toHaveLength(0)
    first.world.last.hear({ kind: 'session', row: row('1'), head: 1, after: 0 })
    first.world.last.hear(entry('1', 1, text('hello')))
    await many()
    vi.advanceTimersByTime(20)
    expect(other.last).toBe(1)
    second.client.unfollow(sid('1'))
    await many()
    expect(first.world.last.takeSent('unfollow')).toHaveLength(1)
  })

  it('when the first is closed the second connects, and goes on', async () => {
    const { first, second } = await two()
    second.client.setState('available')
    await many()
    first.window.close()
    await many()
    expect(second.client.leads.get()).toBe(true)
    await second.world.greeted({ ...WELCOME })
    expect(second.world.last.sent).toMatchObject([{ kind: 'hello' }, { kind: 'register' }, { kind: 'set_agent_state', state: 'available' }])
  })

  it('the loss of the link is told in both', async () => {
    const { first, second } = await two()
    first.world.last.end(1006)
    await many()
    expect(second.client.link.get().at).toBe('waiting')
  })

  it('signing out in one signs out both', async () => {
    const { first, second } = await two()
    second.client.signOut()
    await many()
    expect(first.client.ended.get()).toBe('signed_out')
  })

  it('a note of one page reaches the other', async () => {
    const { first, second } = await two()
    first.link.tell({ current: 'x' })
    await many()
    expect(second.link.note.get()).toEqual({ current: 'x' })
  })

  it('a sign-in that a third window got is shown to the open link, and kept by both', async () => {
    const { browser, first, second } = await two()
    handOn(browser.window(), { ...TINA, token: 'fresh', ends_ms: 9_000_000 })
    await many()
    expect(first.world.last.takeSent('renew')).toEqual([{ kind: 'renew', token: 'fresh' }])
    expect([first.client.me.token, second.client.me.token]).toEqual(['fresh', 'fresh'])
    expect([first.client.endsMs.get(), second.client.endsMs.get()]).toEqual([9_000_000, 9_000_000])
  })

  it('a new window learns who is signed in', async () => {
    const { browser } = await two()
    const answer = signInOfOtherWindows(browser.window())
    await many()
    await expect(answer).resolves.toMatchObject({ staff: 'tina' })
  })
})
