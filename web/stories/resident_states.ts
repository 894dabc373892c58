// The resident page in a state and a look, in a browser of its own: for stories and for looking at it.
//
// Owns: the looks, and a browser's hands. The states are the design system's (`dev/resident_states.ts`). Must not: judge. Used by:
// `resident_states.story.ts`, `tools/screens.mjs`.
import type { BrowserContext, Page } from 'playwright-core'
import { drawnPhoto, STATES, type Hands } from '../dev/resident_states.ts'
import { decode, encode } from '../sdk/src/codec.ts'
import type { FromResident } from '../sdk/src/protocol.ts'
import { FakeGateway } from '../sdk/tests/fake_gateway.ts'
import { engine } from './browser.ts'

export { STATES }

/** How a person's screen is. */
export interface Look {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly colorScheme: 'light' | 'dark'
  readonly contrast?: 'more'
  readonly language?: string
  readonly search?: string
  readonly scale?: number
  /** Another look of the same page: nothing but its colours or its room differs, so that it needs no page of its own. */
  readonly like?: string
}

/** Looks that differ in what may go wrong. */
export const LOOKS: readonly Look[] = [
  { name: 'light', colorScheme: 'light', width: 390, height: 844 },
  { name: 'dark', colorScheme: 'dark', width: 390, height: 844, like: 'light' },
  { name: 'narrow', colorScheme: 'light', width: 320, height: 640, like: 'light' },
  { name: 'french', colorScheme: 'light', width: 390, height: 844, language: 'fr' },
  { name: 'arabic', colorScheme: 'light', width: 390, height: 844, language: 'ar' },
  { name: 'spanish', colorScheme: 'light', width: 390, height: 844, language: 'es' },
  { name: 'contrast', colorScheme: 'dark', contrast: 'more', width: 390, height: 844, like: 'light' },
  { name: 'silent', colorScheme: 'light', width: 390, height: 844, search: 'silent' },
  { name: 'zoom', colorScheme: 'light', width: 320, height: 256, scale: 4 },
]

/** Looks that change words or room, not colours: the fullest states show what may go wrong there. */
const FULLEST = ['begin', 'line', 'report', 'items', 'asked', 'camera', 'place', 'choices', 'offline', 'begun', 'closed']
const IN_THESE: ReadonlySet<string> = new Set(['french', 'arabic', 'spanish', 'silent', 'zoom'])

/** The states of a look. */
export function statesOf(look: Look): string[] {
  return IN_THESE.has(look.name) ? FULLEST : Object.keys(STATES)
}

/** Shows a page in another look of the same. */
export async function seenAs(page: Page, look: Look): Promise<void> {
  const { width, height, colorScheme, contrast = 'no-preference' } = look
  await page.setViewportSize({ width, height })
  await page.emulateMedia({ colorScheme, contrast })
  await page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))))
}

/** Opens a page in a look and a state, with nothing of any other; `origin` serves the built pages. */
export async function inLook(origin: string, look: Look, name: string): Promise<{ page: Page; faults: readonly string[]; end: () => Promise<void> }> {
  const { width, height, colorScheme, scale = 2, contrast = 'no-preference' } = look
  const context = await engine({
    viewport: { width, height }, colorScheme, contrast, deviceScaleFactor: scale, permissions: ['geolocation', 'camera', 'microphone'],
    geolocation: { latitude: 52.37021, longitude: 4.89517, accuracy: 12 },
  })
  const end = (): Promise<void> => context.close()
  try {
    return { ...(await played(context, origin, look, name)), end }
  } catch (error) {
    await end()
    throw error
  }
}

async function played(context: BrowserContext, origin: string, { language = 'en', search = '' }: Look, name: string): Promise<{ page: Page; faults: readonly string[] }> {
  const state = STATES[name]
  if (state === undefined) throw new Error(`no state ${name}`)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_|404|WebSocket/.test(message.text())) faults.push(message.text())
  })
  if (state.device !== undefined) await page.addInitScript(state.device)
  const gateway = new FakeGateway()
  gateway.now_ms = Date.now()
  let close = (_code: number): void => undefined
  let down = false
  await page.routeWebSocket('**/ws/resident', (socket) => {
    if (down) return void socket.close({ code: 1001 })
    close = (code) => void socket.close({ code })
    if (state.dead === true) return
    const link = gateway.connect((message) => socket.send(Buffer.from(encode(message))))
    socket.onMessage((frame) => link.receive(decode(frame as Buffer) as unknown as FromResident))
  })
  await page.route('**/api/v1/agency', (route) => route.fulfill({ json: gateway.agency }))
  await page.route('**/api/v1/uploads', (route) => route.abort())
  await page.goto(`${origin}/?lang=${language}&${search}&${state.search ?? ''}`)
  await page.locator('header').waitFor()
  const cut = (): void => {
    down = true
    close(1001)
  }
  await state.play(handsOn(page), gateway, { cut, close: (code) => close(code) })
  return { page, faults }
}

function handsOn(page: Page): Hands {
  const one = (selector: string, nth = 0) => page.locator(selector).nth(nth)
  return {
    press: (selector, nth) => one(selector, nth).click(),
    fill: (selector, text) => one(selector).fill(text),
    key: (selector, key) => one(selector).press(key),
    choose: async (selector, file) => {
      const buffer = file === 'photo' ? Buffer.from(await page.evaluate(drawnPhoto)) : Buffer.alloc(0)
      await one(selector).setInputFiles([{ name: 'stairs.png', mimeType: 'image/png', buffer }])
    },
    see: (selector, nth) => one(selector, nth).waitFor(),
    until: async (so) => void (await page.waitForFunction(so)),
    scroll: (to) => page.evaluate((end) => scrollTo(0, end === 'top' ? 0 : document.body.scrollHeight), to),
  }
}
