// What a resident sees of the own session: the gateway's entries and what still waits on the device, as one list.
//
// Owns: putting them together, and the two scales of receipts on each own item: on this device, stored, safe; delivered,
// seen. Pure: everything is given. Used by: `resident.ts`.
import type { Entry } from './log.ts'
import type { Waiting } from './outbox.ts'
import type { OwnPhoto } from './photos.ts'
import type { Category, Event, Location, Medium, Role, Rung } from './protocol.ts'

/** How safe an own item is. A word of success only after the gateway's receipt. */
export type Safety = 'device' | 'stored' | 'safe' | 'refused'
/** How far it got with people. */
export type Attention = 'none' | 'delivered' | 'seen'

/** What an item says. */
export type Body =
  | { kind: 'text'; text: string }
  | { kind: 'place'; location: Location }
  | { kind: 'photo'; id: string; photo: OwnPhoto | null }
  /** How the person can be reached when the page is closed. */
  | { kind: 'contact'; contact: string }
  /** An answer to a question of the agency's own; from the log with the words in which it was asked. */
  | { kind: 'answer'; field: string; value: string; asked?: string; words?: string }
  /** Another category than before. */
  | { kind: 'category'; category: Category }
  /** Something that happened, told in the page's words. */
  | { kind: 'fact'; event: Event }

/** One item of the list. */
export interface Item {
  /** Stays the same while an item travels from the device to the log. */
  key: string
  /** Sequence number, once in the log. */
  seq: number | null
  /** When, by the gateway's clock: of what waits, this device's clock is corrected by what the gateway told. */
  at_ms: number
  from: 'me' | 'gateway' | Role
  body: Body
  safety: Safety
  attention: Attention
  /** Public error code of a refusal. */
  refusal: string | null
}

/** An ask of a telecommunicator that waits for an answer. */
export interface Ask {
  ask: string
  medium: Medium
  question: string | null
  by: Role
}

/** A command that will not be done. */
export interface Refused {
  waiting: Waiting
  code: string
}

/** What the list is made of. */
export interface Material {
  entries: readonly Entry[]
  waiting: readonly Waiting[]
  refused: readonly Refused[]
  photos: ReadonlyMap<string, OwnPhoto>
  /** Delivered and seen up to these sequence numbers. */
  delivered: number
  seen: number
  /** Add to this device's clock to get the gateway's, in ms. */
  clock_ms: number
}

/** The list, oldest first, what waits last. */
export function timeline(material: Material): Item[] {
  const rungs = new Map(material.waiting.map((waiting) => [waiting.id, waiting.rung]))
  const waits = new Set(rungs.keys())
  const items: Item[] = []
  const keys = new Set<string>()
  for (const entry of material.entries) {
    const item = fromEntry(entry, material, waits.has(entry.command) || entry.kept === true ? (rungs.get(entry.command) ?? 'stored') : 'safe')
    if (item === null) continue
    items.push(item)
    keys.add(item.key)
  }
  for (const refused of material.refused) for (const item of fromWaiting(refused.waiting, material, refused.code)) atItsTime(items, item)
  for (const waiting of material.waiting) {
    items.push(...fromWaiting(waiting, material, null).filter((item) => !keys.has(item.key)))
  }
  return onlyNewestFix(items)
}

/** The asks that wait for an answer: of each medium the newest, until the resident said yes or no to that medium after it. */
export function openAsks(entries: readonly Entry[], waiting: readonly Waiting[]): Ask[] {
  const open = new Map<Medium, Ask>()
  for (const { event, by } of entries) {
    if (event.kind === 'asked') {
      const { ask, medium, question } = event
      open.set(medium, { ask, medium, question: question ?? null, by: by.role === 'staff' ? by.as : 'telecommunicator' })
    }
    if (event.kind === 'consented') open.delete(event.medium)
    // A closed report asks nothing any more.
    if (event.kind === 'closed') open.clear()
  }
  for (const { what } of waiting) if (what.kind === 'do' && what.command.kind === 'consent') open.delete(what.command.medium)
  return [...open.values()]
}

/** What the resident has agreed to, newest word last: the log, then what waits. */
export function grants(entries: readonly Entry[], waiting: readonly Waiting[]): Record<Medium, boolean> {
  const granted: Record<Medium, boolean> = { place: false, photo: false, video: false, audio: false }
  for (const { event } of entries) if (event.kind === 'consented') granted[event.medium] = event.granted
  for (const { what } of waiting) {
    if (what.kind === 'do' && what.command.kind === 'consent') granted[what.command.medium] = what.command.granted
  }
  return granted
}

/** What they say is happening, newest word last: the log, then what waits. */
export function categoryOf(entries: readonly Entry[], waiting: readonly Waiting[]): Category | null {
  let category: Category | null = null
  for (const { event } of entries) if ('category' in event) category = event.category
  for (const { what } of waiting) {
    const said = what.kind === 'open' ? what.opening : what.command
    if ('category' in said) category = said.category
  }
  return category
}

function fromEntry(entry: Entry, material: Material, rung: Rung): Item | null {
  const { seq, at_ms, by, event, command } = entry
  const body = bodyOf(event, material.photos)
  if (body === null) return null
  const mine = by.role === 'resident'
  return {
    key: mine && body.kind !== 'fact' ? `${command}:${body.kind}` : `seq:${seq}`,
    seq,
    at_ms: event.kind === 'text' ? at_ms - Math.max(0, event.age_ms) : at_ms,
    from: mine ? 'me' : by.role === 'staff' ? by.as : 'gateway',
    body,
    safety: rung,
    attention: seq <= material.seen ? 'seen' : seq <= material.delivered ? 'delivered' : 'none',
    refusal: body.kind === 'photo' ? refusalOf(body.photo) : null,
  }
}

function bodyOf(event: Event, photos: ReadonlyMap<string, OwnPhoto>): Body | null {
  switch (event.kind) {
    case 'text':
      return { kind: 'text', text: event.text }
    case 'located':
      return { kind: 'place', location: event.location }
    case 'contact_given':
      return { kind: 'contact', contact: event.contact }
    case 'field_answered': {
      const { field, label, asked = label, answer } = event
      if (answer.kind === 'choice') return { kind: 'answer', field, asked, value: answer.option, words: answer.asked ?? answer.label }
      return { kind: 'answer', field, asked, ...(answer.kind === 'text' ? { value: answer.text, words: answer.text } : { value: answer.yes ? 'yes' : 'no' }) }
    }
    case 'category_changed':
      return { kind: 'category', category: event.category }
    case 'photo_announced':
      return { kind: 'photo', id: event.photo, photo: photos.get(event.photo) ?? null }
    case 'taken':
    case 'released':
    case 'transferred':
    case 'left':
    case 'abandoned':
    case 'returned':
    case 'closed':
    case 'consented':
    case 'asked':
    case 'words_deleted':
      return { kind: 'fact', event }
    default:
      return null
  }
}

function fromWaiting(waiting: Waiting, material: Material, refusal: string | null): Item[] {
  const bodies: Body[] = []
  if (waiting.what.kind === 'open') {
    const { text, location } = waiting.what.opening
    if (text !== undefined) bodies.push({ kind: 'text', text })
    if (location !== undefined) bodies.push({ kind: 'place', location })
  } else {
    const { command } = waiting.what
    if (command.kind === 'text') bodies.push({ kind: 'text', text: command.text })
    if (command.kind === 'locate') bodies.push({ kind: 'place', location: command.location })
    if (command.kind === 'give_contact') bodies.push({ kind: 'contact', contact: command.contact })
    if (command.kind === 'answer_field') bodies.push({ kind: 'answer', field: command.field, value: command.value })
    if (command.kind === 'set_category') bodies.push({ kind: 'category', category: command.category })
    if (command.kind === 'announce_photo') {
      bodies.push({ kind: 'photo', id: waiting.id, photo: material.photos.get(waiting.id) ?? null })
    }
  }
  return bodies.map((body) => ({
    key: `${waiting.id}:${body.kind}`,
    seq: null,
    at_ms: waiting.written_ms + material.clock_ms,
    from: 'me',
    body,
    safety: refusal !== null ? 'refused' : waiting.rung === 'stored' ? 'stored' : 'device',
    attention: 'none',
    refusal,
  }))
}

/** What was refused stands where it was written, not under everything that comes after it. */
function atItsTime(items: Item[], item: Item): void {
  const later = items.findIndex(({ at_ms }) => at_ms > item.at_ms)
  items.splice(later < 0 ? items.length : later, 0, item)
}

function refusalOf(photo: OwnPhoto | null): string | null {
  return photo?.state.at === 'refused' ? photo.state.code : null
}

/** A moving device sends many fixes: only the newest is shown. What was typed always stays. */
function onlyNewestFix(items: Item[]): Item[] {
  const isFix = ({ body, from }: Item): boolean => from === 'me' && body.kind === 'place' && body.location.method === 'device'
  const newest = items.findLast(isFix)
  return items.filter((item) => !isFix(item) || item === newest).map((item) => (item === newest ? { ...item, key: 'fix' } : item))
}
