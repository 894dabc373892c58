// Measures the resident page on a slow phone: processor 4 times slower, 400 kbit/s, 400 ms there and back.
// `node tools/slow_phone.mjs`; needs built pages, Chromium and `CALLBOX_BIN`. Usable means: the first question stands there and a tap on it is
// answered. Prints one line of JSON; fails over 5,000 ms, the bound; 3,000 ms is the aim.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const AIM_MS = 3_000
const BOUND_MS = 5_000
const RUNS = 3
const stories = fileURLToPath(new URL('../stories', import.meta.url))
const load = async (file) => (await runnerImport(join(stories, file), { logLevel: 'error', configFile: false })).module
const { Gateway } = await load('harness.ts')
const { browser } = await load('browser.ts')

const gateway = await Gateway.start()
const runs = []
try {
  for (let run = 0; run < RUNS; run += 1) runs.push(await once())
} finally {
  await gateway.remove()
}
const middle = (name) => runs.map((run) => run[name]).sort((a, b) => a - b)[Math.floor(RUNS / 2)]
const usable_ms = middle('usable_ms')
console.log(JSON.stringify({ words_ms: middle('words_ms'), usable_ms, kilobytes: middle('kilobytes'), aim_ms: AIM_MS, bound_ms: BOUND_MS, runs }))
process.exit(usable_ms > BOUND_MS ? 1 : 0)

async function once() {
  const context = await browser({ viewport: { width: 360, height: 640 }, locale: 'en-US' })
  const page = context.pages()[0] ?? (await context.newPage())
  const cdp = await context.newCDPSession(page)
  await cdp.send('Network.enable')
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 400, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 })
  let bytes = 0
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
  await page.addInitScript(() => {
    window.marks = {}
    new MutationObserver(() => {
      if (window.marks.words === undefined && document.querySelector('a[href^="tel:"]')) window.marks.words = performance.now()
      if (window.marks.usable === undefined && document.querySelectorAll('main li button').length > 0) {
        // After this task the page is painted and answers.
        requestAnimationFrame(() => setTimeout(() => (window.marks.usable ??= performance.now())))
      }
    }).observe(document, { subtree: true, childList: true })
  })
  await page.goto(gateway.origin, { waitUntil: 'commit' })
  await page.waitForFunction(() => window.marks?.usable !== undefined)
  const { words, usable } = await page.evaluate(() => window.marks)
  const kilobytes = Math.round(bytes / 1_000)
  await page.locator('main li button').first().click()
  await page.locator('#text').waitFor()
  await context.close()
  return { words_ms: Math.round(words), usable_ms: Math.round(usable), kilobytes }
}
