// When the characters that somebody types leave the page.
//
// Owns: the marks of time around the field and the socket. Must not: say how late is too late: stories do.
import type { Page } from 'playwright-core'
import { within } from './harness.ts'

interface Times {
  typed: number[]
  left: number[]
}

/** From now on notes when characters are typed into a field and when packets of real-time text leave. */
export async function noteTyping(page: Page, field: string): Promise<void> {
  await page.evaluate((selector) => {
    const times: Times = { typed: [], left: [] }
    Object.assign(window, { times })
    document.querySelector(selector)?.addEventListener('input', () => times.typed.push(performance.now()))
    const send = WebSocket.prototype.send
    WebSocket.prototype.send = function (frame) {
      const bytes = frame instanceof Uint8Array ? new TextDecoder('latin1').decode(frame) : ''
      if (bytes.includes('real_time_text')) times.left.push(performance.now())
      send.call(this, frame)
    }
  }, field)
}

/** The longest that a character stayed on the page, in ms, once the last one has left. */
export async function latestOf(page: Page): Promise<number> {
  await within('the last character left', () =>
    page.evaluate(() => {
      const { typed, left } = (window as unknown as { times: Times }).times
      return typed.length > 0 && (left.at(-1) ?? 0) > (typed.at(-1) ?? 0)
    }),
  )
  return page.evaluate(() => {
    const { typed, left } = (window as unknown as { times: Times }).times
    return Math.max(...typed.map((at) => (left.find((one) => one >= at) ?? Number.POSITIVE_INFINITY) - at))
  })
}
