// Measures the first live picture in real Chromium on loopback: `npm run picture -- [tries]`. The gateway is the one that
// `CALLBOX_BIN` names, else the newest profile in target/. The last line is one JSON object; docs/performance.md explains it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { build, runnerImport } from 'vite'

if (globalThis.WebSocket === undefined) {
  // Node 20 has it behind a flag.
  const again = spawnSync(process.execPath, ['--experimental-websocket', '--no-warnings', ...process.argv.slice(1)], { stdio: 'inherit' })
  process.exit(again.status ?? 1)
}

/** Longest first picture, in ms, at the median. */
const TARGET_MS = 300
/** Tries before any counts: codecs and certificates of a fresh browser are made in the first one. */
const WARM_UP = 2

/** Pause before somebody joins, in ms: no key frame was asked for meanwhile. */
const JOINS_AFTER_MS = 1_500

const begun_ms = performance.now()
const tries = Number(process.argv[2] ?? 20)
if (!Number.isInteger(tries) || tries < 1) throw new Error('the number of tries is a whole number above 0')
const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const built = ['ci', 'release', 'debug'].map((profile) => at(`../../target/${profile}/callbox`)).find((path) => existsSync(path))
process.env.CALLBOX_BIN ??= built ?? ''
if (!existsSync(process.env.CALLBOX_BIN)) throw new Error('no gateway: build it, or name it in CALLBOX_BIN')

const { Gateway } = (await runnerImport(at('../stories/harness.ts'), { logLevel: 'error', configFile: false })).module
const { ownBrowser } = (await runnerImport(at('../stories/browser.ts'), { logLevel: 'error', configFile: false })).module
const script = await bundle()
const gateway = await Gateway.start()
const contexts = []
try {
  const resident = await open('resident')
  const tina = await open('telecommunicator')
  const [starting, atOnce, joining] = [[], [], []]
  for (let number = -WARM_UP; number < tries; number += 1) {
    // From the resident's yes: camera, offer and answer of both sides, first frame.
    const yes_ms = await resident.evaluate(() => globalThis.person.yes())
    await tina.evaluate(() => globalThis.person.flows(true))
    const first = await tina.evaluate(() => globalThis.person.picture())
    // Once more at once, as after a reload, and once more later, as somebody who joins: the picture flows already then.
    const again = await tina.evaluate(() => globalThis.person.picture())
    await new Promise((later) => setTimeout(later, JOINS_AFTER_MS))
    const second = await tina.evaluate(() => globalThis.person.picture())
    await resident.evaluate(() => globalThis.person.no())
    await tina.evaluate(() => globalThis.person.flows(false))
    console.error(`${number < 0 ? 'warm-up' : `try ${number + 1}`}: ${first.answer_to_picture.toFixed(1)} ms, again ${again.answer_to_picture.toFixed(1)} ms, joining ${second.answer_to_picture.toFixed(1)} ms`)
    if (number < 0) continue
    starting.push({ ...first, yes_to_picture: first.at_ms - yes_ms })
    atOnce.push(again)
    joining.push(second)
  }
  const figures = {
    ...both('', starting, 'answer_to_picture'),
    ...both('offer_', starting, 'offer_to_picture'),
    ...both('yes_', starting, 'yes_to_picture'),
    ...both('again_', atOnce, 'answer_to_picture'),
    ...both('joining_', joining, 'answer_to_picture'),
    width: starting[0].width,
    height: starting[0].height,
  }
  const head = spawnSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: at('..'), encoding: 'utf8' })
  const holds = figures.p50_ms <= TARGET_MS
  // What every measurement has: all tries are one run, and what is not taken here is null.
  const seconds = Math.round((performance.now() - begun_ms) / 100) / 10
  const spread = Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, [figure, figure]]))
  const failures = holds ? [] : [`the first live picture took longer than ${String(TARGET_MS)} ms at the median`]
  const always = { command: 'picture', revision: head.stdout?.trim() || 'unknown', cores: cpus().length, seconds, runs: 1, spread, failures }
  const untaken = { kib_per_session: null, messages_per_s: null, cpu_us_per_message: null }
  const json = { ...always, tries, target_ms: TARGET_MS, holds, ...untaken, ...figures }
  console.log(JSON.stringify(json))
  process.exitCode = holds ? 0 : 1
} catch (error) {
  console.error(`${error.stack ?? error}\n--- the gateway said last ---\n${gateway.said.slice(-1_500)}`)
  process.exitCode = 1
} finally {
  for (const context of contexts) await context.close().catch(() => undefined)
  await gateway.remove()
}

/** The page's script with the SDK in it, as one classic script. */
async function bundle() {
  const entry = at('../stories/first_picture.page.ts')
  const lib = { entry, formats: ['iife'], name: 'people' }
  const [made] = await build({ configFile: false, logLevel: 'error', build: { write: false, minify: false, lib } })
  return made.output[0].code
}

/** A browser of its own with a page of the gateway's origin that runs nothing itself, in which this person is. */
async function open(person) {
  const context = await ownBrowser({ viewport: { width: 800, height: 600 }, permissions: ['camera', 'microphone'], bypassCSP: true })
  contexts.push(context)
  const page = context.pages()[0] ?? (await context.newPage())
  page.on('pageerror', (error) => console.error(`${person}: ${error}`))
  // A document that the gateway really serves, because only such a one may open sockets on loopback.
  await page.goto(`${gateway.origin}/api/v1/agency`)
  await page.evaluate(`${script}; globalThis.people = people`)
  await page.evaluate(async (name) => {
    globalThis.person = await globalThis.people[name]()
  }, person)
  return page
}

/** The median and the 99th percentile (nearest rank) of one figure, in ms. */
function both(prefix, samples, name) {
  const sorted = samples.map((sample) => sample[name]).sort((a, b) => a - b)
  const share = (part) => Math.round(10 * sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]) / 10
  return { [`${prefix}p50_ms`]: share(0.5), [`${prefix}p99_ms`]: share(0.99) }
}
