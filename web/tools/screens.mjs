// Takes screenshots of the resident page in every state into a folder: `node tools/screens.mjs <folder>`.
// It also says what axe finds and what scrolls sideways. The gateway is played in memory over the browser's socket, so states need no timing. Needs built pages and Chromium.
import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import { serve } from './serve.mjs'

const folder = process.argv[2] ?? 'screens'
await mkdir(folder, { recursive: true })
const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const { FakeGateway } = (await runnerImport(at('../sdk/tests/fake_gateway.ts'))).module
const { decode, encode } = (await runnerImport(at('../sdk/src/codec.ts'))).module
const { browser } = (await runnerImport(at('../stories/browser.ts'))).module
const server = await serve()
const PHOTO = await picture()
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const shots = {
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
    await page.waitForFunction(() => document.querySelector('video').videoWidth > 0)
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
  async offline(page, gateway, context, cut) {
    await begin(page)
    gateway.mute = true
    await write(page, 'The stairs are full of smoke.')
    await write(page, 'We are four people on the third floor.')
    cut()
    await page.locator('.away').waitFor()
  },
  async closed(page, gateway) {
    await begin(page)
    await write(page, 'The water is going down again.')
    gateway.staff({ kind: 'closed', disposition: 'advice_given', note: '' })
    await page.getByRole('heading', { level: 1 }).waitFor()
  },
}

const looks = [
  { name: 'light', colorScheme: 'light', width: 390, height: 844 },
  { name: 'dark', colorScheme: 'dark', width: 390, height: 844, language: 'fr' },
  { name: 'narrow', colorScheme: 'light', width: 320, height: 640 },
  { name: 'arabic', colorScheme: 'light', width: 390, height: 844, language: 'ar' },
  { name: 'spanish', colorScheme: 'light', width: 390, height: 844, language: 'es' },
  { name: 'contrast', colorScheme: 'dark', contrast: 'more', width: 390, height: 844 },
  { name: 'silent', colorScheme: 'light', width: 390, height: 844, search: 'silent' },
  { name: 'zoom', colorScheme: 'light', width: 320, height: 256, scale: 4 },
]
const only = process.argv.slice(3)
for (const look of looks) {
  for (const [name, play] of Object.entries(shots)) {
    if (only.length > 0 && !only.includes(look.name) && !only.includes(name)) continue
    const { width, height, colorScheme, scale = 2, contrast = 'no-preference' } = look
    const context = await browser({ viewport: { width, height }, colorScheme, contrast, deviceScaleFactor: scale, permissions: ['geolocation'], geolocation: { latitude: 52.37021, longitude: 4.89517, accuracy: 12 } })
    const page = await context.newPage()
    page.on('pageerror', (error) => console.log(`${look.name}-${name}: ${error}`))
    page.on('console', (message) => message.type() === 'error' && !/ERR_|404/.test(message.text()) && console.log(`${look.name}-${name}: ${message.text()}`))
    const gateway = new FakeGateway()
    gateway.now_ms = Date.now()
    let cut = () => undefined
    let down = false
    await page.routeWebSocket('**/ws/resident', (socket) => {
      if (down) return socket.close({ code: 1001 })
      cut = () => ((down = true), socket.close({ code: 1001 }))
      const link = gateway.connect((message) => socket.send(Buffer.from(encode(message))))
      socket.onMessage((frame) => link.receive(decode(frame)))
    })
    await page.route('**/api/v1/agency', (route) => route.fulfill({ json: gateway.agency }))
    await page.route('**/api/v1/uploads', (route) => route.abort())
    await page.goto(`${server.origin}/?lang=${look.language ?? 'en'}&${look.search ?? ''}`)
    await page.locator('header').waitFor()
    try {
      await play(page, gateway, context, () => cut())
    } catch (error) {
      console.log(`${look.name}-${name}: ${String(error).split('\n')[0]}`)
    }
    await page.screenshot({ path: `${folder}/${look.name}-${name}.png` })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (wide > 0) console.log(`${look.name}-${name}: scrolls sideways by ${wide} px`)
    await page.evaluate(AXE)
    const found = await page.evaluate(async () => (await window.axe.run()).violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0].html.slice(0, 120)}`))
    for (const violation of found) console.log(`${look.name}-${name}: ${violation}`)
    await context.close()
  }
}
server.close()
process.exit(0)

async function begin(page) {
  await page.getByRole('listitem').first().getByRole('button').click()
  await page.locator('#text').waitFor()
}

async function write(page, text) {
  await page.locator('#text').fill(text)
  await page.locator('form button[type=submit]').last().click()
}

async function busy(page, gateway) {
  await begin(page)
  await page.locator('section.card .act').first().click()
  await write(page, 'There is smoke on the stairs. I think it comes from the cellar.')
  gateway.staff({ kind: 'taken' })
  const seen = gateway.entries.at(-1).seq
  gateway.staff({ kind: 'text', text: 'Help is on its way. Is everybody out?', age_ms: 0 })
  await page.locator('input[type=file]').first().setInputFiles([{ name: 'stairs.png', mimeType: 'image/png', buffer: PHOTO }])
  await page.locator('img').waitFor()
  gateway.ask('photo', 'Can you show the front door?')
  gateway.say({ kind: 'attention', delivered: gateway.entries.at(-1).seq, seen })
  gateway.mute = true
  await write(page, 'Two people are still inside.')
  gateway.say({ kind: 'real_time_text', message: 'e'.repeat(32), part: 0, from: 0, text: 'Which floor are th' })
  await page.locator('.typing').waitFor()
}

async function picture() {
  const context = await browser({ viewport: { width: 640, height: 480 } })
  const page = await context.newPage()
  await page.setContent('<body style="margin:0;background:linear-gradient(#567,#234)"><div style="position:absolute;left:220px;top:90px;width:200px;height:390px;background:#8a4b2a;border:16px solid #ddd"></div></body>')
  const bytes = await page.screenshot()
  await context.close()
  return bytes
}
