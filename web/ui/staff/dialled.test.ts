import { describe, expect, it } from 'vitest'
import { dialled } from './dialled.ts'

describe('what can be dialled', () => {
  it('is the number at the beginning, as people write it', () => {
    expect(dialled('+1 (555) 010-0199, ask for Ann')).toBe('+15550100199')
    expect(dialled(' 06 12.34/56 78')).toBe('0612345678')
    expect(dialled('555-0100')).toBe('5550100')
  })

  it('is nothing where no number stands first, and nothing that is longer than a number', () => {
    for (const words of ['ask for Ann, 555 0100', '', '12', '+', '<script>alert(1)</script>', '9'.repeat(16), '*#06#']) expect(dialled(words), words).toBeUndefined()
  })
})
