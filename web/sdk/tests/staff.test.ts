import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FLUSH_AFTER_MS } from '../src/real_time_text.ts'
import type { SignedIn } from '../src/staff-sign-in.ts'
import { Refused, StaffClient } from '../src/staff.ts'
import { FakeWorld, settled } from './fake_world.ts'
import { entry, list, row, sid, text, WELCOME } from './staff_rows.ts'

const TINA: SignedIn = {
  token: 'one', expires_ms: 6_000_000, staff: 'tina', name: 'Tina', role: 'telecommunicator', agency: 'demo.example',
}

function made(fetch?: (url: string, init: RequestInit) => Promise<Response>, me = TINA) {
  const world = new FakeWorld()
  const kept: (SignedIn | undefined)[] = []
  const client = new StaffClient(me, {
    client: 'test', origin: 'http://gateway', surroundings: world, now: () => 5_000_000,
    keep: (signedIn) => kept.push(signedIn), ...(fetch ? { fetch } : {}),
  })
  client.start()
  return { world, client, kept }
}

async function signedIn() {
  const all = made()
  await all.world.greeted({ ...WELCOME })
  return all
}

/** Somebody who watches a session; `granted` answers their watch once more. */
async function watching() {
  const { world, client } = await signedIn()
  const asked = client.watchSession(sid('7'))
  const [first] = world.last.takeSent('do')
  const granted = (): void => world.last.hear({ kind: 'receipt', id: first?.['id'], session: sid('7'), rung: 'safe', first: 3, last: 3 })
  granted()
  return { world, client, first, granted, followed: await asked }
}

async function back(world: FakeWorld): Promise<void> {
  world.last.end(1006)
  world.advance(15_000)
  await world.greeted({ ...WELCOME })
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the staff client', () => {
  it('says hello with its token, registers for all queues and says its state', async () => {
    const { world } = await signedIn()
    expect(world.last.sent).toMatchObject([
      { kind: 'hello', token: 'one' },
      { kind: 'register', queues: ['main'] },
      { kind: 'set_agent_state', state: 'not_available', reason: 'just_signed_in' },
    ])
  })

  it('registers and says its state again after a break', async () => {
    const { world, client } = await signedIn()
    client.setState('available')
    await back(world)
    expect(world.last.sent.filter(({ kind }) => kind !== 'hello')).toMatchObject([
      { kind: 'register' }, { kind: 'set_agent_state', state: 'available' },
    ])
  })

  it('goes by settings that change meanwhile, and registers for nothing anew', async () => {
    const { world, client } = await signedIn()
    const sent = world.last.sent.length
    const agency = { ...WELCOME.agency, name: 'Riverside' }
    const queues = WELCOME.queues.map((queue) => ({ ...queue, target_share_percent: 80 }))
    const desk = { sound_repeat_ms: [5_000, 6_000, 7_000, 8_000, 9_000] as [number, number, number, number, number] }
    world.last.hear({ kind: 'agency_changed', agency, queues, desk })
    expect(client.welcome.get()).toEqual({ ...WELCOME, agency, queues, desk })
    expect(world.last.sent).toHaveLength(sent)
  })

  it('knows its colleagues, and goes on calling those by name who have left', async () => {
    const { world, client } = await signedIn()
    expect([...client.names.get()]).toEqual([['tina', 'Tina']])
    const [tina, tom] = [{ staff: 'tina', name: 'Tina', state: 'available' }, { staff: 'tom', name: 'Tom Berg', state: 'not_available', reason: 'break' }]
    world.last.hear({ kind: 'colleagues', people: [tina, tom] })
    expect(client.colleagues.get()).toEqual({ people: [tina, tom], more: 0 })
    world.last.hear({ kind: 'colleagues', people: [tina], more: 3 })
    expect(client.colleagues.get()).toEqual({ people: [tina], more: 3 })
    expect([...client.names.get()]).toEqual([['tina', 'Tina'], ['tom', 'Tom Berg']])
  })

  it('orders the list by rank and applies what changed', async () => {
    const { world, client } = await signedIn()
    world.last.hear(list(4, [row('1', { rank: 9 }), row('2', { rank: 3 })]))
    expect(client.list.get().waiting.map((one) => one.session)).toEqual([sid('2'), sid('1')])
    world.last.hear({
      kind: 'sessions_changed', prev: 4, version: 5, changed: [row('3', { rank: 5 })], gone: [sid('2')], waiting: 2, owned: 0, abandoned: 0,
    })
    expect(client.list.get()).toMatchObject({ state: 'ready', version: 5, totals: { waiting: 2 } })
    expect(client.list.get().waiting.map((one) => one.session)).toEqual([sid('3'), sid('1')])
  })

  it('waits for a whole list when a version is missing, and says so', async () => {
    const { world, client } = await signedIn()
    world.last.hear(list(4, [row('1')]))
    const change = { kind: 'sessions_changed', changed: [row('9')], gone: [], waiting: 2, owned: 0, abandoned: 0 }
    world.last.hear({ ...change, prev: 5, version: 6 })
    world.last.hear({ ...change, prev: 6, version: 7 })
    expect(client.list.get()).toMatchObject({ state: 'catching_up', version: 4 })
    world.last.hear(list(8, [row('1'), row('2')]))
    expect(client.list.get()).toMatchObject({ state: 'ready', version: 8 })
  })

  it('keeps the old list for the eye after a break, and says that it is old until a whole one came', async () => {
    const { world, client } = await signedIn()
    world.last.hear(list(4, [row('1')]))
    await back(world)
    expect(client.list.get()).toMatchObject({ state: 'catching_up', version: 4 })
    expect(client.list.get().waiting).toHaveLength(1)
    world.last.hear(list(1, []))
    expect(client.list.get()).toMatchObject({ state: 'ready', version: 1, waiting: [] })
  })

  it('follows the session that take next gave', async () => {
    const { world, client } = await signedIn()
    const taken = client.takeNext()
    const [asked] = world.last.takeSent('take_next')
    world.last.hear({ kind: 'receipt', id: asked?.['id'], session: sid('7'), rung: 'safe', first: 3, last: 3 })
    expect(await taken).toBe(sid('7'))
    expect(world.last.takeSent('follow')).toEqual([{ kind: 'follow', session: sid('7'), after: 0 }])
  })

  it('goes on watching after a break: the same watch once more, and only then the log', async () => {
    const { world, client, first, followed, granted } = await watching()
    expect(world.last.takeSent('follow')).toHaveLength(1)
    await back(world)
    const [again] = world.last.takeSent('do')
    expect(again).toEqual(first)
    expect(world.last.takeSent('follow')).toEqual([])
    granted()
    await settled()
    expect(world.last.takeSent('follow')).toEqual([{ kind: 'follow', session: sid('7'), after: 0 }])

    await back(world)
    client.unfollow(sid('7'))
    world.last.takeSent('do')
    granted()
    await settled()
    expect(world.last.takeSent('follow')).toEqual([])
    expect(followed.catching.get()).not.toBe('refused')
  })

  it('says that a session may not be shown when its watch is refused after a break', async () => {
    const { world, first, followed } = await watching()
    await back(world)
    world.last.hear({ kind: 'error', id: first?.['id'], code: 'no_such_session', number: 2006, retry: 'never', message: '-' })
    await settled()
    expect(followed.catching.get()).toBe('refused')
  })

  it('tells the loser of a race who has the session', async () => {
    const { world, client } = await signedIn()
    const lost = client.take(sid('7')).catch((reason: unknown) => reason)
    const [asked] = world.last.takeSent('do')
    world.last.hear({
      kind: 'error', id: asked?.['id'], code: 'already_taken', number: 2007, retry: 'after_change', message: '-', owner: 'tom',
    })
    const reason = await lost
    expect(reason).toBeInstanceOf(Refused)
    expect((reason as Refused).refusal.owner).toBe('tom')
    expect(client.followed.get()).toEqual([])
  })

  it('goes on with work that is only stored, and sends it again until it is safe', async () => {
    const { world, client } = await signedIn()
    const done = client.command(sid('7'), { kind: 'note', text: 'n' })
    const [first] = world.last.takeSent('do')
    world.last.hear({ kind: 'receipt', id: first?.['id'], session: sid('7'), rung: 'stored', first: 3, last: 3 })
    expect((await done).rung).toBe('stored')
    await back(world)
    expect(world.last.takeSent('do')).toEqual([first])
    world.last.hear({ kind: 'receipt', id: first?.['id'], session: sid('7'), rung: 'stored', first: 3, last: 3 })
    world.last.hear({ kind: 'rewound', session: sid('7'), after: 2 })
    expect(world.last.takeSent('do')).toEqual([first])
    world.last.hear({ kind: 'safe', session: sid('7'), up_to: 3 })
    await back(world)
    expect(world.last.takeSent('do')).toEqual([])
  })

  it('drops what was kept when a split ends, and shows what comes instead', async () => {
    const { world, client } = await signedIn()
    const followed = client.follow(sid('7'))
    world.last.hear({ kind: 'session', row: row('7'), head: 1, after: 0 })
    world.last.hear(entry('7', 1, text('one')))
    world.last.hear(entry('7', 2, text('kept'), { kept: true }))
    vi.advanceTimersByTime(50)
    world.last.hear({ kind: 'rewound', session: sid('7'), after: 1 })
    world.last.hear(entry('7', 2, text('theirs')))
    world.last.hear(entry('7', 3, text('kept')))
    vi.advanceTimersByTime(50)
    expect(followed.view.get().messages.map((message) => message.text)).toEqual(['one', 'theirs', 'kept'])
  })

  it('asks from before the first kept entry after a break, and keeps what turned out safe', async () => {
    const { world, client } = await signedIn()
    client.follow(sid('7'))
    world.last.takeSent('follow')
    world.last.hear({ kind: 'session', row: row('7'), head: 1, after: 0 })
    world.last.hear(entry('7', 1, text('one')))
    world.last.hear(entry('7', 2, text('safe soon'), { kept: true }))
    world.last.hear(entry('7', 3, text('kept'), { kept: true }))
    world.last.hear({ kind: 'safe', session: sid('7'), up_to: 2 })
    await back(world)
    expect(world.last.takeSent('follow')).toEqual([{ kind: 'follow', session: sid('7'), after: 2 }])
  })

  it('sends a command without a receipt again after a break, with the same id', async () => {
    const { world, client } = await signedIn()
    const done = client.command(sid('7'), { kind: 'note', text: 'n' })
    const [first] = world.last.takeSent('do')
    await back(world)
    const [second] = world.last.takeSent('do')
    expect(second).toEqual(first)
    world.last.hear({ kind: 'receipt', id: first?.['id'], session: sid('7'), rung: 'safe', first: 3, last: 3 })
    await done
    await back(world)
    expect(world.last.takeSent('do')).toEqual([])
  })

  it('tries again after the pause the gateway asks for', async () => {
    const { world, client } = await signedIn()
    void client.command(sid('7'), { kind: 'note', text: 'n' })
    const [first] = world.last.takeSent('do')
    world.last.hear({ kind: 'error', id: first?.['id'], code: 'store_unavailable', number: 4001, retry: 'later', after_ms: 900, message: '-' })
    vi.advanceTimersByTime(899)
    expect(world.last.takeSent('do')).toEqual([])
    vi.advanceTimersByTime(1)
    expect(world.last.takeSent('do')).toEqual([first])
  })

  it('follows own sessions by itself, so that a reload keeps them', async () => {
    const { world, client } = await signedIn()
    world.last.hear(list(1, [row('1', { standing: 'owned', owner: 'tina' }), row('2', { standing: 'owned', owner: 'tom' })]))
    expect(client.followed.get().map((one) => one.session)).toEqual([sid('1')])
  })

  it('refreshes its token when told to sign in again, and goes on', async () => {
    const fresh = { ...TINA, token: 'two' }
    const { world, client, kept } = made(async () => new Response(JSON.stringify(fresh), { status: 200 }))
    await world.greeted({ ...WELCOME })
    vi.useRealTimers()
    world.last.end(4200)
    await vi.waitFor(() => expect(world.sockets.length).toBe(2))
    await world.greeted({ ...WELCOME })
    expect(world.last.takeSent('hello')).toMatchObject([{ token: 'two' }])
    expect(kept).toMatchObject([{ token: 'two' }])
    client.signOut()
  })

  it('shows a fresh token to the open link before the old one ends', async () => {
    const soon = { ...TINA, expires_ms: WELCOME.now_ms + 2_000 }
    const { world, client } = made(async () => new Response(JSON.stringify({ ...TINA, token: 'two' }), { status: 200 }), soon)
    await world.greeted({ ...WELCOME })
    await vi.advanceTimersByTimeAsync(1_000)
    await vi.waitFor(() => expect(world.last.takeSent('renew')).toEqual([{ kind: 'renew', token: 'two' }]))
    expect(world.sockets.length).toBe(1)
    client.signOut()
  })

  it('renews its token at half of its time, so that an outage in the other half signs nobody out', async () => {
    const fetch = vi.fn(async () => new Response(JSON.stringify({ ...TINA, token: 'two', expires_ms: WELCOME.now_ms + 5_400_000 }), { status: 200 }))
    const { world, client } = made(fetch, { ...TINA, expires_ms: WELCOME.now_ms + 3_600_000 })
    await world.greeted({ ...WELCOME })
    await vi.advanceTimersByTimeAsync(1_790_000)
    expect(fetch).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(fetch).toHaveBeenCalledTimes(1)
    expect(world.last.takeSent('renew')).toEqual([{ kind: 'renew', token: 'two' }])
    client.signOut()
  })

  it('asks for no fresh token where the sign-in itself ends', async () => {
    const ends_ms = WELCOME.now_ms + 30_000
    const fetch = vi.fn(async () => new Response(JSON.stringify({ ...TINA, token: 'two' }), { status: 200 }))
    const { world, client } = made(fetch, { ...TINA, expires_ms: ends_ms, ends_ms })
    await world.greeted({ ...WELCOME })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(fetch).not.toHaveBeenCalled()
    expect(client.endsMs.get()).toBe(ends_ms)
    client.signOut()
  })

  it('ends when the token is refused for good, and keeps nothing', async () => {
    const refusal = { code: 'token_expired', number: 3001, retry: 'after_change', message: '-' }
    const { world, client, kept } = made(async () => new Response(JSON.stringify(refusal), { status: 401 }))
    await world.greeted({ ...WELCOME })
    vi.useRealTimers()
    world.last.end(4200)
    await vi.waitFor(() => expect(client.ended.get()).toBe('sign_in_again'))
    expect(kept).toEqual([undefined])
  })

  it('does not come back when a newer window took over', async () => {
    const { world, client } = await signedIn()
    world.last.end(4300)
    world.advance(60_000)
    expect(client.ended.get()).toBe('replaced')
    expect(world.sockets.length).toBe(1)
  })
})

describe('a followed session', () => {
  async function following() {
    const all = await signedIn()
    const { world, client } = all
    world.last.hear(list(1, [row('1', { standing: 'owned', owner: 'tina' })]))
    const [followed] = client.followed.get()
    if (!followed) throw new Error('own session is followed')
    world.last.takeSent('follow')
    world.last.hear({ kind: 'session', row: row('1', { standing: 'owned', owner: 'tina' }), head: 2, after: 0 })
    return { ...all, followed }
  }
  const show = (): void => void vi.advanceTimersByTime(200)
  const words = (followed: { view: { get(): { messages: readonly { text: string }[] } } }): string[] =>
    followed.view.get().messages.map((one) => one.text)

  it('shows entries in order and once, and says that they arrived', async () => {
    const { world, followed } = await following()
    for (const seq of [1, 2, 2, 1]) world.last.hear(entry('1', seq, text(`m${String(seq)}`)))
    show()
    expect(words(followed)).toEqual(['m1', 'm2'])
    expect(followed.catching.get()).toBe('complete')
    expect(world.last.takeSent('delivered')).toEqual([{ kind: 'delivered', session: sid('1'), up_to: 2 }])
  })

  it('fetches a hole once and then shows what waited beyond it', async () => {
    const { world, followed } = await following()
    world.last.hear(entry('1', 1, text('m1')))
    world.last.hear(entry('1', 3, text('m3')))
    world.last.hear(entry('1', 4, text('m4')))
    expect(world.last.takeSent('follow')).toEqual([{ kind: 'follow', session: sid('1'), after: 1 }])
    expect(followed.catching.get()).toBe('catching_up')
    world.last.hear(entry('1', 2, text('m2')))
    show()
    expect(words(followed)).toEqual(['m1', 'm2', 'm3', 'm4'])
  })

  it('resumes after a break from the last entry received, and keeps the draft', async () => {
    const { world, followed } = await following()
    world.last.hear(entry('1', 1, text('m1')))
    followed.write('half a sen')
    await back(world)
    expect(world.last.takeSent('follow')).toEqual([{ kind: 'follow', session: sid('1'), after: 1 }])
    expect(followed.draft.get()).toBe('half a sen')
    show()
    vi.advanceTimersByTime(FLUSH_AFTER_MS)
    expect(world.last.takeSent('real_time_text').at(-1)).toMatchObject({ typed: { from: 0, text: 'half a sen' } })
  })

  it('sends the whole draft again every five seconds, however slowly somebody types', async () => {
    const { world, followed } = await following()
    const draft = Array.from('stay where', (_, at) => 'stay where'.slice(0, at + 1))
    for (const words of draft) {
      followed.write(words)
      vi.advanceTimersByTime(1_000)
    }
    const whole = world.last.takeSent('real_time_text').flatMap(({ typed }) => {
      const { from, text } = typed as { from: number; text: string }
      return from === 0 ? [text] : []
    })
    expect(whole).toEqual(['s', 'stay w'])
  })

  it('marks as seen only when a person acts, and only once', async () => {
    const { world, client, followed } = await following()
    world.last.hear(entry('1', 1, text('m1')))
    show()
    expect(world.last.takeSent('do')).toEqual([])
    void client.seen(followed)
    expect(world.last.takeSent('do')).toMatchObject([{ command: { kind: 'seen', up_to: 1 } }])
    world.last.hear(entry('1', 2, { kind: 'seen', up_to: 1 }, { by: { role: 'staff', as: 'telecommunicator', staff: 'tina' } }))
    show()
    void client.seen(followed)
    expect(world.last.takeSent('do')).toEqual([])
  })

  it('gives the finished message the id under which it was typed', async () => {
    const { world, client, followed } = await following()
    followed.write('on the way')
    vi.advanceTimersByTime(FLUSH_AFTER_MS)
    const [typed] = world.last.takeSent('real_time_text')
    void client.sendDraft(followed)
    const [sent] = world.last.takeSent('do')
    expect(sent?.['id']).toBe((typed?.['typed'] as { message: string }).message)
    expect(followed.draft.get()).toBe('')
  })

  it('shows what the resident types until the message is finished', async () => {
    const { world, followed } = await following()
    const command = 'a'.repeat(32)
    const typed = { message: command, part: 0, from: 0, text: 'there is smo' }
    world.last.hear({ kind: 'real_time_text', session: sid('1'), by: { role: 'resident' }, typed })
    expect(followed.residentTyping.get()?.text).toBe('there is smo')
    world.last.hear(entry('1', 1, text('there is smoke'), { command }))
    show()
    expect(followed.residentTyping.get()).toBeUndefined()
  })

  it('of somebody else is not told as delivered', async () => {
    const { world, client } = await signedIn()
    client.follow(sid('2'))
    world.last.hear({ kind: 'session', row: row('2', { standing: 'owned', owner: 'tom' }), head: 1, after: 0 })
    world.last.hear(entry('2', 1, text('m1')))
    show()
    expect(world.last.takeSent('delivered')).toEqual([])
  })
})

describe('history', () => {
  it('answers with a page of finished sessions', async () => {
    const { world, client } = await signedIn()
    const page = client.history()
    const [asked] = world.last.takeSent('list_closed')
    world.last.hear({ kind: 'history', id: asked?.['id'], rows: [row('1', { standing: 'closed' })], more: false })
    await settled()
    expect((await page)?.rows.length).toBe(1)
  })
})
