// What the stories of the staff pages do again and again: open a page, sign in, report, wait for a sentence.
//
// Owns: steps in a person's words. Must not: check anything a single story is about.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { BrowserContext, Page } from 'playwright-core'

/** How long a step may take, in ms, before the story fails: far over what it takes, far under a stuck run. */
export const STEP_MS = 15_000

/** What a story gets from its runner: the real gateway's origin, and fresh browser profiles. */
export interface Stage {
  readonly origin: string
  /** A fresh profile; options as Playwright's. */
  context(options?: Record<string, unknown>): Promise<BrowserContext>
}

/** Pages of a story with what went wrong in them. */
export const troubles = new WeakMap<Page, string[]>()

/** Opens a page and listens for violations of the content security policy, page errors and foreign requests. */
export async function open(stage: Stage, path: string, options: Record<string, unknown> = {}): Promise<Page> {
  const context = await stage.context(options)
  const page = context.pages()[0] ?? (await context.newPage())
  page.setDefaultTimeout(STEP_MS)
  const found: string[] = []
  troubles.set(page, found)
  page.on('pageerror', (error) => found.push(`page error: ${error.message}`))
  page.on('console', (line) => {
    if (/content security policy|trusted type/i.test(line.text())) found.push(line.text())
  })
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== stage.origin) found.push(`foreign request: ${origin}`)
  })
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`))
  })
  await page.goto(stage.origin + path)
  return page
}

/** Signs in with the demo agency's names. */
export async function signIn(page: Page, name: string): Promise<void> {
  await page.locator('[name=agency]').fill('demo.example')
  await page.locator('[name=name]').fill(name)
  await page.locator('[name=passphrase]').fill(`demo-${name}-911`)
  await page.locator('button[type=submit]').click()
  await page.getByText('Connected', { exact: true }).waitFor()
}

/** A signed-in console. */
export async function consoleOf(stage: Stage, name: string, options: Record<string, unknown> = {}): Promise<Page> {
  const page = await open(stage, '/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US', ...options })
  await signIn(page, name)
  return page
}

/** A signed-in supervisor's page. */
export async function supervisorOf(stage: Stage, options: Record<string, unknown> = {}): Promise<Page> {
  const page = await open(stage, '/supervisor/', { viewport: { width: 1440, height: 900 }, locale: 'en-US', ...options })
  await signIn(page, 'sue')
  return page
}

/** A resident who has reported a fire with these words. */
export async function residentWith(stage: Stage, words: string): Promise<Page> {
  const page = await open(stage, '/', {
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

/** The telecommunicator writes and sends. */
export async function staffSays(page: Page, words: string): Promise<void> {
  await page.locator('#composer').fill(words)
  await page.locator('#composer').press('Enter')
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

/** Fails when the page violated its policy, threw, or asked a foreign origin. */
export function clean(...pages: Page[]): void {
  const all = pages.flatMap((page) => troubles.get(page) ?? [])
  if (all.length > 0) throw new Error(all.join('\n'))
}

/** Fails with a sentence. */
export function must(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence)
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Fails on serious or critical findings of axe. */
export async function accessible(page: Page, where: string): Promise<void> {
  await page.evaluate(AXE)
  const found = await page.evaluate(async () => {
    type Found = { violations: { id: string; impact: string | null; nodes: { html: string }[] }[] }
    const { axe } = window as unknown as { axe: { run(): Promise<Found> } }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`)
  })
  must(found.length === 0, `${where}: ${found.join('\n')}`)
}
