// @vitest-environment jsdom
import { render } from '@testing-library/svelte'
import { describe, expect, it } from 'vitest'
import SuspicionMark from './SuspicionMark.svelte'
import { level } from './suspicion.ts'
import Why from './Why.svelte'

const plain = (node: Element): string => (node.textContent ?? '').replace(/[\u2068\u2069]/g, '').replace(/\s+/g, ' ').trim()

describe('suspicion', () => {
  it('has a word for each number, and the words do not overlap', () => {
    expect([1, 39, 40, 69, 70, 100].map(level)).toEqual(['low', 'low', 'medium', 'medium', 'high', 'high'])
  })

  it('is said with number and word, and what it is stands before it for who does not see it', () => {
    const { container } = render(SuspicionMark, { number: 70 })
    expect(plain(container)).toBe('Suspicion 70 very doubtful')
    expect(container.querySelector('svg')?.getAttribute('aria-hidden')).toBe('true')
  })

  it('has a shape for each word', () => {
    const shapes = [30, 50, 80].map((number) => render(SuspicionMark, { number }).container.querySelector('svg')?.innerHTML)
    expect(new Set(shapes).size).toBe(3)
  })

  it('names its reasons with points and figures, and says that it changes nothing', () => {
    const reasons = [
      { rule: 'same-words', points: 40, because: 'The same words from far apart', sessions: 3 },
      { rule: 'far', points: 30, because: 'Far outside', outside_km: 1870 },
    ]
    const { getByRole } = render(Why, { rules: [], suspicion: { number: 70, reasons } })
    const list = getByRole('list', { name: /suspicion/i })
    expect([...list.querySelectorAll('li')].map(plain)).toEqual([
      '40 The same words from far apart (at least 3 sessions) same-words',
      '30 Far outside (at least 1,870 km beyond its edge) far',
    ])
    expect(plain(document.body)).toContain('changes neither order nor priority')
  })

  it('is not spoken of where nothing speaks against a session', () => {
    const { container } = render(Why, { rules: [] })
    expect(plain(container)).not.toMatch(/suspicion/i)
  })
})
