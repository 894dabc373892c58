// Rows, entries and a welcome for the tests of the staff client and for the pages' own.
import type { Event, SessionRow, ToStaff } from '../src/protocol.ts'

/** A session's id made of one digit. */
export const sid = (digit: string): string => digit.repeat(32)

export function row(digit: string, change: Partial<SessionRow> = {}): SessionRow {
  return {
    session: sid(digit), queue: 'main', standing: 'waiting', priority: 3, rules: [], category: 'other', language: 'en',
    silent: false, entered_ms: 1_000, deadline_ms: 61_000, rank: 1, located: false, photos: 0, messages: 0, live: [],
    connected: true, quick_exit: false, ...change,
  }
}

export function entry(digit: string, seq: number, event: Event, change: object = {}): Extract<ToStaff, { kind: 'entry' }> {
  return {
    kind: 'entry', session: sid(digit), seq, at_ms: 1_000 + seq, by: { role: 'resident' },
    command: seq.toString(16).padStart(32, '0'), event, ...change,
  }
}

export const text = (words: string): Event => ({ kind: 'text', text: words, age_ms: 0 })

export const WELCOME: Extract<ToStaff, { kind: 'welcome' }> = {
  kind: 'welcome', connection: sid('c'), now_ms: 5_000_000, heartbeat_ms: 10_000,
  agency: { agency: 'demo.example', name: 'Demo', banner: 'Demo', emergency_number: '911', exit_url: 'https://example.org/' },
  staff: 'tina', name: 'Tina', role: 'telecommunicator',
  queues: [{ queue: 'main', name: 'Main', targets_ms: [15_000, 30_000, 60_000, 120_000, 300_000], target_share_percent: 90 }],
  limits: { message_bytes: 262_144, text_chars: 8_000, preview_bytes: 131_072, photo_bytes: 52_428_800, photos: 100 },
}

export function list(version: number, rows: SessionRow[]): Extract<ToStaff, { kind: 'sessions' }> {
  const count = (standing: string): number => rows.filter((one) => one.standing === standing).length
  return { kind: 'sessions', version, rows, waiting: count('waiting'), owned: count('owned'), abandoned: count('abandoned') }
}
