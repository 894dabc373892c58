import { describe, expect, it } from 'vitest'
import type { Event, Location } from '../src/protocol.ts'
import { foldLeft } from '../src/remains.ts'
import { emptyView, type SessionView } from '../src/staff-fold.ts'
import { entry, text } from './staff_rows.ts'

const TINA = { by: { role: 'staff', as: 'telecommunicator', staff: 'tina' } }
const HERE: Location = { latitude: 1, longitude: 2, uncertainty_m: 10, method: 'gnss', age_ms: 0 }

function folded(...events: (Event | [Event, object])[]): SessionView {
  const entries = events.map((one, place) => (Array.isArray(one) ? entry('1', place + 1, one[0], one[1]) : entry('1', place + 1, one)))
  // One by one and all at once must give the same view.
  const whole = foldLeft(emptyView(), entries)
  expect(entries.reduce((view, one) => foldLeft(view, [one]), emptyView())).toEqual(whole)
  return whole
}

describe('a view whose words are deleted', () => {
  it('drops what was written once it is deleted, and shows the entries as they are told from then on', () => {
    const gateway = { by: { role: 'gateway' } }
    const deleted: [Event, object] = [{ kind: 'words_deleted', cause: 'retention', days: 730, up_to: 9, sha256: 'ab'.repeat(32) }, gateway]
    const destroyed: [Event, object] = [{ kind: 'words_destroyed', entries: 3 }, gateway]
    const note: [Event, object] = [{ kind: 'note', text: 'among us' }, TINA]
    const closed: [Event, object] = [{ kind: 'closed', disposition: 'help_sent', note: 'two engines' }, TINA]
    const whole = folded(text('under the bridge'), { kind: 'contact_given', contact: '555 0100' }, { kind: 'located', location: HERE }, note, closed)
    expect(whole.wordsDeleted).toBeUndefined()
    const view = folded(text('under the bridge'), { kind: 'contact_given', contact: '555 0100' }, { kind: 'located', location: HERE }, note, closed, deleted)
    const answered: Event = { kind: 'field_answered', field: 'where', label: 'Where?', answer: { kind: 'text', text: 'under the bridge' } }
    expect(folded(answered, closed, deleted)).toMatchObject({ messages: [], answers: [], entries: [{ event: { kind: 'destroyed', was: 'field_answered' } }, {}, {}] })
    expect(view.wordsDeleted).toMatchObject({ days: 730, destroyedMs: undefined })
    expect(view.entries.map(({ event }) => event.kind)).toEqual(['destroyed', 'destroyed', 'destroyed', 'destroyed', 'closed', 'words_deleted'])
    expect(view).toMatchObject({ messages: [], notes: [], fixes: [], contact: undefined, standing: 'closed', closed: { note: '' }, head: 6 })
    expect(JSON.stringify(view)).not.toMatch(/bridge|555|among us|engines/)
    expect(folded(text('under the bridge'), deleted, destroyed).wordsDeleted?.destroyedMs).toBeTypeOf('number')
    const after: [Event, object] = [{ kind: 'hold_placed', hold: 'd'.repeat(32), reason: 'a court' }, TINA]
    expect(folded(text('under the bridge'), deleted, after).holds[0]?.reason).toBe('a court')
  })
})
