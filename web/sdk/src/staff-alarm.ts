// What a telecommunicator must be told by sound, and when again.
//
// Owns: which facts are an alarm, how long it repeats, what acknowledging means, one sound at a time. Pure: time is handed in. Must
// not: make a sound, know the page or words of a language. Used by: `console/`; reference for native consoles.
import type { Priority, SessionRow } from './protocol.ts'

/** Why somebody must be told. Each has one named action: take next, take this one, open the session, end the timer. */
export type AlarmKind =
  /** A session waits that may be taken. */
  | 'offer'
  /** A session was handed to this person. */
  | 'assigned'
  /** The resident of an own session wrote, and nobody has looked. */
  | 'message'
  /** Nothing was heard from the resident of an own session for too long. */
  | 'quiet'
  /** A timer that the person set has run out. */
  | 'timer'

/** One thing to be told. */
export interface Alarm {
  readonly kind: AlarmKind
  readonly session: string
  readonly priority: Priority
  /** Since when, by the gateway's clock, in ms. */
  readonly sinceMs: number
  /** When an answer is due, for what waits. */
  readonly deadlineMs?: number
}

/** An own session, as far as alarms care. */
export interface OwnSession {
  readonly row: SessionRow
  /** When the oldest message came that nobody has seen. */
  readonly unseenSinceMs: number | undefined
  /** When the resident was last heard in any way. */
  readonly heardMs: number
  /** It is open in front of the person now. */
  readonly inView: boolean
  /** When the person's own timer runs out. */
  readonly timerMs: number | undefined
}

/** Facts that alarms are made from. */
export interface AlarmFacts {
  readonly me: string
  /** Who is not available is not offered what waits in a queue; what was handed to them is told all the same. */
  readonly available: boolean
  readonly waiting: readonly SessionRow[]
  readonly own: readonly OwnSession[]
}

/** A resident who was not heard for this long, in ms, may be in trouble or gone: the telecommunicator should ask. */
export const QUIET_AFTER_MS = 180_000
/** A sound comes again after this long, in ms, for priorities 1 to 5, where the agency has said nothing. */
export const REPEAT_MS: readonly number[] = [10_000, 30_000, 30_000, 30_000, 30_000]
/** No two sounds are closer than this, in ms: in a flood one sound stands for all. */
export const GAP_MS = 3_000

/** The alarms in these facts, most urgent first. */
export function alarmsIn(facts: AlarmFacts, nowMs: number): readonly Alarm[] {
  const found: Alarm[] = []
  for (const row of facts.waiting) {
    const forMe = row.reserved_for === facts.me
    if (!forMe && (row.reserved_for !== undefined || !facts.available)) continue
    found.push({
      kind: forMe ? 'assigned' : 'offer', session: row.session, priority: row.priority, sinceMs: row.entered_ms, deadlineMs: row.deadline_ms,
    })
  }
  for (const { row, unseenSinceMs, heardMs, inView, timerMs } of facts.own) {
    const { session, priority } = row
    if (unseenSinceMs !== undefined && !inView) found.push({ kind: 'message', session, priority, sinceMs: unseenSinceMs })
    if (row.connected && nowMs - heardMs >= QUIET_AFTER_MS) found.push({ kind: 'quiet', session, priority, sinceMs: heardMs })
    if (timerMs !== undefined && nowMs >= timerMs) found.push({ kind: 'timer', session, priority, sinceMs: timerMs })
  }
  return found.sort((a, b) => a.priority - b.priority || a.sinceMs - b.sinceMs)
}

/** What acknowledging one alarm covers: the same thing again is quiet, unless it became more urgent or happened anew. */
function covers(alarm: Alarm): string {
  const anew = alarm.kind === 'offer' || alarm.kind === 'assigned' ? '' : String(alarm.sinceMs)
  return `${alarm.kind} ${alarm.session} ${anew}`
}

/** Which alarms were acknowledged, and when which sound was made. */
export class AlarmKeeper {
  #acknowledged = new Map<string, Priority>()
  #sounded = new Map<string, { atMs: number; priority: Priority }>()
  #lastMs = -Infinity

  /** Those that still have to be told. */
  open(alarms: readonly Alarm[]): readonly Alarm[] {
    this.#forget(alarms)
    return alarms.filter((alarm) => alarm.priority < (this.#acknowledged.get(covers(alarm)) ?? 6))
  }

  /** A person has heard these. */
  acknowledge(alarms: readonly Alarm[]): void {
    for (const alarm of alarms) this.#acknowledged.set(covers(alarm), alarm.priority)
  }

  /** The one sound to make now, if any: for the most urgent of those that are new or due again, after the agency's pauses. */
  due(open: readonly Alarm[], nowMs: number, repeatMs: readonly number[] = REPEAT_MS): Alarm | undefined {
    if (nowMs - this.#lastMs < GAP_MS) return undefined
    const due = open.find((alarm) => {
      const before = this.#sounded.get(covers(alarm))
      if (!before || alarm.priority < before.priority) return true
      return nowMs - before.atMs >= (repeatMs[alarm.priority - 1] ?? Infinity)
    })
    if (!due) return undefined
    // One sound stands for the whole list: those behind it wait for their own repeat from now on.
    this.#lastMs = nowMs
    for (const alarm of open) this.#sounded.set(covers(alarm), { atMs: nowMs, priority: alarm.priority })
    return due
  }

  /** What is no longer so may alarm again when it happens again. */
  #forget(alarms: readonly Alarm[]): void {
    const present = new Set(alarms.map(covers))
    for (const key of this.#acknowledged.keys()) if (!present.has(key)) this.#acknowledged.delete(key)
    for (const key of this.#sounded.keys()) if (!present.has(key)) this.#sounded.delete(key)
  }
}
