import { describe, expect, it } from 'vitest'
import type { Board, PersonFigures, QueueFigures, QueueInfo, SessionRow } from '../sdk/src/protocol.ts'
import { level, mix, orphaned, queueLevel, share, warnings } from './figures.ts'

const queue = (change: Partial<QueueFigures> = {}): QueueFigures => ({
  queue: 'main', waiting: 1, waiting_by_priority: [0, 0, 1, 0, 0], answered: 0, answered_in_target: 0, abandoned: 0, staffed: 1, ...change,
})
const person = (staff: string, change: Partial<PersonFigures> = {}): PersonFigures => ({
  staff, name: staff, role: 'telecommunicator', state: 'available', since_ms: 0, sessions: 0, alarms: 0, exposed_ms: 0, ...change,
})
const row = (change: Partial<SessionRow> = {}): SessionRow => ({
  session: 's', queue: 'main', standing: 'waiting', priority: 3, rules: [], category: 'other', language: 'en', silent: false, entered_ms: 0,
  deadline_ms: 20_000, rank: 0, located: false, photos: 0, messages: 0, live: [], connected: true, quick_exit: false, ...change,
})
const board = (change: Partial<Board> = {}): Board => ({ now_ms: 0, queues: [queue()], people: [person('tina')], guarantee: 'local_disk', ...change })

describe('figures', () => {
  it('reaches a level exactly at its share of the target', () => {
    const at = [9_999, 10_000, 15_000, 18_000, 19_999, 20_000].map((now) => level(row(), now))
    expect(at).toEqual([0, 50, 75, 90, 90, 100])
    expect(level(row({ deadline_ms: 0 }), 0)).toBe(100)
  })

  it('never rounds a share up to its goal', () => {
    expect(share(queue({ answered: 1_000, answered_in_target: 899 }))).toBe(89)
    expect(share(queue())).toBeUndefined()
  })

  it('warns of priority 1 before a longer wait, and asks for a person from half on', () => {
    const rows = [row({ session: 'a', priority: 1 }), row({ session: 'b', entered_ms: -8_000 }), row({ session: 'c', entered_ms: -5_000 })]
    const found = warnings(board(), rows, 10_000)
    expect(found.map(({ priority, level: reached, urgent, sessions }) => [priority, reached, urgent, sessions])).toEqual([
      [1, 50, true, 1], [3, 50, false, 2],
    ])
  })

  it('names a queue that nobody serves, a lost console and a gateway that promises nothing', () => {
    const found = warnings(
      board({ guarantee: 'none', queues: [queue({ staffed: 0 })], people: [] }), [row({ standing: 'owned', owner: 'tina', answered_ms: 0 })], 0,
    )
    expect(found.map(({ kind }) => kind)).toEqual(['unsafe', 'unstaffed', 'orphaned'])
  })

  it('warns first of all of a gateway whose shared tier is weaker than it should be, and of none that is as it should be', () => {
    for (const guarantee of ['weaker', 'island', 'none']) {
      expect(warnings(board({ guarantee }), [], 0).map(({ kind, urgent }) => [kind, urgent]), guarantee).toEqual([['unsafe', true]])
    }
    for (const guarantee of ['local_disk', 'shared_disk', 'replicated']) expect(warnings(board({ guarantee }), [], 0), guarantee).toEqual([])
  })

  it('knows who has no console: the owner is gone, or somebody answered and nobody owns', () => {
    const owned = row({ standing: 'owned', owner: 'tina', answered_ms: 5 })
    expect(orphaned(owned, board({ now_ms: 5 }))).toBe(false)
    expect(orphaned(owned, board({ now_ms: 5, people: [] }))).toBe(true)
    expect(orphaned(owned, undefined)).toBe(false)
    expect(orphaned(row({ answered_ms: 5 }), board({ people: [] }))).toBe(true)
    expect(orphaned(row(), board({ people: [] }))).toBe(false)
  })

  it('does not call a console lost that is newer than the board', () => {
    expect(orphaned(row({ standing: 'owned', owner: 'tina', answered_ms: 5 }), board({ now_ms: 4, people: [] }))).toBe(false)
  })

  it('takes the level of a queue from the longest wait of each priority, against its own target', () => {
    const main: QueueInfo = { queue: 'main', name: 'Main', targets_ms: [10_000, 20_000, 20_000, 60_000, 60_000], target_share_percent: 90 }
    const longest = [{ priority: 1, since_ms: 12_000 }, { priority: 3, since_ms: 5_000 }] as const
    expect([14_000, 16_000, 17_000, 20_000, 25_000].map((now) => queueLevel(queue({ longest: [...longest] }), main, now))).toEqual([0, 50, 50, 75, 100])
    expect(queueLevel(queue(), main, 1e9)).toBe(0)
    expect(queueLevel(queue({ longest: [...longest] }), undefined, 1e9)).toBe(0)
  })

  it('counts open sessions by priority', () => {
    expect(mix([row(), row({ priority: 1, standing: 'owned' }), row({ standing: 'abandoned' })])).toEqual([1, 0, 1, 0, 0])
  })
})
