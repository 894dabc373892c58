// The resident page in every state that somebody may see, played by a gateway in memory: for stories and for looking at it.
//
// Owns: the states, the looks, how each is reached. Must not: judge. Used by: `resident_states.story.ts`, `tools/screens.mjs`.
import type { Page } from 'playwright-core'
import { decode, encode } from '../sdk/src/codec.ts'
import type { FromResident } from '../sdk/src/protocol.ts'
import { FakeGateway } from '../sdk/tests/fake_gateway.ts'
import { browser } from './browser.ts'

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
}

/** Looks that differ in what may go wrong. */
export const LOOKS: readonly Look[] = [
  { name: 'light', colorScheme: 'light', width: 390, height: 844 },
  { name: 'dark', colorScheme: 'dark', width: 390, height: 844, language: 'fr' },
  { name: 'narrow', colorScheme: 'light', width: 320, height: 640 },
  { name: 'arabic', colorScheme: 'light', width: 390, height: 844, language: 'ar' },
  { name: 'spanish', colorScheme: 'light', width: 390, height: 844, language: 'es' },
  { name: 'contrast', colorScheme: 'dark', contrast: 'more', width: 390, height: 844 },
  { name: 'silent', colorScheme: 'light', width: 390, height: 844, search: 'silent' },
  { name: 'zoom', colorScheme: 'light', width: 320, height: 256, scale: 4 },
]

/** The states, and how each is reached. */
export const STATES: Readonly<Record<string, (page: Page, gateway: FakeGateway, cut: () => void) => Promise<void>>> = {
  async begin(page) {
    await page.getByRole('heading', { level: 1 }).waitFor()
  },
  async line(page, gateway) {
    await begin(page)
    gateway.say({ kind: 'queue_place', place: 3, waiting: 7, counted: 500, staffed: true, deadline_ms: Date.now() + 60_000 })
    await page.locator('[aria-current=step]').waitFor()
  },
  async report(page, gateway) {
    await busy(page, gateway)
    await page.evaluate(() => scrollTo(0, 0))
  },
  async items(page, gateway) {
    await busy(page, gateway)
  },
  async camera(page, gateway) {
    await begin(page)
    gateway.staff({ kind: 'taken' })
    gateway.ask('audio', 'Can you hold the phone closer?')
    await page.locator('.add .button').nth(1).click()
    await page.locator('section[aria-labelledby=offer-heading] .act').click()
    await page.locator('video').waitFor()
    gateway.say({ kind: 'watching', telecommunicators: 1, supervisors: 1 })
    await page.waitForFunction(() => (document.querySelector('video')?.videoWidth ?? 0) > 0)
    await page.evaluate(() => scrollTo(0, 0))
  },
  async place(page, gateway) {
    await begin(page)
    gateway.say({ kind: 'queue_place', place: 3, waiting: 7, counted: 500, staffed: true, deadline_ms: Date.now() + 60_000 })
    await page.locator('section.card .act').first().click()
    await page.locator('[data-place]').waitFor()
    await page.locator('section.card .button').nth(1).click()
    await page.locator('.pad').waitFor()
    await page.locator('.pad .north').press('ArrowUp')
    await page.locator('.pad').scrollIntoViewIfNeeded()
  },
  async choices(page) {
    await begin(page)
    await page.locator('details summary').click()
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
  },
  async offline(page, gateway, cut) {
    await begin(page)
    gateway.mute = true
    await write(page, 'The stairs are full of smoke.')
    await write(page, 'We are four people on the third floor.')
    cut()
    await page.locator('.away').waitFor()
  },
  async asked(page, gateway) {
    await begin(page)
    gateway.staff({ kind: 'taken' })
    gateway.ask('place', 'Which side of the river?')
    gateway.ask('video')
    await page.locator('section.card[aria-labelledby^=ask-]').nth(1).waitFor()
  },
  async begun(page, gateway) {
    await begin(page)
    await page.locator('#text').fill('Two people are still in the')
    gateway.staff({ kind: 'closed', disposition: 'advice_given', note: '' })
    await page.locator('#begun-heading').waitFor()
  },
  async closed(page, gateway) {
    await begin(page)
    await write(page, 'The water is going down again.')
    gateway.staff({ kind: 'closed', disposition: 'advice_given', note: '' })
    await page.getByRole('heading', { level: 1 }).waitFor()
  },
}

/** A page of its own in a state; `origin` serves the built pages. Answers what its console said, and how to end it. */
export async function inState(origin: string, look: Look, state: string): Promise<{ page: Page; faults: readonly string[]; end: () => Promise<void> }> {
  const { width, height, colorScheme, scale = 2, contrast = 'no-preference', language = 'en', search = '' } = look
  const context = await browser({
    viewport: { width, height }, colorScheme, contrast, deviceScaleFactor: scale, permissions: ['geolocation'],
    geolocation: { latitude: 52.37021, longitude: 4.89517, accuracy: 12 },
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_|404|WebSocket/.test(message.text())) faults.push(message.text())
  })
  const gateway = new FakeGateway()
  gateway.now_ms = Date.now()
  let cut = (): void => undefined
  let down = false
  await page.routeWebSocket('**/ws/resident', (socket) => {
    if (down) return void socket.close({ code: 1001 })
    cut = () => {
      down = true
      void socket.close({ code: 1001 })
    }
    const link = gateway.connect((message) => socket.send(Buffer.from(encode(message))))
    socket.onMessage((frame) => link.receive(decode(frame as Buffer) as unknown as FromResident))
  })
  await page.route('**/api/v1/agency', (route) => route.fulfill({ json: gateway.agency }))
  await page.route('**/api/v1/uploads', (route) => route.abort())
  await page.goto(`${origin}/?lang=${language}&${search}`)
  await page.locator('header').waitFor()
  await STATES[state]?.(page, gateway, () => cut())
  return { page, faults, end: () => context.close() }
}

async function begin(page: Page): Promise<void> {
  await page.getByRole('listitem').first().getByRole('button').click()
  await page.locator('#text').waitFor()
}

async function write(page: Page, text: string): Promise<void> {
  await page.locator('#text').fill(text)
  await page.locator('form button[type=submit]').last().click()
}

async function busy(page: Page, gateway: FakeGateway): Promise<void> {
  await begin(page)
  await page.locator('section.card .act').first().click()
  await write(page, 'There is smoke on the stairs. I think it comes from the cellar.')
  gateway.staff({ kind: 'taken' })
  const seen = (gateway.entries.at(-1)?.seq ?? 0)
  gateway.staff({ kind: 'text', text: 'Help is on its way. Is everybody out?', age_ms: 0 })
  await page.locator('input[type=file]').first().setInputFiles([{ name: 'stairs.png', mimeType: 'image/png', buffer: await photo(page) }])
  await page.locator('img').waitFor()
  gateway.ask('photo', 'Can you show the front door?')
  gateway.say({ kind: 'attention', delivered: (gateway.entries.at(-1)?.seq ?? 0), seen })
  gateway.mute = true
  await write(page, 'Two people are still inside.')
  gateway.say({ kind: 'real_time_text', message: 'e'.repeat(32), part: 0, from: 0, text: 'Which floor are th' })
  await page.locator('.typing').waitFor()
}

/** A picture to send, drawn by the page's own canvas. */
async function photo(page: Page): Promise<Buffer> {
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(640, 480)
    const brush = canvas.getContext('2d')
    for (const [colour, ...box] of [['#456', 0, 0, 640, 480], ['#8a4b2a', 220, 90, 200, 390], ['#222', 250, 300, 80, 180]] as const) {
      if (brush) brush.fillStyle = colour
      brush?.fillRect(...(box as unknown as [number, number, number, number]))
    }
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())]
  })
  return Buffer.from(bytes)
}
