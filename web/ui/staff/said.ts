// Facts of a log as sentences, for the timeline.
//
// Owns: which sentence belongs to which event, and the groups of the filter. Must not: hold a sentence itself.
import type { Entry, PhotosDeleted } from '../../sdk/src/staff.ts'
import type { Actor, Event } from '../../sdk/src/protocol.ts'
import { answered, reasonWords } from './agency_words.svelte.ts'
import { dated, time } from './clock.svelte.ts'
import { errorWords, t } from './words.svelte.ts'

/** What the timeline can be narrowed to. */
export const GROUPS = ['all', 'messages', 'place', 'media', 'standing', 'notes', 'evidence'] as const
/** One of them. */
export type Group = (typeof GROUPS)[number]

const GROUP_OF: Record<Event['kind'], Group> = {
  opened: 'standing', triaged: 'standing', priority_changed: 'standing', category_changed: 'standing', text: 'messages', field_answered: 'messages', located: 'place', service_located: 'place',
  photo_announced: 'media', photo_previewed: 'media', photo_preview_refused: 'media', photo_stored: 'media', photo_refused: 'media', photo_revealed: 'media', photo_fetched: 'evidence', asked: 'media', consented: 'media', contact_given: 'standing',
  media_started: 'media', media_ended: 'media', taken: 'standing', released: 'standing', transferred: 'standing', left: 'standing',
  abandoned: 'standing', returned: 'standing', closed: 'standing', note: 'notes', watched: 'standing', seen: 'messages', overruled: 'standing', linked: 'standing', unlinked: 'standing',
  responder_link_made: 'standing', responder_link_opened: 'standing', responder_link_revoked: 'standing', suspected: 'standing',
  hold_placed: 'evidence', hold_lifted: 'evidence', custody_requested: 'evidence', custody_agreed: 'evidence', custody_declined: 'evidence', exported: 'evidence', photos_deleted: 'evidence', photos_destroyed: 'evidence',
  words_deleted: 'evidence', words_destroyed: 'evidence', destroyed: 'evidence',
  report_link_made: 'standing', report_link_opened: 'standing', report_link_revoked: 'standing',
}

/** The group of an event. An event of a newer gateway counts as standing. */
export function groupOf(event: Event): Group {
  return GROUP_OF[event.kind] ?? 'standing'
}

const SYSTEM: ReadonlySet<Event['kind']> = new Set(['triaged', 'photo_previewed', 'photo_stored', 'photo_fetched', 'watched', 'seen', 'media_started', 'media_ended'])

/** What the gateway does and people want to read first. */
const TOLD: ReadonlySet<Event['kind']> = new Set(['abandoned', 'returned', 'photos_deleted', 'words_deleted'])

/** Whether it is a fact of the machinery rather than something that people said or did. */
export function isSystem({ event, by }: Entry): boolean {
  return SYSTEM.has(event.kind) || (by.role === 'gateway' && !TOLD.has(event.kind))
}

/** By whom and when the photos of a session were deleted. */
export function deletedWords({ cause, atMs, asked, agreed, days }: PhotosDeleted): string {
  return t(`photos-deleted-${cause}`, { when: dated(atMs), asked: asked ?? '–', agreed: agreed ?? '–', days: days ?? 0 })
}

/** Who did it, in words. */
export function who(by: Actor): string {
  if (by.role === 'resident') return t('who-resident')
  if (by.role === 'gateway') return t('who-gateway')
  return by.staff ?? t(`role-${by.as}`)
}

/** Who did what an entry says: what the gateway makes of somebody's words comes with them, and is its own. */
export function author({ by, event }: Entry): string {
  return event.kind === 'triaged' || event.kind === 'suspected' ? t('who-gateway') : who(by)
}

/** An incident by the beginning of its id, as it stands in the head of its list and in timelines. */
export function incidentName(incident: string): string {
  return incident.slice(0, 8)
}

/** Coordinates with five places: about a metre. */
export function coordinates(location: { latitude: number; longitude: number }): string {
  return `${location.latitude.toFixed(5)}, ${location.longitude.toFixed(5)}`
}

/** A fact as a sentence. */
export function said(entry: Entry): string {
  const { event } = entry
  switch (event.kind) {
    case 'opened':
      return t(event.test === true ? 'said-opened-test' : 'said-opened', { category: t(`category-${event.category}`), queue: event.queue, language: event.language })
    case 'triaged':
      return t('said-triaged', { priority: priority(event.priority), rules: reasons(event.rules) })
    case 'priority_changed':
      return t('said-priority-changed', { priority: priority(event.priority), reason: event.reason || '–' })
    case 'category_changed':
      return t('said-category-changed', { from: t(`category-${event.from}`), category: t(`category-${event.category}`) })
    case 'photo_fetched':
      return t(event.original === true ? 'said-original-fetched' : 'said-photo-fetched')
    case 'text':
      return t('said-text', { text: event.text })
    case 'field_answered': {
      const { question, answer } = answered(event)
      return t('said-field-answered', { label: question, answer })
    }
    case 'note':
      return t('said-note', { text: event.text })
    case 'located':
      return t('said-located', { place: coordinates(event.location), metres: Math.round(event.location.uncertainty_m) })
    case 'service_located':
      return t('said-service-located', { place: coordinates(event.location) })
    case 'asked':
      return t('said-asked', { medium: t(`medium-${event.medium}`) })
    case 'consented':
      return t(event.granted ? 'said-granted' : 'said-not-granted', { medium: t(`medium-${event.medium}`) })
    case 'contact_given':
      return t('said-contact-given', { contact: event.contact })
    case 'media_started':
      return t('said-media-started', { medium: t(`medium-${event.medium}`) })
    case 'media_ended':
      return t('said-media-ended', { medium: t(`medium-${event.medium}`), reason: t(`media-end-${event.reason}`) })
    case 'photo_refused':
      return t('said-photo-refused', { reason: errorWords(event.code) })
    case 'photo_stored':
      return t('said-photo-stored', { kib: Math.ceil(event.size_bytes / 1_024), sha: event.sha256.slice(0, 12) })
    case 'released':
      return t('said-released', { reason: t(`release-${event.reason}`) })
    case 'transferred':
      return t('said-transferred', { target: event.target.to === 'queue' ? event.target.queue : event.target.staff, note: event.note || '–' })
    case 'left':
      return t(event.quick_exit ? 'said-left-quick' : 'said-left')
    case 'closed':
      return t('said-closed', { disposition: t(`disposition-${event.disposition}`), note: event.note || '–' })
    case 'watched':
      return t('said-watched', { staff: event.staff, role: t(`role-${event.as}`) })
    case 'seen':
      return t('said-seen', { seq: event.up_to })
    case 'linked':
      return t(event.moved_from === undefined ? 'said-linked' : 'said-moved', { incident: incidentName(event.incident), from: incidentName(event.moved_from ?? '') })
    case 'unlinked':
      return t('said-unlinked', { incident: incidentName(event.incident) })
    case 'responder_link_made':
      return t('said-responder-link-made', { note: event.note || 'none', ends: time(event.ends_ms) })
    case 'responder_link_opened':
      return t('said-responder-link-opened', { name: event.name || '–' })
    case 'hold_placed':
      return t('said-hold-placed', { reason: event.reason || '–' })
    case 'hold_lifted':
      return t('said-hold-lifted', { reason: event.reason || '–' })
    case 'custody_requested':
      return t(`said-${event.what}-requested`, { reason: event.reason || '–' })
    case 'photos_deleted':
      return t(`said-photos-deleted-${event.cause}`, { photos: event.photos, days: event.days ?? 0 })
    case 'photos_destroyed':
      return t('said-photos-destroyed', { shared: event.shared })
    case 'words_deleted':
      return t('said-words-deleted', { days: event.days ?? 0 })
    case 'words_destroyed':
      return t('said-words-destroyed', { entries: event.entries })
    case 'destroyed':
      return t(`said-destroyed-${event.was.replaceAll('_', '-')}`)
    case 'custody_declined':
      return t('said-custody-declined', { reason: event.reason || '–' })
    case 'report_link_made':
      return t('said-report-link-made', { ends: time(event.ends_ms) })
    case 'report_link_opened':
      return t('said-report-link-opened', { category: t(`category-${event.category}`), language: event.language })
    case 'suspected':
      return t(event.suspicion.number > 0 ? 'said-suspected' : 'said-suspected-no-more', {
        number: event.suspicion.number, reasons: reasons(event.suspicion.reasons),
      })
    case 'overruled':
      return t('said-overruled', { what: said({ ...entry, event: event.event }) })
    default:
      return t(`said-${event.kind.replaceAll('_', '-')}`)
  }
}

/** Why rules hold, in the agency's words; a dash where these are gone. */
function reasons(rules: readonly { because: string }[]): string {
  return rules.map((rule) => reasonWords(rule.because)).filter(Boolean).join('; ') || '–'
}

function priority(number: number): string {
  return `${String(number)} ${t(`priority-${String(number)}`)}`
}
