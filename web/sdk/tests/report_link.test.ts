import { describe, expect, it } from 'vitest'
import { linkAddress, readFragment } from '../src/responder-link.ts'
import { newSecret, readReportFragment, reportAddress } from '../src/report-link.ts'

const session = '5e1d7a90b3c246f8a1e05d7c9b82f346'

describe('a link to report', () => {
  it('is the resident page of the agency, with the link behind its fragment', () => {
    const link = { session, secret: newSecret() }
    const address = reportAddress('https://callbox.example/a/harbour.example', link)
    const { pathname, hash, search } = new URL(address)
    expect([pathname, search]).toEqual(['/a/harbour.example/', ''])
    expect(readReportFragment(hash)).toEqual(link)
  })

  it('that was cut short is told from a page without one', () => {
    expect(readReportFragment('')).toBeUndefined()
    expect(readReportFragment('#exit-hint')).toBeUndefined()
    for (const cut of ['#report.', `#report.${session}`, `#report.${session}.short`, `#report.${session.toUpperCase()}.${newSecret()}`]) {
      expect(readReportFragment(cut)).toBe('broken')
    }
  })

  it('is none for responders, nor the other way round', () => {
    const link = { session, secret: newSecret() }
    expect(readFragment(new URL(reportAddress('https://callbox.example', link)).hash)).toBeUndefined()
    expect(readReportFragment(new URL(linkAddress('https://callbox.example', link)).hash)).toBeUndefined()
  })
})
