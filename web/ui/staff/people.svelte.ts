// What people are called, and with whom something is.
//
// Owns: the names of those who are or were signed in, by the name they sign in with. Must not: stand where a record names who did
// something: two people may be called the same. Called by: the entries of the pages, which `introduce` them, and every part that speaks of
// somebody.
import type { Colleague, SessionRow } from '../../sdk/src/protocol.ts'
import { t } from './words.svelte.ts'

let names = $state.raw<ReadonlyMap<string, string>>(new Map())

/** Takes what people are called now. */
export function introduce(people: ReadonlyMap<string, string> = new Map()): void {
  names = people
}

/** What somebody is called; the name they sign in with, of whom nothing was heard, and a dash for nobody. */
export function called(staff: string | undefined): string {
  return staff === undefined ? '–' : (names.get(staff) ?? staff)
}

/** What several are called, each once. */
export function calledAll(staff: readonly string[]): string {
  return [...new Set(staff)].map(called).join(', ')
}

/** Whether somebody can take sessions, or why not. */
export function stateWords({ state, reason }: Pick<Colleague, 'state' | 'reason'>): string {
  return t(state === 'available' ? 'state-available' : `reason-${reason ?? 'other'}`)
}

/** With whom a session is, or where it stands. */
export function standsWords({ owner, standing }: Pick<SessionRow, 'owner' | 'standing'>): string {
  return owner === undefined ? t(`near-${standing}`) : t('row-owner', { owner: called(owner) })
}
