import { describe, expect, it } from 'vitest'
import { emptyView, fold } from '../sdk/src/staff-fold.ts'
import { entry, text } from '../sdk/tests/staff_rows.ts'
import { panelOf, panelUrl, PANELS } from './panels.ts'
import { fixOf, messagesAt } from './where.ts'

const at = (latitude: number) =>
  ({ kind: 'located', location: { latitude, longitude: 0, uncertainty_m: 10, method: 'gnss', age_ms: 0 } }) as const

describe('where a message was written', () => {
  const view = fold(emptyView(), [
    entry('1', 1, text('before any fix')), entry('1', 2, at(1)), entry('1', 3, text('at the first')), entry('1', 4, at(2)), entry('1', 5, text('at the second')),
  ])

  it('is the last fix before it, or the first one after it', () => {
    expect(view.messages.map((message) => fixOf(view, message)?.seq)).toEqual([2, 2, 4])
  })

  it('goes back from a fix to its messages', () => {
    const [first, second] = view.fixes
    expect(first && messagesAt(view, first).map(({ seq }) => seq)).toEqual([1, 3])
    expect(second && messagesAt(view, second).map(({ seq }) => seq)).toEqual([5])
  })

  it('is unknown without a fix', () => {
    const none = fold(emptyView(), [entry('1', 1, text('nowhere'))])
    expect(none.messages.map((message) => fixOf(none, message))).toEqual([undefined])
  })
})

describe('panels', () => {
  it('have URLs that name them', () => {
    for (const name of PANELS) expect(panelOf(new URL(panelUrl(name, '/console/'), 'http://x').search)).toBe(name)
    expect(panelUrl('map', '/a/harbour.example/console')).toBe('/a/harbour.example/console/?panel=map')
    expect(panelOf('?panel=nonsense')).toBeUndefined()
    expect(panelOf('')).toBeUndefined()
  })
})
