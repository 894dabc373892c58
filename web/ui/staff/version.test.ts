import { describe, expect, it, vi } from 'vitest'
import type { StaffWelcome } from '../../sdk/src/staff.ts'
import { Store } from '../../sdk/src/store.ts'
import { tilesMoved } from './version.ts'

const from = (template?: string): StaffWelcome => ({ desk: template === undefined ? {} : { map_tiles: { template } } }) as StaffWelcome

describe('pictures of maps that come from elsewhere', () => {
  it('are told of when their server is another one than at the first welcome', () => {
    const moved = vi.fn()
    const welcome = new Store<StaffWelcome | undefined>(undefined)
    const stop = tilesMoved(welcome, moved)
    welcome.set(from('https://one.example/{z}/{x}/{y}.png'))
    welcome.set(from('https://one.example/dark/{z}/{x}/{y}.png'))
    expect(moved).not.toHaveBeenCalled()
    welcome.set(from('https://two.example/{z}/{x}/{y}.png'))
    expect(moved).toHaveBeenCalledOnce()
    stop()
  })

  it('are told of where there were none before, and not where there are none any more', () => {
    const moved = vi.fn()
    const welcome = new Store<StaffWelcome | undefined>(from())
    tilesMoved(welcome, moved)
    welcome.set(from('https://one.example/{z}/{x}/{y}.png'))
    expect(moved).toHaveBeenCalledOnce()
    welcome.set(from())
    expect(moved).toHaveBeenCalledOnce()
  })
})
