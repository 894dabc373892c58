// Takes the screenshots of the README into docs/images: `CALLBOX_BIN=<gateway> CALLBOX_DEMO=<callbox-loadtests> npm run shots`, or
// all of it by `cargo xtask shots`. Everything in them is real: a gateway, the demo's fire, a resident's page, a console, a supervisor.
// Times are of the day they were taken (the pages keep to the gateway's clock); the zone is UTC, the demo's seed is fixed.
// `npm run shots -- --check` says which are older than what they show, and ends with 1 if any is. Needs built pages and Chromium.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const FOLDER = at('../../docs/images')
const STAMPS = join(FOLDER, 'shots.json')
/** What each picture shows: when one of these folders changes, it is stale. */
const SHARED = ['ui', 'words', 'sdk/src']
const SHOWN = { resident: ['resident', ...SHARED], console: ['console', ...SHARED], supervisor: ['supervisor', ...SHARED], wallboard: ['supervisor', ...SHARED] }
const THEMES = ['light', 'dark']
/** Room for what always stays at the top of the resident's page, in CSS px. */
const BAR_PX = 76
/** Largest picture, in bytes: a README loads on a phone. */
const LARGEST_BYTES = 300_000

if (process.argv.includes('--check')) check()
if (globalThis.WebSocket === undefined) {
  // Node 20 has it behind a flag.
  const again = spawnSync(process.execPath, ['--experimental-websocket', '--no-warnings', ...process.argv.slice(1)], { stdio: 'inherit' })
  process.exit(again.status ?? 1)
}

const load = async (file) => (await runnerImport(at(`../stories/${file}`), { logLevel: 'error', configFile: false })).module
const { Gateway, Story } = await load('harness.ts')
const { consoleOf, residentGrants, residentSays, staffSays, supervisorOf } = await load('staff_hands.ts')
const demo = process.env['CALLBOX_DEMO'] ?? at('../../target/debug/callbox-loadtests')
const gateway = await Gateway.start()
const story = new Story(gateway)
const zone = { timezoneId: 'UTC', locale: 'en-US' }
let city = null
let tina = null
let sue = null
let tom = null
try {
  mkdirSync(FOLDER, { recursive: true })
  tina = await consoleOf(story, 'tina', zone)
  await tina.getByLabel('My state').selectOption('available')
  sue = await supervisorOf(story, { ...zone, viewport: { width: 1440, height: 1130 } })
  const wall = await wallboard()
  tom = await story.telecommunicator('tom')

  // A quiet beginning: tom answers what comes, so that the day has figures.
  city = play('quiet')
  for (let answered = 0; answered < 4; answered += 1) {
    await waits(1)
    const session = await tom.take()
    await tom.do(session, { kind: 'text', text: 'This is Port Lindgren dispatch. We are on it.' })
    await tom.do(session, { kind: 'close', disposition: 'help_sent', note: '' })
  }
  city.kill()

  // The fire. One of those who see it is on the page that is shown.
  const resident = await report()
  await owned()
  city = play('fire')
  await staffSays(tina, 'Help is on its way. Are you somewhere safe? Can you show me where you are?')
  await tina.locator('[data-ask=place]').click()
  await residentGrants(resident, 'place')
  await tina.locator('[data-map=ready] canvas').waitFor()
  await residentSays(resident, 'We are across the street now. I think a man is still on the second floor.')
  await resident.locator('input[type=file]').first().setInputFiles({ name: 'house.jpg', mimeType: 'image/jpeg', buffer: await drawn(resident) })
  await tina.getByText(/original sealed/).waitFor()
  await tina.getByRole('button', { name: 'Use this location' }).click()
  await resident.getByText(/waiting on this device/).waitFor({ state: 'detached' })
  for (const theme of THEMES) await shot(resident, 'resident', theme, resident.getByRole('heading', { name: 'Your report' }))
  await waits(5)
  await tina.getByRole('button', { name: /^Take next/ }).click()
  await tina.waitForTimeout(1_000)
  await tina.keyboard.press('Escape')
  await tina.keyboard.press('1')
  await tina.locator('[data-ask=video]').click()
  await residentGrants(resident, 'video')
  await tina.getByRole('button', { name: 'Show live picture' }).waitFor()
  await waits(8)
  await tom.take()
  await tom.take()
  tom.send({ kind: 'set_agent_state', state: 'not_available', reason: 'wrap_up' })
  await tina.waitForTimeout(4_000)

  for (const theme of THEMES) {
    await shot(tina, 'console', theme)
    await shot(sue, 'supervisor', theme)
    await shot(wall, 'wallboard', theme)
  }
  const stamps = Object.fromEntries(Object.entries(SHOWN).map(([name, folders]) => [name, hash(folders)]))
  writeFileSync(STAMPS, `${JSON.stringify(stamps, null, 2)}\n`)
} finally {
  city?.kill()
  await story.end()
  await gateway.remove()
}
process.exit(0)

/** The demo's residents, from an act on. */
function play(act) {
  return spawn(demo, ['demo', '--url', gateway.origin, '--act', act, '--seed', '7', '--pace', '3'], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** So many sessions wait. */
async function waits(count) {
  await sueSees((waiting) => waiting >= count)
}

async function sueSees(fits) {
  const deadline = Date.now() + 60_000
  for (;;) {
    const tab = await sue.getByRole('tab', { name: /^Waiting/ }).first().textContent()
    if (fits(Number(/\d+/.exec(tab ?? '')?.[0] ?? 0))) return
    if (Date.now() > deadline) throw new Error(`not enough sessions wait: ${tab ?? ''}`)
    await sue.waitForTimeout(200)
  }
}

async function wallboard() {
  const page = await story.visit('/supervisor/?wallboard=1', { ...zone, viewport: { width: 1920, height: 1080 } })
  for (const [field, value] of [['agency', 'demo.example'], ['name', 'sue'], ['passphrase', 'demo-sue-911']]) await page.locator(`[name=${field}]`).fill(value)
  await page.locator('button[type=submit]').click()
  await page.locator('tr[data-queue]').first().waitFor()
  return page
}

/** The resident's page, with a first report. */
async function report() {
  const page = await story.visit('/', {
    ...zone, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, permissions: ['geolocation', 'camera', 'microphone'],
    geolocation: { latitude: 37.10105, longitude: -94.90021, accuracy: 18 },
  })
  await page.getByRole('button', { name: 'Fire or smoke' }).click()
  await residentSays(page, 'The house at Mill Street 14 is on fire, I see flames in the top window.')
  return page
}

/** The session of this page is taken at the console: whatever waited before it goes to tom. */
async function owned() {
  const row = tina.locator('#queue-panel [data-row]').filter({ hasText: 'Fire' })
  await row.first().waitFor()
  while ((await tina.locator('#queue-panel [data-row]').count()) > 1) {
    await tom.take()
    await tina.waitForTimeout(500)
  }
  await tina.getByRole('button', { name: /^Take next/ }).click()
  await tina.getByRole('log').getByText('Mill Street 14 is on fire').waitFor()
}

/** One page in one theme, as WebP; from its beginning, or with something at the top. */
async function shot(page, name, theme, top = page.locator('body')) {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
  await top.evaluate((node, bar) => scrollTo(0, node.getBoundingClientRect().top + scrollY - bar), BAR_PX)
  await page.waitForTimeout(1_500)
  const png = await page.screenshot()
  const bytes = await webp(page, png)
  const file = join(FOLDER, `${name}-${theme}.webp`)
  if (bytes.length > LARGEST_BYTES) throw new Error(`${file} has ${bytes.length} bytes, over ${LARGEST_BYTES}`)
  writeFileSync(file, bytes)
  console.log(`${file} ${Math.round(bytes.length / 1_000)} kB`)
}

async function webp(page, png) {
  const text = await page.evaluate(async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
    canvas.getContext('2d').drawImage(bitmap, 0, 0)
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.88 })
    let out = ''
    for (const byte of new Uint8Array(await blob.arrayBuffer())) out += String.fromCharCode(byte)
    return btoa(out)
  }, png.toString('base64'))
  return Buffer.from(text, 'base64')
}

/** One hash over everything a picture shows. */
function hash(folders) {
  const sum = createHash('sha256')
  for (const folder of folders) {
    const files = readdirSync(at(`../${folder}`), { recursive: true }).map(String).filter((file) => /\.(svelte|ts|css|ftl|html)$/.test(file) && !/\.test\.ts$/.test(file))
    for (const file of files.sort()) sum.update(`${folder}/${file}\n`).update(readFileSync(at(`../${folder}/${file}`)))
  }
  return sum.digest('hex').slice(0, 16)
}

/** Says which pictures are older than their pages. */
function check() {
  const stamps = existsSync(STAMPS) ? JSON.parse(readFileSync(STAMPS, 'utf8')) : {}
  const stale = Object.entries(SHOWN).filter(([name, folders]) => {
    const there = THEMES.every((theme) => existsSync(join(FOLDER, `${name}-${theme}.webp`)) && statSync(join(FOLDER, `${name}-${theme}.webp`)).size <= LARGEST_BYTES)
    return !there || stamps[name] !== hash(folders)
  })
  for (const [name] of stale) console.log(`${name}: the page has changed since its pictures were taken; run \`cargo xtask shots\``)
  if (stale.length === 0) console.log('every picture shows its page as it is')
  process.exit(stale.length > 0 ? 1 : 0)
}

/** A drawing of a house with smoke and fire, as a JPEG: nobody's photo. */
async function drawn(page) {
  const numbers = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1200, 900)
    const context = canvas.getContext('2d')
    const sky = context.createLinearGradient(0, 0, 0, 900)
    sky.addColorStop(0, '#2b3340')
    sky.addColorStop(1, '#8b8478')
    context.fillStyle = sky
    context.fillRect(0, 0, 1200, 900)
    context.fillStyle = '#6e5243'
    context.fillRect(350, 300, 480, 600)
    context.fillStyle = '#43302a'
    context.beginPath()
    context.moveTo(310, 310)
    context.lineTo(590, 130)
    context.lineTo(870, 310)
    context.fill()
    for (let floor = 0; floor < 3; floor += 1) {
      for (let window = 0; window < 3; window += 1) {
        context.fillStyle = floor === 0 && window > 0 ? '#ffb347' : '#20242b'
        context.fillRect(400 + window * 145, 350 + floor * 180, 80, 110)
      }
    }
    for (let cloud = 0; cloud < 70; cloud += 1) {
      const [x, y, r] = [520 + ((cloud * 197) % 560), 20 + ((cloud * 89) % 300), 60 + ((cloud * 37) % 110)]
      const smoke = context.createRadialGradient(x, y, 0, x, y, r)
      smoke.addColorStop(0, 'rgba(30, 30, 32, 0.35)')
      smoke.addColorStop(1, 'rgba(30, 30, 32, 0)')
      context.fillStyle = smoke
      context.fillRect(x - r, y - r, 2 * r, 2 * r)
    }
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })).arrayBuffer())]
  })
  return Buffer.from(numbers)
}
