import { expect, it } from 'vitest'
import { agencyIn, agencyInfo, rootOf } from './address.ts'

it('reads the agency in the address of each of its pages', () => {
  for (const path of ['/a/harbour.example', '/a/harbour.example/', '/a/harbour.example/console', '/a/harbour.example/supervisor/x']) {
    expect(agencyIn(path)).toBe('harbour.example')
    expect(rootOf(path)).toBe('/a/harbour.example')
    expect(agencyInfo(path)).toBe('/api/v1/agencies/harbour.example')
  }
})

it('takes every other address for the agency of the name', () => {
  for (const path of ['/', '/console/', '/supervisor', '/a/', '/a/Two Words/', '/a/%2e%2e/', '/b/harbour.example/']) {
    expect(agencyIn(path)).toBeUndefined()
    expect(rootOf(path)).toBe('')
    expect(agencyInfo(path)).toBe('/api/v1/agency')
  }
})
