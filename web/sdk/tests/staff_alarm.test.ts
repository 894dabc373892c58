import { describe, expect, it } from 'vitest'
import { AlarmKeeper, alarmsIn, GAP_MS, QUIET_AFTER_MS, type Alarm } from '../src/staff-alarm.ts'
import { row, sid } from './staff_rows.ts'

const offer = (session: string, priority: 1 | 2 | 3 | 4 | 5 = 3): Alarm => ({ kind: 'offer', session, priority, sinceMs: 0 })
const nothing = { me: 'tina', available: true, waiting: [], own: [] }

describe('what is an alarm', () => {
  it('offers what waits to those who are available', () => {
    const waiting = [row('1'), row('2')]
    expect(alarmsIn({ ...nothing, waiting }, 0).map(({ kind }) => kind)).toEqual(['offer', 'offer'])
    expect(alarmsIn({ ...nothing, waiting, available: false }, 0)).toEqual([])
  })

  it('tells of what was handed to me though I am not available, and nothing of what was handed to others', () => {
    const waiting = [row('1', { reserved_for: 'tina' }), row('2', { reserved_for: 'tom' })]
    expect(alarmsIn({ ...nothing, waiting, available: false }, 0)).toMatchObject([{ kind: 'assigned', session: sid('1') }])
  })

  it('puts the most urgent first', () => {
    const waiting = [row('1', { priority: 4 }), row('2', { priority: 1 })]
    expect(alarmsIn({ ...nothing, waiting }, 0).map(({ priority }) => priority)).toEqual([1, 4])
  })

  it('knows an own session with unseen words, a silent one and a timer that ran out', () => {
    const base = { unseenSinceMs: undefined, heardMs: 0, inView: false, timerMs: undefined }
    const one = { ...base, row: row('1', { connected: true }) }
    const kinds = (own: object, nowMs: number) => alarmsIn({ ...nothing, own: [{ ...one, ...own }] }, nowMs).map(({ kind }) => kind)
    expect(kinds({ unseenSinceMs: 5 }, 10)).toEqual(['message'])
    expect(kinds({ unseenSinceMs: 5, inView: true }, 10)).toEqual([])
    expect(kinds({}, QUIET_AFTER_MS - 1)).toEqual([])
    expect(kinds({}, QUIET_AFTER_MS)).toEqual(['quiet'])
    expect(kinds({ row: row('1', { connected: false }) }, QUIET_AFTER_MS)).toEqual([])
    expect(kinds({ timerMs: 50 }, 49)).toEqual([])
    expect(kinds({ timerMs: 50 }, 50)).toEqual(['timer'])
  })
})

describe('when it sounds', () => {
  it('repeats until it is acknowledged: every 10 s for priority 1, else every 30 s', () => {
    for (const [priority, every] of [[1, 10_000], [3, 30_000]] as const) {
      const keeper = new AlarmKeeper()
      const open = keeper.open([offer('a', priority)])
      expect(keeper.due(open, 0)).toBeDefined()
      expect(keeper.due(open, every - 1)).toBeUndefined()
      expect(keeper.due(open, every)).toBeDefined()
      keeper.acknowledge(open)
      expect(keeper.open([offer('a', priority)])).toEqual([])
    }
  })

  it('repeats as the agency says, from the moment it says so', () => {
    const keeper = new AlarmKeeper()
    const open = keeper.open([offer('a', 2)])
    keeper.due(open, 0)
    expect(keeper.due(open, 7_000)).toBeUndefined()
    expect(keeper.due(open, 7_000, [5_000, 7_000, 30_000, 30_000, 30_000])).toBeDefined()
  })

  it('makes one sound for a flood', () => {
    const keeper = new AlarmKeeper()
    const flood = Array.from({ length: 50 }, (_, n) => offer(String(n)))
    expect(keeper.due(keeper.open(flood), 0)).toBeDefined()
    for (let now = 1; now < 30_000; now += 500) expect(keeper.due(keeper.open(flood), now)).toBeUndefined()
  })

  it('lets a new one wait until the sound before it has ended', () => {
    const keeper = new AlarmKeeper()
    keeper.due(keeper.open([offer('a')]), 0)
    const both = [offer('b', 1), offer('a')]
    expect(keeper.due(keeper.open(both), GAP_MS - 1)).toBeUndefined()
    expect(keeper.due(keeper.open(both), GAP_MS)).toMatchObject({ session: 'b' })
  })

  it('sounds again when an acknowledged one becomes more urgent, and not when less', () => {
    const keeper = new AlarmKeeper()
    keeper.acknowledge([offer('a', 3)])
    expect(keeper.open([offer('a', 4)])).toEqual([])
    expect(keeper.open([offer('a', 2)])).toHaveLength(1)
  })

  it('tells anew what went away and came back', () => {
    const keeper = new AlarmKeeper()
    keeper.acknowledge([offer('a')])
    expect(keeper.open([offer('a')])).toEqual([])
    keeper.open([])
    expect(keeper.open([offer('a')])).toHaveLength(1)
  })
})
