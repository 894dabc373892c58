// Incidents: sessions that report the same event, as a person said.
//
// Owns: which rows share one, what linking two sessions takes, and what takes that back. Pure. Must not: send anything, or link by itself.
// Used by: the console and the supervisor's page; reference for native consoles.
import type { SessionRow, StaffCommand } from './protocol.ts'

/** A command to one session. */
export interface Act {
  readonly session: string
  readonly command: Extract<StaffCommand, { kind: 'link' | 'unlink' }>
}

/** What a person wants of some sessions: into this incident, or out of the one each is in. */
export interface Linking {
  readonly incident: string | undefined
  /** Those that it changes, as they stood before, the earliest first. */
  readonly before: readonly SessionRow[]
}

function byEntry(a: SessionRow, b: SessionRow): number {
  return a.entered_ms - b.entered_ms || (a.session < b.session ? -1 : 1)
}

/** The rows of each incident, the earliest first. Only open sessions are in lists: an incident may have had more. */
export function incidentsOf(rows: readonly SessionRow[]): ReadonlyMap<string, readonly SessionRow[]> {
  const found = new Map<string, SessionRow[]>()
  for (const row of rows) {
    if (row.incident === undefined) continue
    const known = found.get(row.incident)
    if (known) known.push(row)
    else found.set(row.incident, [row])
  }
  for (const known of found.values()) known.sort(byEntry)
  return found
}

/** A row that belongs to this incident, by what its log says: lists come a moment later. */
export function within(row: SessionRow, incident: string | undefined): SessionRow {
  const { incident: _, ...rest } = row
  return incident === undefined ? rest : { ...rest, incident }
}

/** The report with which an incident began, as far as it is among these rows of it. */
export function firstOf(rows: readonly SessionRow[], incident: string): SessionRow | undefined {
  return rows.find((row) => row.session === incident) ?? [...rows].sort(byEntry)[0]
}

/**
 * Makes two sessions one incident: this one goes to where the other is, else the other to where this one is, else both to the
 * incident of the one that came first. So the id follows from the sessions, and two people who link the same ones at once agree.
 */
export function linking(one: SessionRow, other: SessionRow): Linking {
  const both = [one, other].sort(byEntry)
  const incident = other.incident ?? one.incident ?? both[0]?.session
  return { incident, before: both.filter((row) => row.incident !== incident) }
}

/** Takes a session out of its incident. */
export function unlinking(one: SessionRow): Linking {
  return { incident: undefined, before: one.incident === undefined ? [] : [one] }
}

/** The commands that do it. */
export function acts({ incident, before }: Linking): readonly Act[] {
  return before.flatMap(({ session, incident: was }) => move(session, was, incident))
}

/**
 * The commands that take it back: each session to where it stood. Where others were linked meanwhile, the one that the incident is
 * named after stays with them.
 */
export function undoing({ incident, before }: Linking, rows: readonly SessionRow[]): readonly Act[] {
  const ours = new Set(before.map(({ session }) => session))
  const others = rows.some((row) => row.incident === incident && !ours.has(row.session))
  return before
    .filter((row) => !(others && row.session === incident && row.incident === undefined))
    .flatMap((row) => move(row.session, incident, row.incident))
}

function move(session: string, from: string | undefined, to: string | undefined): readonly Act[] {
  if (to !== undefined) return [{ session, command: { kind: 'link', incident: to } }]
  return from === undefined ? [] : [{ session, command: { kind: 'unlink', incident: from } }]
}
