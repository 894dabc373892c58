import { describe, expect, it } from 'vitest'
import type { Event, FieldAnswer, Location } from '../src/protocol.ts'
import { answerWords, emptyView, fold, type SessionView } from '../src/staff-fold.ts'
import { entry, text } from './staff_rows.ts'

const TINA = { by: { role: 'staff', as: 'telecommunicator', staff: 'tina' } }
const HERE: Location = { latitude: 1, longitude: 2, uncertainty_m: 10, method: 'gnss', age_ms: 0 }

function folded(...events: (Event | [Event, object])[]): SessionView {
  const entries = events.map((one, place) =>
    Array.isArray(one) ? entry('1', place + 1, one[0], one[1]) : entry('1', place + 1, one),
  )
  // One by one and all at once must give the same view.
  const whole = fold(emptyView(), entries)
  expect(entries.reduce((view, one) => fold(view, [one]), emptyView())).toEqual(whole)
  return whole
}

describe('the view of a session', () => {
  it('keeps messages of both sides apart from notes', () => {
    const view = folded(text('help'), [text('what happened?'), TINA], [{ kind: 'note', text: 'calm' }, TINA])
    expect(view.messages.map((one) => [one.text, one.fromResident])).toEqual([['help', true], ['what happened?', false]])
    expect(view.notes.map((one) => one.text)).toEqual(['calm'])
    expect(view.lastFromResident).toBe(1)
  })

  it('keeps the newest answer to each of the agency\'s questions, and reads all of them as messages', () => {
    const answered = (field: string, answer: FieldAnswer): Event => ({ kind: 'field_answered', field, label: `${field}?`, asked: `${field} ?`, answer })
    const view = folded(
      text('help'), answered('gas', { kind: 'yes_no', yes: true }), answered('floor', { kind: 'choice', option: 'up', label: 'Above', asked: 'Au-dessus' }),
      answered('building', { kind: 'text', text: 'le moulin' }), answered('gas', { kind: 'yes_no', yes: false }),
    )
    expect(view.answers.map(({ label, answer }) => [label, answerWords(answer)])).toEqual([['gas?', 'No'], ['floor?', 'Above'], ['building?', 'le moulin']])
    expect(view.messages.map((one) => one.answers?.field)).toEqual([undefined, 'gas', 'floor', 'building', 'gas'])
    expect(view.messages.map((one) => one.text)).toEqual(['help', 'gas?\nYes', 'floor?\nAbove', 'building?\nle moulin', 'gas?\nNo'])
    expect(view.messages.every((one) => one.fromResident)).toBe(true)
  })

  it('has the category that the resident said last, and the one before it', () => {
    const opened: Event = { kind: 'opened', agency: 'a', queue: 'q', category: 'fire', language: 'en', silent: false, device: { video: false, audio: false, place: false }, resident: 'r' }
    expect(folded(opened)).toMatchObject({ category: 'fire', categoryWas: undefined })
    const view = folded(opened, { kind: 'category_changed', from: 'fire', category: 'traffic' }, { kind: 'category_changed', from: 'traffic', category: 'medical' })
    expect(view).toMatchObject({ category: 'medical', categoryWas: 'traffic', opened: { category: 'fire' } })
  })

  it('belongs to the incident it was linked to last, until it is taken out of that one', () => {
    const linked = (incident: string): Event => ({ kind: 'linked', incident })
    const unlinked = (incident: string): Event => ({ kind: 'unlinked', incident })
    expect(folded(linked('a'), linked('b')).incident).toBe('b')
    expect(folded(linked('a'), linked('b'), unlinked('a')).incident).toBe('b')
    expect(folded(linked('a'), unlinked('a')).incident).toBeUndefined()
  })

  it('is as suspicious as was said last, and not at all once nothing speaks against it', () => {
    const suspected = (number: number): Event => ({
      kind: 'suspected', version: '1',
      suspicion: { number, reasons: number > 0 ? [{ rule: 'far', points: number, because: 'far outside', outside_km: 900 }] : [] },
    })
    expect(folded(text('help')).suspicion).toBeUndefined()
    expect(folded(suspected(30), suspected(70)).suspicion?.number).toBe(70)
    expect(folded(suspected(30), suspected(0)).suspicion).toBeUndefined()
  })

  it('says of deleted photos by whom or by which time, and when nothing was left of them', () => {
    const sue = { by: { role: 'staff', as: 'supervisor', staff: 'sue' } }
    const sam = { by: { role: 'staff', as: 'supervisor', staff: 'sam' } }
    const request = 'c'.repeat(32)
    const asked: [Event, object] = [{ kind: 'custody_requested', request, what: 'delete_photos', reason: 'asked for', ends_ms: 9 }, sue]
    const agreed: [Event, object] = [{ kind: 'custody_agreed', request, ends_ms: 5 }, sam]
    const deleted: [Event, object] = [{ kind: 'photos_deleted', cause: 'agreed', request, photos: 1 }, sam]
    const gateway = { by: { role: 'gateway' } }
    const destroyed: [Event, object] = [{ kind: 'photos_destroyed', shared: 0 }, gateway]
    expect(folded(asked).photosDeleted).toBeUndefined()
    expect(folded(asked, agreed, deleted).photosDeleted).toMatchObject({ cause: 'agreed', asked: 'sue', agreed: 'sam', destroyedMs: undefined })
    expect(folded(asked, agreed, deleted, destroyed).photosDeleted?.destroyedMs).toBeTypeOf('number')
    const byTime: [Event, object] = [{ kind: 'photos_deleted', cause: 'retention', days: 30, photos: 1 }, gateway]
    expect(folded(byTime).photosDeleted).toMatchObject({ cause: 'retention', days: 30, asked: undefined, agreed: undefined })
  })

  it('never lets the device place overwrite the service place', () => {
    const view = folded(
      { kind: 'located', location: HERE },
      [{ kind: 'service_located', location: HERE, from: 1 }, TINA],
      { kind: 'located', location: { ...HERE, latitude: 9 } },
    )
    expect(view.service?.location.latitude).toBe(1)
    expect(view.service?.from).toBe(1)
    expect(view.fixes.at(-1)?.location.latitude).toBe(9)
  })

  it('tells asked, granted, flowing and stopped apart', () => {
    const asked: [Event, object] = [{ kind: 'asked', ask: 'a', medium: 'video' }, TINA]
    const granted: Event = { kind: 'consented', medium: 'video', granted: true, ask: 'a' }
    const started: Event = { kind: 'media_started', medium: 'video' }
    const stopped: Event = { kind: 'consented', medium: 'video', granted: false }
    expect(folded(asked).media.video).toEqual({ granted: undefined, flowing: false, flowed: false, asked: true })
    expect(folded(asked, granted).media.video).toEqual({ granted: true, flowing: false, flowed: false, asked: false })
    expect(folded(asked, granted, started).media.video.flowing).toBe(true)
    expect(folded(asked, granted, started, stopped).media.video).toEqual({ granted: false, flowing: false, flowed: true, asked: false })
    expect(folded(asked, granted).asks[0]?.state).toBe('granted')
    expect(folded(asked, { ...granted, granted: false }).asks[0]?.state).toBe('refused')
  })

  it('follows a photo from its announcement to its sealed original', () => {
    const announced: Event = { kind: 'photo_announced', photo: 'p', media_type: 'image/jpeg', size_bytes: 9, preview: true, age_ms: 0 }
    expect(folded(announced).photos[0]).toMatchObject({ state: 'sending', preview: false })
    expect(folded(announced, { kind: 'photo_previewed', photo: 'p' }).photos[0]?.preview).toBe(true)
    expect(folded(announced, { kind: 'photo_preview_refused', photo: 'p', code: 'preview_refused' }).photos[0]).toMatchObject({
      preview: false, previewRefused: true, state: 'sending',
    })
    const stored: Event = { kind: 'photo_stored', photo: 'p', sha256: 'ab', size_bytes: 9, media_type: 'image/jpeg', copy: true }
    expect(folded(announced, stored, [{ kind: 'photo_revealed', photo: 'p' }, TINA]).photos[0]).toMatchObject({
      state: 'stored', copy: true, revealedBy: ['tina'],
    })
    expect(folded(announced, { kind: 'photo_refused', photo: 'p', code: 'photo_unreadable' }).photos[0]).toMatchObject({
      state: 'refused', refusal: 'photo_unreadable',
    })
  })

  it('knows the owner through take, release and close', () => {
    const taken: [Event, object] = [{ kind: 'taken' }, TINA]
    expect(folded(taken)).toMatchObject({ standing: 'owned', owner: 'tina' })
    expect(folded(taken, { kind: 'released', reason: 'console_lost' })).toMatchObject({ standing: 'waiting', owner: undefined })
    expect(folded(taken, [{ kind: 'closed', disposition: 'help_sent', note: 'x' }, TINA])).toMatchObject({
      standing: 'closed', closed: { disposition: 'help_sent', note: 'x' },
    })
  })
})
