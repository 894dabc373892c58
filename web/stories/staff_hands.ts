// What the stories of the staff pages do again and again: open a page, sign in, report, wait for a sentence.
//
// Owns: steps in a person's words. Must not: check anything a single story is about.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect, within, type Story } from './harness.ts'

/** Signs in with the demo agency's names. */
export async function signIn(page: Page, name: string, connected = 'Connected'): Promise<void> {
  await page.locator('[name=agency]').fill('demo.example')
  await page.locator('[name=name]').fill(name)
  await page.locator('[name=passphrase]').fill(`demo-${name}-911`)
  await page.locator('button[type=submit]').click()
  await page.getByText(connected, { exact: true }).waitFor()
}

/** A signed-in console. */
export async function consoleOf(story: Story, name: string, options: Parameters<Story['visit']>[1] = {}): Promise<Page> {
  const page = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US', ...options })
  await signIn(page, name)
  return page
}

/** A signed-in supervisor's page. */
export async function supervisorOf(story: Story, options: Parameters<Story['visit']>[1] = {}, connected?: string): Promise<Page> {
  const page = await story.visit('/supervisor/', { viewport: { width: 1440, height: 900 }, locale: 'en-US', ...options })
  await signIn(page, 'sue', connected)
  return page
}

/** A resident who has reported a fire with these words. */
export async function residentWith(story: Story, words: string): Promise<Page> {
  const page = await story.visit('/', {
    viewport: { width: 390, height: 844 }, locale: 'en-US', permissions: ['geolocation', 'camera', 'microphone'],
    geolocation: { latitude: 40.0001, longitude: -99.9998, accuracy: 25 },
  })
  await page.getByRole('button', { name: 'Fire or smoke' }).click()
  await residentSays(page, words)
  return page
}

/** The resident writes and sends. */
export async function residentSays(page: Page, words: string): Promise<void> {
  await page.getByLabel('Tell us what you see').fill(words)
  await page.getByRole('button', { name: 'Send', exact: true }).click()
}

/** The resident says yes to what was asked for; an offer of the page beside it is another question. */
export async function residentGrants(page: Page, medium: 'place' | 'video' | 'audio'): Promise<void> {
  const name = {
    place: 'They ask for your place.', video: 'They ask to see your camera, live.', audio: 'They ask to hear your microphone, live.',
  }[medium]
  await page.getByRole('region', { name }).getByRole('button', { name: 'Yes' }).click()
}

/** The telecommunicator writes and sends. */
export async function staffSays(page: Page, words: string): Promise<void> {
  await page.locator('#composer').fill(words)
  await page.locator('#composer').press('Enter')
}

/** Waits until the live picture shows new frames: one that only stands there does not count. */
export async function moves(page: Page): Promise<void> {
  const frames = (): Promise<number> => page.evaluate(() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0)
  let before = await frames()
  await within('the live picture moves', async () => {
    const now = await frames()
    // A connection made anew counts from the beginning.
    const moved = now > before && before > 0
    before = now
    return moved
  })
}

/** Each area of the console by its name, opened where a window of this width, in px, has room for one only. */
export async function* areas(page: Page, width: number): AsyncGenerator<string> {
  for (const area of width < 1280 ? ['queue', 'session', 'side'] : ['']) {
    if (area) await page.locator(`#area-tab-${area}`).click()
    yield area
  }
}

/** By how many px the page is wider than its window. */
export function tooWide(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}

/** A small JPEG made by the page's own canvas, to choose as a photo. */
export async function jpeg(page: Page): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const numbers = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(800, 600)
    const context = canvas.getContext('2d')
    if (!context) return []
    for (let band = 0; band < 12; band += 1) {
      context.fillStyle = `hsl(${String(band * 30)} 60% 50%)`
      context.fillRect(0, band * 50, 800, 50)
    }
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer())]
  })
  return { name: 'smoke.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(numbers) }
}

/** A list in pieces of so many: no story looks at more than it has time for. */
export function parts<T>(all: readonly T[], atOnce: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / atOnce) }, (_, part) => all.slice(part * atOnce, (part + 1) * atOnce))
}

/** Before a page: a browser that forbids storage. */
export function noStorage(): void {
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB'] as const) {
    Object.defineProperty(window, name, { get: () => { throw new DOMException('storage is forbidden', 'SecurityError') } })
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails on serious or critical findings of axe; only these rules, where some are named. */
export async function accessible(page: Page, where: string, only: readonly string[] = []): Promise<void> {
  await settled(page)
  // Half a megabyte: a document gets it once.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE)
  const found = await page.evaluate(async (rules) => {
    type Found = { violations: { id: string; impact: string | null; nodes: { html: string }[] }[] }
    const { axe } = window as unknown as { axe: { run(options: object): Promise<Found> } }
    // A page in a frame is looked at by itself. What passes is not written down node by node, with a selector for each.
    const { violations } = await axe.run({ iframes: false, resultTypes: ['violations'], selectors: false, ...(rules.length > 0 ? { runOnly: rules } : {}) })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`)
  }, only)
  expect(found.length === 0, `${where} without findings of axe: ${found.join('\n')}`)
}

/** Waits until every fade that ends has ended: halfway, a colour is one that nobody chose. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ends = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
    await Promise.allSettled(ends.map(({ finished }) => finished))
  })
}
