// The design system: its page and every page in every state, in light, dark and high contrast and at 320 px, without findings of axe.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Page } from 'playwright-core'
import { build } from 'vite'
import { PAGES } from '../dev/states.ts'
import { engine } from './browser.ts'
import { expect } from './harness.ts'
import { accessible, parts, tooWide } from './staff_hands.ts'

const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css' }

/** Themes that a page is looked at in. */
const THEMES = [['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }], ['contrast', { contrast: 'more' }]] as const
/** The built resident page is looked at in more looks than these (`resident_states.story.ts`): here it is enough that the design system shows it. */
const LOOKED_AT_ELSEWHERE = 'resident'
/** States in one story: each is a page that is loaded and looked at four times. */
const AT_ONCE = 2
/** Made for one screen on a wall, and read from there. */
const ONE_SIZE = 'wallboard'

export const stories: Record<string, () => Promise<void>> = {
  ...Object.fromEntries(Object.entries(PAGES).filter(([name]) => name !== LOOKED_AT_ELSEWHERE).flatMap(([name, { address, width, height, states }]) => parts(Object.keys(states), AT_ONCE).map((some) => [
    `AL3 AL5 AL6: the ${name} has nothing serious for axe and is never blank, in three themes and at 320 px: ${some.join(', ')}`,
    () => onDevPages({ width, height }, async (page, origin) => {
      for (const state of some) {
        await page.setViewportSize({ width, height })
        await page.emulateMedia({ colorScheme: 'light', contrast: 'no-preference' })
        await page.goto(`${origin}/dev/${address}${state}`)
        await page.locator('main').waitFor()
        // Lists and figures come one message after another, and what they say stands there two frames later.
        await page.locator(`html[data-played=${state}]`).waitFor()
        await frames(page)
        expect((await page.locator('main').innerText()).trim().length > 20, `${name}, ${state} says something`)
        for (const [theme, media] of THEMES) {
          await page.emulateMedia({ reducedMotion: 'reduce', ...media })
          // What does not depend on colour is the same in every theme.
          await accessible(page, `${name}, ${state}, ${theme}`, theme === 'light' ? [] : ['color-contrast'])
        }
        if (name === ONE_SIZE) {
          const cut = await page.locator('td').evaluateAll((cells) => cells.filter((cell) => {
            const words = document.createRange()
            words.selectNodeContents(cell)
            return words.getBoundingClientRect().width > cell.clientWidth
          }).map((cell) => cell.textContent))
          expect(cut.length === 0, `${name}, ${state}: figures run into each other: ${cut.join(', ')}`)
          continue
        }
        await page.setViewportSize({ width: 320, height: 640 })
        await frames(page)
        const wide = await tooWide(page)
        expect(wide <= 0, `${name}, ${state} at 320 px: ${String(wide)} px too wide`)
      }
    }),
  ]))),
  'AL5 AL6: the design system brings the resident page to every state by itself, wide and at 320 px': () =>
    onDevPages({ width: 390, height: 844 }, async (page, origin) => {
      const { address, states } = PAGES[LOOKED_AT_ELSEWHERE] ?? { address: '', states: {} }
      for (const state of Object.keys(states)) {
        await page.setViewportSize({ width: 390, height: 844 })
        await page.goto(`${origin}/dev/${address}${state}`)
        await page.locator(`html[data-played=${state}]`).waitFor()
        await page.setViewportSize({ width: 320, height: 640 })
        await frames(page)
        const wide = await tooWide(page)
        expect(wide <= 0, `${state} at 320 px: ${String(wide)} px too wide`)
      }
    }),
  'TC9 AL1: a live picture that was refused says so, with why and one act: try again': () =>
    onDevPages({ width: 1440, height: 900 }, async (page, origin) => {
      await page.goto(`${origin}/dev/${PAGES['console']?.address ?? ''}media_failed`)
      await page.getByRole('button', { name: 'Try again' }).waitFor()
      await page.getByText('The live picture did not come.').waitFor()
      await page.getByRole('status').getByText('No live connection is free.').waitFor()
      expect((await page.locator('[data-act=show]').count()) === 1, 'there is one act')
      for (const other of ['Show live picture', 'Stop receiving']) expect((await page.getByRole('button', { name: other }).count()) === 0, `nor is there ${other}`)
    }),
  'AL3 AL5: the design system shows tokens and components in light, dark and high contrast': async () => {
    await onDevPages({ width: 1440, height: 900 }, async (page, origin) => {
      // What is in the frames is looked at by itself.
      await page.route(/state=/, (route) => route.abort())
      await page.goto(`${origin}/dev/index.html`)
      const seen = new Set<string>()
      for (const theme of ['light', 'dark', 'contrast']) {
        await page.getByLabel('Theme').selectOption(theme)
        seen.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor))
        await accessible(page, `the design system, ${theme}`)
      }
      expect(seen.size === 3, `three themes, not ${[...seen].join()}`)
      await page.getByRole('button', { name: 'Open the dialog' }).click()
      await accessible(page, 'its dialog')
      await page.keyboard.press('Escape')
      expect(await page.getByRole('button', { name: 'Open the dialog' }).evaluate((node) => node === document.activeElement), 'focus comes back')
      // Each state has its frame, and changes its width with all of them.
      const count = Object.values(PAGES).reduce((sum, { states }) => sum + Object.keys(states).length, 0)
      expect((await page.locator('iframe').count()) === count, 'a frame for each state of each page')
      await page.getByLabel('Width').selectOption('320 px')
      expect((await page.locator('iframe[width="320"]').count()) === count, 'all of them narrow')
    })
  },
}

/** Runs on the development pages in a browser of its own; an error of any of them is one of the story. */
async function onDevPages(viewport: { width: number; height: number }, run: (page: Page, origin: string) => Promise<void>): Promise<void> {
  const pages = await devPages()
  const context = await engine({ viewport, locale: 'en-US' })
  const faults: string[] = []
  try {
    const page = context.pages()[0] ?? (await context.newPage())
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${String(error)}`))
    await run(page, pages.origin)
    expect(faults.length === 0, faults.join('\n'))
  } finally {
    await context.close()
    pages.end()
  }
}

/** Two frames later. */
function frames(page: Page): Promise<void> {
  return page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))))
}

let built: Promise<string> | undefined

/** The development pages, built into a folder of their own, once for all stories. */
async function buildDevPages(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callbox-dev-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const root = process.cwd()
  const input = Object.fromEntries(['index', 'resident', 'console', 'supervisor'].map((name) => [name, join(root, 'dev', `${name}.html`)]))
  await build({
    root, configFile: false, logLevel: 'error', plugins: [svelte()],
    build: { outDir: folder, emptyOutDir: true, target: 'es2022', minify: false, assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: { input } },
  })
  return folder
}

/** Serves them. */
async function devPages(): Promise<{ origin: string; end: () => void }> {
  built ??= buildDevPages()
  const folder = await built
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname)
    readFile(join(folder, path)).then(
      (bytes) => response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(bytes),
      () => response.writeHead(404).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    origin: `http://127.0.0.1:${String(port)}`,
    end: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
