// What the stories of the resident page do again and again.
//
// Owns: steps in a person's words, and stand-ins for devices that a test machine has not. Must not: check what a story is about.
import type { Page } from 'playwright-core'
import { within, type Staff, type Story } from './harness.ts'

/** Where quick exit of the demo agency goes. */
export const EXIT = 'https://www.weather.gov/**'

/** Opens the page and begins a report. */
export async function begin(story: Story, path = '/', options: Parameters<Story['visit']>[1] = {}): Promise<Page> {
  const page = await story.visit(path, options)
  await page.getByRole('listitem').first().getByRole('button').click()
  await page.locator('#text').waitFor()
  await within('the session is open', async () => (await page.locator('[role=status]').allInnerTexts()).join('').length > 5)
  return page
}

export async function write(page: Page, text: string): Promise<void> {
  await page.locator('#text').fill(text)
  await page.locator('.compose form button[type=submit]').click()
}

export const item = (page: Page, text: string) => page.locator('ol > li', { hasText: text })

export async function safe(page: Page, text: string): Promise<void> {
  await item(page, text).locator('[data-safety=safe]').waitFor()
}

/** A photo; `side` pixels of noise make its file large. */
export async function picture(page: Page, words: string, side = 500): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const bytes = await page.evaluate(async ({ text, side }) => {
    const canvas = document.createElement('canvas')
    canvas.width = 1_600
    canvas.height = 1_200
    const brush = canvas.getContext('2d')
    if (brush === null) return []
    brush.fillStyle = '#8a4b2a'
    brush.fillRect(0, 0, canvas.width, canvas.height)
    // A patch of noise makes the file large without making its small picture so.
    const noise = brush.createImageData(side, side)
    // The platform gives at most 65,536 random bytes at a time.
    for (let at = 0; at < noise.data.length; at += 65_536) crypto.getRandomValues(noise.data.subarray(at, at + 65_536))
    brush.putImageData(noise, 0, 0)
    brush.font = '120px sans-serif'
    brush.fillText(text, 100, 600)
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.7))
    return blob === null ? [] : [...new Uint8Array(await blob.arrayBuffer())]
  }, { text: words, side })
  return { name: `${words}.jpg`, mimeType: 'image/jpeg', buffer: Buffer.from(bytes) }
}

/** The same photo with what a camera writes into it about its place: degrees, and how far off it may be, in metres. */
export function placed(photo: { name: string; mimeType: string; buffer: Buffer }, latitude: number, longitude: number, metres: number): typeof photo {
  const parts = (degrees: number): [number, number][] => {
    const [whole, minutes] = [Math.floor(Math.abs(degrees)), (Math.abs(degrees) % 1) * 60]
    return [[whole, 1], [Math.floor(minutes), 1], [Math.round((minutes % 1) * 60 * 10_000), 10_000]]
  }
  // Exif 2.32: a TIFF with one directory, which leads to that of the place; values longer than 4 bytes lie behind it.
  const tags: [number, string | [number, number][]][] = [
    [1, latitude < 0 ? 'S' : 'N'], [2, parts(latitude)], [3, longitude < 0 ? 'W' : 'E'], [4, parts(longitude)], [31, [[metres, 1]]],
  ]
  const tiff = Buffer.alloc(400)
  const [first, place] = [8, 26]
  tiff.write('II*\0', 0, 'latin1')
  tiff.writeUInt32LE(first, 4)
  tiff.writeUInt16LE(1, first)
  for (const [at, value] of [[10, 0x8825], [12, 4]] as const) tiff.writeUInt16LE(value, at)
  tiff.writeUInt32LE(1, 14)
  tiff.writeUInt32LE(place, 18)
  tiff.writeUInt16LE(tags.length, place)
  let behind = place + 2 + tags.length * 12 + 4
  tags.forEach(([tag, value], nth) => {
    const at = place + 2 + nth * 12
    tiff.writeUInt16LE(tag, at)
    tiff.writeUInt16LE(typeof value === 'string' ? 2 : 5, at + 2)
    tiff.writeUInt32LE(typeof value === 'string' ? value.length + 1 : value.length, at + 4)
    if (typeof value === 'string') return void tiff.write(value, at + 8, 'latin1')
    tiff.writeUInt32LE(behind, at + 8)
    for (const number of value.flat()) behind = tiff.writeUInt32LE(number, behind)
  })
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(behind + 8, 2)
  const buffer = Buffer.concat([photo.buffer.subarray(0, 2), head, Buffer.from('Exif\0\0', 'latin1'), tiff.subarray(0, behind), photo.buffer.subarray(2)])
  return { ...photo, buffer }
}

/** Begins a report that a telecommunicator has taken. */
export async function taken(story: Story, options: Parameters<Story['visit']>[1] = {}): Promise<{ page: Page; staff: Staff; session: string }> {
  const page = await begin(story, '/', options)
  const staff = await story.telecommunicator()
  return { page, staff, session: await staff.take() }
}

/** Opens the camera from the page's own button. */
export async function camera(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Camera', exact: true }).click()
  await page.getByRole('button', { name: 'Yes, show my camera' }).click()
}

/** Runs a script before the page's own. */
export async function before(story: Story, script: () => void, options: Parameters<Story['visit']>[1] = {}, path = '/'): Promise<Page> {
  const page = await story.visit('/assets/none', options)
  await page.context().addInitScript(script)
  await page.goto(story.gateway.origin + path)
  return page
}

/** Picks a category and waits for the session. */
export async function pick(page: Page): Promise<void> {
  await page.getByRole('listitem').first().getByRole('button').click()
  await page.locator('#text').waitFor()
  await within('the session is open', async () => (await page.locator('[role=status]').allInnerTexts()).join('').length > 5)
}

/** What is left on the device. */
export async function traces(page: Page): Promise<Record<string, number>> {
  return page.evaluate(async () => ({
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    local: localStorage.length + sessionStorage.length,
    cookies: document.cookie.length,
  }))
}
