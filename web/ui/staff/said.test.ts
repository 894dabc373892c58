import { describe, expect, it } from 'vitest'
import type { Entry } from '../../sdk/src/staff.ts'
import type { Event } from '../../sdk/src/protocol.ts'
import { author } from './said.ts'

const of = (event: Event): Entry => ({ seq: 1, at_ms: 0, command: '0', by: { role: 'resident' }, event }) as Entry

describe('who did it, in the timeline', () => {
  it('is the resident for what was written, and the gateway for what it made of it', () => {
    expect(author(of({ kind: 'text', text: 'smoke', age_ms: 0 }))).toBe('Resident')
    expect(author(of({ kind: 'triaged', priority: 2, rules: [], deadline_ms: 0, queue: 'emergency' } as unknown as Event))).toBe('Gateway')
  })
})
