// Whoever writes a client from `docs/protocol.md` alone builds what these clients do.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, next, PROVEN_AFTER_MS } from '../src/backoff.ts'
import { FIXES_WAITING_MAX } from '../src/outbox.ts'
import { FLUSH_AFTER_MS, REFRESH_EVERY_MS } from '../src/real_time_text.ts'

const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8').replace(/\s+/g, ' ')
const s = (ms: number): string => String(ms / 1_000)

describe('the page of the protocol', () => {
  it('has the pauses with which these clients connect again', () => {
    const pauses = [1, 2, 4, 8].map((times) => s(FIRST_PAUSE_MS * times)).join(', ')
    expect(page).toContain(`Connect again after ${pauses} … up to ${s(LONGEST_PAUSE_MS)} s, each time multiplied by a random number between 0.5 and 1`)
    expect(page).toContain(`Start over once a link has lived for ${s(PROVEN_AFTER_MS)} s after its \`welcome\``)
    const lost = [0, 1].map((chance) => next({ code: 1006, failures: 0 }, () => chance))
    expect(lost).toEqual([FIRST_PAUSE_MS / 2, FIRST_PAUSE_MS].map((pause_ms) => ({ again: 'after', pause_ms })))
  })

  it('has how typing is gathered and how often it is whole', () => {
    expect(page).toContain(`A sender sends such a whole packet every ${s(REFRESH_EVERY_MS)} s while typing goes on`)
    expect(page).toContain(`Gather typing for ${String(FLUSH_AFTER_MS)} ms`)
  })

  it('has how many fixes wait while there is no link', () => {
    expect(page).toContain(`While offline keep the newest ${String(FIXES_WAITING_MAX)} in the outbox`)
  })
})
