import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Event, SessionRow } from '../src/protocol.ts'
import { ClosedSessions, LOOK_AGAIN_MS } from '../src/staff-closed.ts'
import type { SignedIn } from '../src/staff-sign-in.ts'
import { StaffClient } from '../src/staff.ts'
import { FakeWorld, settled } from './fake_world.ts'
import { entry, row, sid, WELCOME } from './staff_rows.ts'

const SUE: SignedIn = { token: 'one', expires_ms: 6_000_000, staff: 'sue', name: 'Sue', role: 'supervisor', agency: 'demo.example' }

const closed = (digit: string, change: Partial<SessionRow> = {}): SessionRow => row(digit, { standing: 'closed', ...change })
const hold = (id: string): Event => ({ kind: 'hold_placed', hold: sid(id), reason: 'court' })

/** Sue looks at the list; the gateway has answered with these pages. */
async function looking(...pages: SessionRow[][]) {
  const world = new FakeWorld()
  const failed = vi.fn()
  const client = new StaffClient(SUE, { client: 'test', origin: 'http://gateway', surroundings: world, now: () => 5_000_000, registers: false })
  client.start()
  await world.greeted({ ...WELCOME })
  const sessions = new ClosedSessions(client, failed)
  const end = sessions.open()
  await settled()
  for (const [place, rows] of pages.entries()) {
    if (place > 0) sessions.older()
    await settled()
    await answer(world, rows, place + 1 < pages.length)
  }
  return { world, client, failed, sessions, end, listed: () => sessions.list.get().rows }
}

/** The gateway answers the one question that was asked; says from where on it was asked. */
async function answer(world: FakeWorld, rows: SessionRow[], more = false): Promise<unknown> {
  const asked = world.last.takeSent('list_closed')
  expect(asked).toHaveLength(1)
  world.last.hear({ kind: 'history', id: asked[0]?.['id'], rows, more })
  await settled()
  return asked[0]?.['after']
}

/** An entry of a followed session, shown. */
async function hears(world: FakeWorld, seq: number, event: Event): Promise<void> {
  world.last.hear(entry('1', seq, event, { by: { role: 'staff', staff: 'sam', as: 'supervisor' } }))
  vi.advanceTimersByTime(50)
  await settled()
}

/** So much time passes. */
async function after(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms)
  await settled()
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the list of finished sessions', () => {
  it('says that it is not known before the answer came', async () => {
    const { world, sessions } = await looking()
    expect(sessions.list.get()).toEqual({ known: false, rows: [], more: false })
    await answer(world, [])
    expect(sessions.list.get()).toEqual({ known: true, rows: [], more: false })
  })

  it('is asked for anew when somebody else places a hold on one of them, as far as it is listed', async () => {
    const { world, client, listed } = await looking([closed('2')], [closed('1')])
    client.follow(sid('1'))
    world.last.hear({ kind: 'session', row: closed('1'), head: 0, after: 0 })
    await hears(world, 1, hold('a'))
    expect(await answer(world, [closed('2')], true)).toBeUndefined()
    expect(await answer(world, [closed('1', { on_hold: true })])).toBe(sid('2'))
    expect(listed()).toEqual([closed('2'), closed('1', { on_hold: true })])
    await hears(world, 2, { kind: 'hold_lifted', hold: sid('a'), reason: 'over' })
    await answer(world, [closed('2')], true)
    await answer(world, [closed('1')])
    expect(listed()).toEqual([closed('2'), closed('1')])
  })

  it('is not asked for anew by what its rows do not show, by other sessions, or once nobody looks', async () => {
    const { world, client, end } = await looking([closed('2')])
    client.follow(sid('1'))
    world.last.hear({ kind: 'session', row: closed('1'), head: 0, after: 0 })
    await hears(world, 1, hold('a'))
    expect(world.last.takeSent('list_closed')).toEqual([])
    client.follow(sid('2'))
    world.last.hear({ kind: 'session', row: closed('2'), head: 0, after: 0 })
    world.last.hear(entry('2', 1, { kind: 'note', text: 'read' }))
    vi.advanceTimersByTime(50)
    await settled()
    expect(world.last.takeSent('list_closed')).toEqual([])
    end()
    world.last.hear(entry('2', 2, hold('b')))
    vi.advanceTimersByTime(50)
    await settled()
    expect(world.last.takeSent('list_closed')).toEqual([])
  })

  it('shows within some seconds what others do to sessions that nobody follows here, and asks nothing once nobody looks', async () => {
    const { world, listed, end } = await looking([closed('2')], [closed('1')])
    await after(LOOK_AGAIN_MS)
    expect(await answer(world, [closed('2', { on_hold: true })], true)).toBeUndefined()
    await answer(world, [closed('1')])
    expect(listed()).toEqual([closed('2', { on_hold: true }), closed('1')])
    await after(LOOK_AGAIN_MS)
    expect(world.last.takeSent('list_closed')).toHaveLength(1)
    // A gateway that takes its time is asked once.
    await after(LOOK_AGAIN_MS)
    expect(world.last.takeSent('list_closed')).toEqual([])
    end()
    await after(2 * LOOK_AGAIN_MS)
    expect(world.last.takeSent('list_closed')).toEqual([])
  })

  it('goes on after the last row, and is whole again after a break of the link', async () => {
    const { world, sessions, listed } = await looking([closed('3')], [closed('2')])
    expect(listed().map(({ session }) => session)).toEqual([sid('3'), sid('2')])
    sessions.older()
    await settled()
    world.last.end(1006)
    await settled()
    // What could not be asked is not "none".
    expect(sessions.list.get()).toMatchObject({ known: false, rows: [closed('3'), closed('2')] })
    world.advance(15_000)
    await world.greeted({ ...WELCOME })
    await answer(world, [closed('4'), closed('3')], true)
    expect(sessions.list.get()).toEqual({ known: true, rows: [closed('4'), closed('3')], more: true })
  })

  it('tells why the gateway refused', async () => {
    const { world, failed } = await looking()
    const [asked] = world.last.takeSent('list_closed')
    world.last.hear({ kind: 'error', id: asked?.['id'], code: 'not_allowed', number: 1, retry: 'never', message: 'no' })
    await settled()
    expect(failed).toHaveBeenCalledOnce()
  })
})
