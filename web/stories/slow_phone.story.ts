// The resident page on a slow phone: a processor four times slower, 400 kbit/s, 400 ms there and back, nothing in the cache.
//
// Usable means: the first question stands there and a tap on it is answered. Each figure is printed; docs/performance.md quotes them.
import { ownBrowser } from './browser.ts'
import { alone, expect, type Story } from './harness.ts'

/** Time until the page can be used, in s. Longer, and somebody in need believes that it does not work. The aim is 3 s: how near it is, is a
 * figure of docs/performance.md; here the machine is shared with other work. */
const USABLE_WITHIN_S = 5
/** Loads of each language. The best counts: what else this machine does can only make a load slower. */
const RUNS = 3

interface Load { words_ms: number; usable_ms: number; kilobytes: number }

export const stories: Record<string, (story: Story) => Promise<void>> = Object.fromEntries(
  ([['English', 'en-US'], ['French', 'fr-FR']] as const).map(([language, locale]) => [
    `RE4 on a slow phone the page in ${language} can be used within ${String(USABLE_WITHIN_S)} s`,
    alone(async (story) => {
      const loads: Load[] = []
      for (let run = 0; run < RUNS; run += 1) loads.push(await load(story, locale))
      const [best] = loads.sort((a, b) => a.usable_ms - b.usable_ms)
      console.log(`     ${JSON.stringify({ language, ...best, all_ms: loads.map(({ usable_ms }) => usable_ms) })}`)
      expect(best !== undefined && best.usable_ms <= USABLE_WITHIN_S * 1_000, `usable within ${String(USABLE_WITHIN_S)} s, not ${String(best?.usable_ms)} ms`)
    }),
  ]),
)

async function load(story: Story, locale: string): Promise<Load> {
  const context = await ownBrowser({ viewport: { width: 360, height: 640 }, locale })
  try {
    const page = context.pages()[0] ?? (await context.newPage())
    const cdp = await context.newCDPSession(page)
    await cdp.send('Network.enable')
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 })
    await cdp.send('Network.emulateNetworkConditions', { offline: false, latency: 400, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 })
    let bytes = 0
    cdp.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
    await page.addInitScript(() => {
      const marks: { words?: number; usable?: number } = {}
      Object.assign(window, { marks })
      new MutationObserver(() => {
        if (document.querySelector('a[href^="tel:"]')) marks.words ??= performance.now()
        // After this task the page is painted and answers.
        if (document.querySelectorAll('main li button').length > 0) requestAnimationFrame(() => setTimeout(() => (marks.usable ??= performance.now())))
      }).observe(document, { subtree: true, childList: true })
    })
    await page.goto(story.gateway.origin, { waitUntil: 'commit' })
    const marks = await page.waitForFunction(() => {
      const { words, usable } = (window as unknown as { marks?: { words?: number; usable?: number } }).marks ?? {}
      return words === undefined || usable === undefined ? null : { words, usable }
    })
    const { words, usable } = (await marks.jsonValue()) ?? { words: Infinity, usable: Infinity }
    const kilobytes = Math.round(bytes / 1_000)
    await page.locator('main li button').first().click()
    await page.locator('#text').waitFor()
    return { words_ms: Math.round(words), usable_ms: Math.round(usable), kilobytes }
  } finally {
    await context.close()
  }
}
