import { describe, expect, it } from 'vitest'
import type { SessionRow } from '../src/protocol.ts'
import { acts, firstOf, incidentsOf, linking, undoing, unlinking, type Act } from '../src/staff-incident.ts'
import { row, sid } from './staff_rows.ts'

/** A session that came so many seconds after midnight, perhaps in an incident. */
function came(digit: string, seconds: number, incident?: string): SessionRow {
  return row(digit, { entered_ms: seconds * 1_000, ...(incident ? { incident: sid(incident) } : {}) })
}

const link = (session: string, incident: string): Act => ({ session: sid(session), command: { kind: 'link', incident: sid(incident) } })
const unlink = (session: string, incident: string): Act => ({ session: sid(session), command: { kind: 'unlink', incident: sid(incident) } })

describe('an incident', () => {
  it('is named after the session that came first, whichever of both is linked to which', () => {
    const [early, late] = [came('2', 10), came('1', 20)]
    for (const one of [linking(early, late), linking(late, early)]) expect(acts(one)).toEqual([link('2', '2'), link('1', '2')])
  })

  it('takes in what is linked to one of its sessions, and nothing else changes', () => {
    expect(acts(linking(came('1', 20), came('2', 10, '3')))).toEqual([link('1', '3')])
    expect(acts(linking(came('2', 10, '3'), came('1', 20)))).toEqual([link('1', '3')])
    expect(acts(linking(came('2', 10, '3'), came('1', 20, '3')))).toEqual([])
  })

  it('gives a session up to the one it is linked to', () => {
    expect(acts(linking(came('1', 20, '4'), came('2', 10, '3')))).toEqual([link('1', '3')])
  })

  it('lists its open sessions, the earliest first', () => {
    const rows = [came('1', 30, '3'), came('3', 10, '3'), came('2', 20, '3'), came('4', 5), came('5', 5, '6')]
    const found = incidentsOf(rows)
    expect(found.get(sid('3'))?.map(({ session }) => session)).toEqual([sid('3'), sid('2'), sid('1')])
    expect(found.size).toBe(2)
  })

  it('began with the session it is named after, or with the earliest that is still open', () => {
    const rows = [came('1', 30, '3'), came('3', 10, '3')]
    expect(firstOf(rows, sid('3'))?.session).toBe(sid('3'))
    expect(firstOf([came('2', 20, '3'), came('1', 15, '3')], sid('3'))?.session).toBe(sid('1'))
    expect(firstOf([], sid('3'))).toBeUndefined()
  })
})

describe('taking a link back', () => {
  it('puts each session to where it stood', () => {
    const both = linking(came('2', 10), came('1', 20))
    expect(undoing(both, [came('2', 10, '2'), came('1', 20, '2')])).toEqual([unlink('2', '2'), unlink('1', '2')])
    const moved = linking(came('1', 20, '4'), came('2', 10, '3'))
    expect(undoing(moved, [])).toEqual([link('1', '4')])
  })

  it('leaves the first report to those who were linked to it meanwhile', () => {
    const both = linking(came('2', 10), came('1', 20))
    expect(undoing(both, [came('2', 10, '2'), came('1', 20, '2'), came('5', 30, '2')])).toEqual([unlink('1', '2')])
  })

  it('puts a session that was taken out in again', () => {
    const out = unlinking(came('1', 20, '4'))
    expect(acts(out)).toEqual([unlink('1', '4')])
    expect(undoing(out, [came('1', 20)])).toEqual([link('1', '4')])
    expect(acts(unlinking(came('1', 20)))).toEqual([])
  })
})
