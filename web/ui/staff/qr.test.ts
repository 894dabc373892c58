// @vitest-environment jsdom
import { render, waitFor } from '@testing-library/svelte'
import decodeQR from 'qr/decode.js'
import { describe, expect, it } from 'vitest'
import QrCode from './QrCode.svelte'

const ADDRESS = `https://report.county.example/a/harbour.example/#report.${'0123456789abcdef'.repeat(2)}.${'Ab-_9'.repeat(9).slice(0, 43)}`

/** The drawn modules as a picture that a camera would see. */
function picture(svg: Element): { width: number; height: number; data: Uint8Array } {
  const side = Number(svg.getAttribute('viewBox')?.split(' ')[2])
  const scale = 4
  const data = new Uint8Array(side * side * scale * scale * 4).fill(255)
  for (const [, x, y, length] of svg.querySelector('.dark')?.getAttribute('d')?.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g) ?? []) {
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row += 1) {
      const from = (row * side * scale + Number(x) * scale) * 4
      for (let at = from; at < from + Number(length) * scale * 4; at += 4) data.fill(0, at, at + 3)
    }
  }
  return { width: side * scale, height: side * scale, data }
}

describe('a QR code', () => {
  it('says what it was made of, with room around it, and has a name for who does not see it', async () => {
    const { container } = render(QrCode, { text: ADDRESS, name: 'The link as a QR code' })
    await waitFor(() => expect(container.querySelector('svg')).not.toBeNull())
    const svg = container.querySelector('svg')
    if (svg === null) throw new Error('nothing is drawn')
    expect(decodeQR(picture(svg))).toBe(ADDRESS)
    expect([svg.getAttribute('role'), svg.getAttribute('aria-label')]).toEqual(['img', 'The link as a QR code'])
    expect(container.innerHTML).not.toContain('style=')
    const first = /M(\d+) (\d+)/.exec(svg.querySelector('.dark')?.getAttribute('d') ?? '')
    expect([Number(first?.[1]), Number(first?.[2])]).toEqual([4, 4])
  })
})
