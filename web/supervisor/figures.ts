// What the supervisor's screen works out from what the gateway tells: how near a breach is, who is where, what has no owner.
//
// Owns: the rules of the warnings and of the sums. Pure: the same board, list and clock give the same answer. Must not: know words
// of a language, or the page. Used by: the floor, the wallboard, `trend.ts`; tests.
import type { Board, QueueFigures, QueueInfo, SessionRow } from '../sdk/src/protocol.ts'

/** What `safe` can be worth when it is worth nothing: the shared tier is away or too weak, or nothing can be stored. */
export const UNSAFE: ReadonlySet<string> = new Set(['none', 'island', 'weaker'])

/** Shares of a target, in percent, from which on a wait is warned about. At 100 the target is missed. */
export const LEVELS = [50, 75, 90, 100] as const
/** How far a wait has come: 0 below the first level. */
export type Level = 0 | (typeof LEVELS)[number]

/** How many of 100 sessions have priority 1, priority 2, and any other, where priorities still say something (ISA 18.2). */
export const REFERENCE_MIX = [5, 15, 80] as const
/** From so many open sessions on, a mix says something; below, one session is a tenth and more. */
export const MIX_FROM_SESSIONS = 10

/** Something that needs a person before it is too late. */
export interface Warning {
  /** Stays the same while the warning does, and changes when it gets worse. */
  readonly key: string
  readonly kind: 'unsafe' | 'unstaffed' | 'wait' | 'orphaned'
  /** Act now: not only look. */
  readonly urgent: boolean
  readonly queue: string | undefined
  readonly level: Level
  /** Of the session that is nearest to its target. */
  readonly priority: number | undefined
  readonly enteredMs: number | undefined
  readonly deadlineMs: number | undefined
  /** Sessions it is about. */
  readonly sessions: number
}

/** The level a wait has reached. */
export function level(row: Pick<SessionRow, 'entered_ms' | 'deadline_ms'>, nowMs: number): Level {
  const target = row.deadline_ms - row.entered_ms
  const used = target <= 0 ? 100 : (100 * (nowMs - row.entered_ms)) / target
  return LEVELS.findLast((step) => used >= step) ?? 0
}

/** Share answered within the target, in whole percent, never rounded up; `undefined` before the first answer. */
export function share(figures: Pick<QueueFigures, 'answered' | 'answered_in_target'>): number | undefined {
  return figures.answered > 0 ? Math.floor((100 * figures.answered_in_target) / figures.answered) : undefined
}

/**
 * Whether a session has no console: its owner's is gone, or it went back to the line after somebody had answered it. Rows come at once
 * and the board once in a while: a board from before the answer may not know yet who has just signed in.
 */
export function orphaned(row: SessionRow, board: Pick<Board, 'now_ms' | 'people'> | undefined): boolean {
  if (row.standing === 'waiting') return row.answered_ms !== undefined
  if (row.standing !== 'owned' || board === undefined || board.now_ms < (row.answered_ms ?? 0)) return false
  return !board.people.some((person) => person.staff === row.owner)
}

/** Everything to warn about, what is worst first. */
export function warnings(board: Board, rows: readonly SessionRow[], nowMs: number): Warning[] {
  const none = { priority: undefined, enteredMs: undefined, deadlineMs: undefined, level: 0 as Level }
  const found: Warning[] = []
  if (UNSAFE.has(board.guarantee)) found.push({ ...none, key: 'unsafe', kind: 'unsafe', urgent: true, queue: undefined, sessions: 0 })
  for (const figures of board.queues) {
    if (figures.staffed > 0 || figures.waiting === 0) continue
    found.push({ ...none, key: `unstaffed ${figures.queue}`, kind: 'unstaffed', urgent: true, queue: figures.queue, sessions: figures.waiting })
  }
  const lost = rows.filter((row) => row.standing === 'owned' && orphaned(row, board))
  if (lost.length > 0) found.push({ ...none, key: 'orphaned', kind: 'orphaned', urgent: true, queue: undefined, sessions: lost.length })
  found.push(...waits(rows, nowMs))
  return found
}

function waits(rows: readonly SessionRow[], nowMs: number): Warning[] {
  // Priority 1 has a line of its own, so that it never hides behind a longer but less urgent wait.
  const groups = new Map<string, Warning>()
  for (const row of rows) {
    if (row.standing !== 'waiting') continue
    const reached = level(row, nowMs)
    if (reached === 0) continue
    const first = row.priority === 1
    const group = `${row.queue} ${first ? 'first' : 'rest'}`
    const known = groups.get(group)
    const sessions = (known?.sessions ?? 0) + 1
    if (known && (known.level > reached || (known.level === reached && (known.priority ?? 9) <= row.priority))) {
      groups.set(group, { ...known, sessions })
      continue
    }
    groups.set(group, {
      key: `wait ${group} ${String(reached)}`, kind: 'wait', urgent: first || reached === 100, queue: row.queue, level: reached,
      priority: row.priority, enteredMs: row.entered_ms, deadlineMs: row.deadline_ms, sessions,
    })
  }
  return [...groups.values()].sort(
    (a, b) => Number(b.urgent) - Number(a.urgent) || (a.priority === 1 ? -1 : 0) - (b.priority === 1 ? -1 : 0) || b.level - a.level,
  )
}

/** The highest level among a queue's waiting sessions: of each priority the longest wait is nearest to its target. */
export function queueLevel(figures: QueueFigures, queue: QueueInfo | undefined, nowMs: number): Level {
  let highest: Level = 0
  for (const { priority, since_ms } of figures.longest ?? []) {
    const target = queue?.targets_ms[priority - 1]
    if (target === undefined) continue
    const reached = level({ entered_ms: since_ms, deadline_ms: since_ms + target }, nowMs)
    if (reached > highest) highest = reached
  }
  return highest
}

/** Open sessions by priority, 1 to 5; tests are left out. */
export function mix(rows: readonly SessionRow[]): [number, number, number, number, number] {
  const counts: [number, number, number, number, number] = [0, 0, 0, 0, 0]
  for (const row of rows) if (row.test !== true && (row.standing === 'waiting' || row.standing === 'owned')) counts[row.priority - 1] = (counts[row.priority - 1] ?? 0) + 1
  return counts
}
