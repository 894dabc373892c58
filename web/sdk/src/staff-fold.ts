// From a session's log to what a person sees: messages, places, photos, asks, notes, who may be heard.
//
// Owns: the fold of entries into one view. Pure: the same entries give the same view. Must not: know the clock, the socket or
// words of a language. Used by: `staff-session.ts`; tests.

import type {
  Actor, Category, Custodial, DeletionCause, DeviceCan, Disposition, Event, FieldAnswer, Location, Medium, Role, RuleFired, Standing, Suspicion, ToStaff,
} from './protocol.ts'

/** An entry as it comes over the socket. */
export type Entry = Extract<ToStaff, { kind: 'entry' }>

/** A finished message of the chat. */
export interface Message {
  readonly seq: number
  readonly atMs: number
  /** How long before it reached the gateway it was written. */
  readonly ageMs: number
  readonly fromResident: boolean
  /** Who of the agency wrote it. */
  readonly staff: string | undefined
  readonly command: string
  /** What was written; an answer stands in English under its question. */
  readonly text: string
  /** The answer that it is, if it is one. */
  readonly answers?: Answer
}

/** An answer to a question of the agency's own. */
export interface Answer {
  readonly field: string
  readonly seq: number
  readonly atMs: number
  /** The question, in English. */
  readonly label: string
  readonly answer: FieldAnswer
}

/** A fix of the device's place. */
export interface Fix {
  readonly seq: number
  readonly atMs: number
  readonly location: Location
}

/** Where help should go. */
export interface ServicePlace extends Fix {
  /** The fix it was taken from, if it was. */
  readonly from: number | undefined
  readonly by: string | undefined
}

/** A photo, from its announcement to its sealed original. */
export interface Photo {
  readonly photo: string
  readonly seq: number
  readonly atMs: number
  readonly sizeBytes: number
  readonly mediaType: string
  /** A re-encoded preview can be shown. */
  readonly preview: boolean
  /** The preview that came along was refused; the original may still come. */
  readonly previewRefused: boolean
  /** `sending` until the original is sealed or refused. */
  readonly state: 'sending' | 'stored' | 'refused'
  /** Whether a re-encoded copy can be shown. */
  readonly copy: boolean
  readonly sha256: string | undefined
  /** Public code of the refusal. */
  readonly refusal: string | undefined
  /** Who revealed it so far. */
  readonly revealedBy: readonly string[]
}

/** Something the resident was asked for, and what became of it. */
export interface Ask {
  readonly ask: string
  readonly seq: number
  readonly atMs: number
  readonly medium: Medium
  readonly question: string | undefined
  readonly state: 'asked' | 'granted' | 'refused'
}

/** How one medium stands by the log. */
export interface MediumState {
  /** The last answer of the resident; `undefined`: never asked nor granted. */
  readonly granted: boolean | undefined
  /** It arrives now. */
  readonly flowing: boolean
  /** It arrived before. */
  readonly flowed: boolean
  /** The ask that waits for an answer. */
  readonly asked: boolean
}

/** A link for responders, and who opened it. */
export interface ResponderLink {
  readonly link: string
  readonly atMs: number
  readonly madeBy: string | undefined
  /** For whom it is; may be empty. */
  readonly note: string
  readonly endsMs: number
  readonly openings: readonly { name: string; atMs: number }[]
  readonly revoked: { by: string | undefined; atMs: number } | undefined
}

/** A hold: nothing of the session is destroyed while it stands. */
export interface Hold {
  readonly hold: string
  readonly atMs: number
  readonly by: string | undefined
  readonly reason: string
  readonly lifted: { by: string | undefined; atMs: number; reason: string } | undefined
}

/** Something that takes two persons: who asked, and what became of it. Past its time it is over, whatever is said here. */
export interface CustodyRequest {
  readonly request: string
  readonly what: Custodial
  readonly atMs: number
  readonly by: string | undefined
  readonly reason: string
  /** Until when somebody else can agree; agreed to, until when it can be fetched. */
  readonly endsMs: number
  readonly agreed: { by: string | undefined; atMs: number } | undefined
  readonly declined: { by: string | undefined; atMs: number; reason: string } | undefined
  /** Each time that the export was sent. */
  readonly fetched: readonly { by: string | undefined; atMs: number }[]
}

/** The photos of a session are deleted: what the log says of them is all that is left. */
export interface PhotosDeleted {
  readonly atMs: number
  readonly cause: DeletionCause
  /** Who asked for it, where two persons agreed. */
  readonly asked: string | undefined
  /** Who agreed. */
  readonly agreed: string | undefined
  /** How many days the agency keeps photos, where their time was over. */
  readonly days: number | undefined
  /** When their bytes were gone. */
  readonly destroyedMs: number | undefined
}

/** What was written in a session is deleted: that something happened, when and by whom, is all that is left. */
export interface WordsDeleted {
  readonly atMs: number
  /** How many days the agency keeps words. */
  readonly days: number | undefined
  /** When the store had nothing of it any more. */
  readonly destroyedMs: number | undefined
}

/** The link that a session began with. */
export interface ReportLink {
  readonly atMs: number
  readonly madeBy: string | undefined
  readonly endsMs: number
  /** When a device opened it. */
  readonly openedMs: number | undefined
  readonly revoked: { by: string | undefined; atMs: number } | undefined
}

/** Everything a session's log says, ready to be shown. */
export interface SessionView {
  readonly entries: readonly Entry[]
  readonly head: number
  /** Last sequence number written by the resident. */
  readonly lastFromResident: number
  readonly messages: readonly Message[]
  /** The newest answer to each of the agency's own questions, in the order in which they were first answered. */
  readonly answers: readonly Answer[]
  readonly fixes: readonly Fix[]
  readonly service: ServicePlace | undefined
  readonly photos: readonly Photo[]
  readonly asks: readonly Ask[]
  readonly media: Readonly<Record<Medium, MediumState>>
  readonly notes: readonly Message[]
  readonly opened: { category: Category; language: string; silent: boolean; test: boolean; device: DeviceCan; atMs: number } | undefined
  /** What is happening, as the resident said last. */
  readonly category: Category | undefined
  /** What they said before, once it was corrected. */
  readonly categoryWas: Category | undefined
  /** How the resident can be reached when their page is closed, as they said last. */
  readonly contact: string | undefined
  readonly standing: Standing
  readonly owner: string | undefined
  readonly priority: number | undefined
  readonly rules: readonly RuleFired[]
  /** The agency's word for duress was read; it stays so. */
  readonly duress: boolean
  readonly priorityReason: string | undefined
  /** What speaks against it, if anything does. */
  readonly suspicion: Suspicion | undefined
  readonly closed: { disposition: Disposition; note: string; atMs: number } | undefined
  readonly left: { quickExit: boolean; atMs: number } | undefined
  readonly watchers: readonly { staff: string; role: Role; atMs: number }[]
  /** Last entry that a person of the agency has seen. */
  readonly seen: number
  /** The incident it belongs to. */
  readonly incident: string | undefined
  /** Links for responders, in the order in which they were made. */
  readonly responderLinks: readonly ResponderLink[]
  /** Holds, lifted ones too, in the order in which they were placed. */
  readonly holds: readonly Hold[]
  /** What was asked for that takes two persons, in the order in which it was asked. */
  readonly requests: readonly CustodyRequest[]
  /** Its photos are deleted. */
  readonly photosDeleted: PhotosDeleted | undefined
  /** What was written in it is deleted. */
  readonly wordsDeleted: WordsDeleted | undefined
  /** The link that it began with, where a person made one. */
  readonly reportLink: ReportLink | undefined
}

type Draft = { -readonly [K in keyof SessionView]: SessionView[K] }

const NO_MEDIUM: MediumState = { granted: undefined, flowing: false, flowed: false, asked: false }

/** The view before the first entry. */
export function emptyView(): SessionView {
  return {
    entries: [], head: 0, lastFromResident: 0, messages: [], answers: [], fixes: [], service: undefined, photos: [], asks: [],
    media: { place: NO_MEDIUM, photo: NO_MEDIUM, video: NO_MEDIUM, audio: NO_MEDIUM },
    notes: [], opened: undefined, category: undefined, categoryWas: undefined, contact: undefined, standing: 'waiting', owner: undefined, priority: undefined, rules: [], duress: false,
    priorityReason: undefined, suspicion: undefined, closed: undefined, left: undefined, watchers: [], seen: 0, incident: undefined, responderLinks: [], holds: [], requests: [], photosDeleted: undefined, wordsDeleted: undefined, reportLink: undefined,
  }
}

/** The staff id of an actor, if it is a person of the agency. */
export function staffOf(by: Actor): string | undefined {
  return by.role === 'staff' ? by.staff : undefined
}

/** The view after these further entries, which must follow on the ones before without a hole. */
export function fold(view: SessionView, entries: readonly Entry[]): SessionView {
  if (entries.length === 0) return view
  const draft: Draft = { ...view, entries: [...view.entries, ...entries] }
  for (const entry of entries) {
    draft.head = entry.seq
    if (entry.by.role === 'resident') draft.lastFromResident = entry.seq
    step(draft, entry, entry.event)
  }
  return draft
}

function step(draft: Draft, entry: Entry, event: Event): void {
  switch (event.kind) {
    case 'opened':
      draft.opened = {
        category: event.category, language: event.language, silent: event.silent, test: event.test === true, device: event.device,
        atMs: entry.at_ms,
      }
      draft.category = event.category
      draft.contact = event.contact
      return
    case 'category_changed':
      draft.categoryWas = event.from
      draft.category = event.category
      return
    case 'contact_given':
      draft.contact = event.contact
      return
    case 'triaged':
      draft.priority = event.priority
      draft.rules = event.rules
      draft.duress ||= event.rules.some(({ rule }) => rule === 'duress')
      return
    case 'priority_changed':
      draft.priority = event.priority
      draft.priorityReason = event.reason
      return
    case 'suspected':
      draft.suspicion = event.suspicion.number > 0 ? event.suspicion : undefined
      return
    case 'text':
      draft.messages = [...draft.messages, message(entry, event.text, event.age_ms)]
      return
    case 'field_answered': {
      const answer = { field: event.field, seq: entry.seq, atMs: entry.at_ms, label: event.label, answer: event.answer }
      const known = draft.answers.some(({ field }) => field === event.field)
      draft.answers = known ? draft.answers.map((one) => (one.field === event.field ? answer : one)) : [...draft.answers, answer]
      // It is read where everything is read that the resident writes.
      draft.messages = [...draft.messages, { ...message(entry, `${event.label}\n${answerWords(event.answer)}`, 0), answers: answer }]
      return
    }
    case 'note':
      draft.notes = [...draft.notes, message(entry, event.text, 0)]
      return
    case 'located':
      draft.fixes = [...draft.fixes, { seq: entry.seq, atMs: entry.at_ms, location: event.location }]
      // What a photo claims is no answer of the device.
      if (event.location.method !== 'claimed') medium(draft, 'place', { flowing: true, flowed: true })
      return
    case 'service_located':
      draft.service = {
        seq: entry.seq, atMs: entry.at_ms, location: event.location, from: event.from, by: staffOf(entry.by),
      }
      return
    case 'watched':
      draft.watchers = [...draft.watchers, { staff: event.staff, role: event.as, atMs: entry.at_ms }]
      return
    case 'seen':
      if (entry.by.role === 'staff') draft.seen = Math.max(draft.seen, event.up_to)
      return
    case 'linked':
      draft.incident = event.incident
      return
    case 'unlinked':
      if (draft.incident === event.incident) draft.incident = undefined
      return
    case 'left':
      draft.left = { quickExit: event.quick_exit, atMs: entry.at_ms }
      return
    default:
      stepPhoto(draft, entry, event)
      stepMedia(draft, entry, event)
      stepStanding(draft, entry, event)
      stepLinks(draft, entry, event)
      stepCustody(draft, entry, event)
  }
}

/** What an answer is put into words with. */
export interface AnswerWording {
  readonly yes: string
  readonly no: string
  /** What was chosen; `english` is what the log says. */
  readonly chosen: (option: string, english: string) => string
}

const IN_ENGLISH: AnswerWording = { yes: 'Yes', no: 'No', chosen: (_, english) => english }

/** An answer in words: in English, unless it is told otherwise. */
export function answerWords(answer: FieldAnswer, { yes, no, chosen }: AnswerWording = IN_ENGLISH): string {
  if (answer.kind === 'yes_no') return answer.yes ? yes : no
  return answer.kind === 'text' ? answer.text : chosen(answer.option, answer.label)
}

function stepLinks(draft: Draft, entry: Entry, event: Event): void {
  switch (event.kind) {
    case 'responder_link_made':
      draft.responderLinks = [...draft.responderLinks, {
        link: event.link, atMs: entry.at_ms, madeBy: staffOf(entry.by), note: event.note, endsMs: event.ends_ms, openings: [], revoked: undefined,
      }]
      return
    case 'responder_link_opened':
      changeLink(draft, event.link, (known) => ({ openings: [...known.openings, { name: event.name, atMs: entry.at_ms }] }))
      return
    case 'responder_link_revoked':
      changeLink(draft, event.link, () => ({ revoked: { by: staffOf(entry.by), atMs: entry.at_ms } }))
      return
    case 'report_link_made':
      draft.reportLink = { atMs: entry.at_ms, madeBy: staffOf(entry.by), endsMs: event.ends_ms, openedMs: undefined, revoked: undefined }
      return
    case 'report_link_opened':
      draft.opened = { category: event.category, language: event.language, silent: event.silent, test: false, device: event.device, atMs: entry.at_ms }
      draft.category = event.category
      draft.contact = event.contact
      if (draft.reportLink) draft.reportLink = { ...draft.reportLink, openedMs: entry.at_ms }
      return
    case 'report_link_revoked':
      if (draft.reportLink) draft.reportLink = { ...draft.reportLink, revoked: { by: staffOf(entry.by), atMs: entry.at_ms } }
  }
}

function stepCustody(draft: Draft, entry: Entry, event: Event): void {
  switch (event.kind) {
    case 'hold_placed':
      draft.holds = [...draft.holds, { hold: event.hold, atMs: entry.at_ms, by: staffOf(entry.by), reason: event.reason, lifted: undefined }]
      return
    case 'hold_lifted': {
      const lifted = { by: staffOf(entry.by), atMs: entry.at_ms, reason: event.reason }
      draft.holds = draft.holds.map((known) => (known.hold === event.hold ? { ...known, lifted } : known))
      return
    }
    case 'custody_requested':
      draft.requests = [...draft.requests, {
        request: event.request, what: event.what, atMs: entry.at_ms, by: staffOf(entry.by), reason: event.reason, endsMs: event.ends_ms,
        agreed: undefined, declined: undefined, fetched: [],
      }]
      return
    case 'custody_agreed':
      changeRequest(draft, event.request, () => ({ agreed: { by: staffOf(entry.by), atMs: entry.at_ms }, endsMs: event.ends_ms }))
      return
    case 'custody_declined':
      changeRequest(draft, event.request, () => ({ declined: { by: staffOf(entry.by), atMs: entry.at_ms, reason: event.reason } }))
      return
    case 'exported':
      changeRequest(draft, event.request, (known) => ({ fetched: [...known.fetched, { by: staffOf(entry.by), atMs: entry.at_ms }] }))
      return
    case 'photos_deleted':
      draft.photosDeleted = {
        atMs: entry.at_ms, cause: event.cause, asked: draft.requests.find(({ request }) => request === event.request)?.by, agreed: staffOf(entry.by),
        days: event.days, destroyedMs: undefined,
      }
      return
    case 'photos_destroyed':
      if (draft.photosDeleted) draft.photosDeleted = { ...draft.photosDeleted, destroyedMs: entry.at_ms }
      return
    case 'words_deleted':
      draft.wordsDeleted = { atMs: entry.at_ms, days: event.days, destroyedMs: undefined }
      return
    case 'words_destroyed':
      if (draft.wordsDeleted) draft.wordsDeleted = { ...draft.wordsDeleted, destroyedMs: entry.at_ms }
  }
}

function changeRequest(draft: Draft, request: string, by: (known: CustodyRequest) => Partial<CustodyRequest>): void {
  draft.requests = draft.requests.map((known) => (known.request === request ? { ...known, ...by(known) } : known))
}

function changeLink(draft: Draft, link: string, by: (known: ResponderLink) => Partial<ResponderLink>): void {
  draft.responderLinks = draft.responderLinks.map((known) => (known.link === link ? { ...known, ...by(known) } : known))
}

function stepPhoto(draft: Draft, entry: Entry, event: Event): void {
  switch (event.kind) {
    case 'photo_announced':
      draft.photos = [...draft.photos, {
        photo: event.photo, seq: entry.seq, atMs: entry.at_ms, sizeBytes: event.size_bytes, mediaType: event.media_type,
        preview: false, previewRefused: false, state: 'sending', copy: false, sha256: undefined, refusal: undefined, revealedBy: [],
      }]
      medium(draft, 'photo', { flowing: true, flowed: true })
      return
    case 'photo_previewed':
      change(draft, event.photo, { preview: true })
      return
    case 'photo_preview_refused':
      change(draft, event.photo, { previewRefused: true })
      return
    case 'photo_stored':
      change(draft, event.photo, {
        state: 'stored', copy: event.copy, sha256: event.sha256, sizeBytes: event.size_bytes, mediaType: event.media_type,
      })
      return
    case 'photo_refused':
      change(draft, event.photo, { state: 'refused', refusal: event.code })
      return
    case 'photo_revealed': {
      const who = staffOf(entry.by)
      const photo = draft.photos.find((known) => known.photo === event.photo)
      if (who && photo) change(draft, event.photo, { revealedBy: [...photo.revealedBy, who] })
    }
  }
}

function stepMedia(draft: Draft, entry: Entry, event: Event): void {
  switch (event.kind) {
    case 'asked':
      draft.asks = [...draft.asks, {
        ask: event.ask, seq: entry.seq, atMs: entry.at_ms, medium: event.medium, question: event.question, state: 'asked',
      }]
      medium(draft, event.medium, { asked: true })
      return
    case 'consented':
      draft.asks = draft.asks.map((ask) =>
        ask.state === 'asked' && ask.medium === event.medium && (event.ask === undefined || event.ask === ask.ask)
          ? { ...ask, state: event.granted ? 'granted' : 'refused' }
          : ask,
      )
      medium(draft, event.medium, { granted: event.granted, asked: false, ...(event.granted ? {} : { flowing: false }) })
      return
    case 'media_started':
      medium(draft, event.medium, { flowing: true, flowed: true })
      return
    case 'media_ended':
      medium(draft, event.medium, { flowing: false })
  }
}

function stepStanding(draft: Draft, entry: Entry, event: Event): void {
  switch (event.kind) {
    case 'taken':
      draft.standing = 'owned'
      draft.owner = staffOf(entry.by)
      return
    case 'released':
    case 'transferred':
    case 'returned':
      draft.standing = 'waiting'
      draft.owner = undefined
      return
    case 'abandoned':
      draft.standing = 'abandoned'
      draft.owner = undefined
      return
    case 'closed':
      draft.standing = 'closed'
      draft.owner = undefined
      draft.closed = { disposition: event.disposition, note: event.note, atMs: entry.at_ms }
      for (const kind of ['place', 'photo', 'video', 'audio'] as const) medium(draft, kind, { flowing: false, asked: false })
  }
}

function message(entry: Entry, text: string, ageMs: number): Message {
  return {
    seq: entry.seq, atMs: entry.at_ms, ageMs, fromResident: entry.by.role === 'resident', staff: staffOf(entry.by),
    command: entry.command, text,
  }
}

function change(draft: Draft, photo: string, by: Partial<Photo>): void {
  draft.photos = draft.photos.map((known) => (known.photo === photo ? { ...known, ...by } : known))
}

function medium(draft: Draft, kind: Medium, by: Partial<MediumState>): void {
  draft.media = { ...draft.media, [kind]: { ...draft.media[kind], ...by } }
}
