// A view from which what was written has gone, once it is deleted: the gateway gives the entries so from then on, and a page that has them
// already drops them.
//
// Owns: what is left of each fact. Must not: fetch anything. Pure. Used by: `staff-session.ts`, for every further entry.
import { emptyView, fold, type Entry, type SessionView } from './staff-fold.ts'
import type { Event } from './protocol.ts'

/** The view after these further entries, as `fold` makes it, without words that they say are deleted. */
export function foldLeft(view: SessionView, entries: readonly Entry[]): SessionView {
  const upTo = entries.findLast(({ event }) => event.kind === 'words_deleted')?.seq
  if (upTo === undefined) return fold(view, entries)
  const all = [...view.entries, ...entries]
  return fold(emptyView(), all.map((entry) => (entry.seq < upTo ? { ...entry, event: withoutWords(entry.event) } : entry)))
}

/** The fact without what people wrote, where they were, and how they can be reached. */
function withoutWords(event: Event): Event {
  switch (event.kind) {
    case 'text':
    case 'located':
    case 'service_located':
    case 'contact_given':
    case 'field_answered':
    case 'note':
      return { kind: 'destroyed', was: event.kind }
    case 'opened':
    case 'report_link_opened': {
      const { contact: _gone, ...left } = event
      return left
    }
    case 'asked': {
      const { question: _gone, ...left } = event
      return left
    }
    case 'triaged':
      return { ...event, rules: event.rules.map((rule) => ({ ...rule, because: '' })) }
    case 'suspected':
      return { ...event, suspicion: { ...event.suspicion, reasons: event.suspicion.reasons.map(({ rule, points }) => ({ rule, points, because: '' })) } }
    case 'priority_changed':
    case 'hold_placed':
    case 'hold_lifted':
    case 'custody_requested':
    case 'custody_declined':
      return { ...event, reason: '' }
    case 'transferred':
    case 'closed':
    case 'responder_link_made':
      return { ...event, note: '' }
    case 'responder_link_opened':
      return { ...event, name: '' }
    case 'overruled':
      return { ...event, event: withoutWords(event.event) }
    default:
      return event
  }
}
