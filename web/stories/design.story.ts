// The design system: its page and every staff page in every state, in light, dark and high contrast, without findings of axe.
import { createServer } from 'node:http'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build } from 'vite'
import { PAGES, STATES } from '../dev/states.ts'
import { browser } from './browser.ts'
import { expect } from './harness.ts'
import { accessible } from './staff_hands.ts'

const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css' }

export const stories: Record<string, () => Promise<void>> = {
  ...Object.fromEntries(Object.entries(PAGES).map(([name, address]) => [`AL3 AL5 AL6: the ${name} in every state has nothing serious for axe and is never blank, in three themes`, async (): Promise<void> => {
    const origin = await (served ??= devPages())
    const context = await browser({ viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    const faults: string[] = []
    try {
      const page = context.pages()[0] ?? (await context.newPage())
      page.on('pageerror', (error) => faults.push(`${page.url()}: ${String(error)}`))
      for (const state of Object.keys(STATES)) {
        await page.emulateMedia({ colorScheme: 'light', contrast: 'no-preference' })
        await page.goto(`${origin}/dev/${address}state=${state}`)
        await page.locator('main').waitFor()
        // Lists and figures come one message after another, and what they say stands there two frames later.
        await page.locator(`html[data-played=${state}]`).waitFor()
        await page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))))
        expect((await page.locator('main').innerText()).trim().length > 20, `${name}, ${state} says something`)
        for (const [theme, media] of [['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }], ['contrast', { contrast: 'more' }]] as const) {
          await page.emulateMedia({ reducedMotion: 'reduce', ...media })
          // What does not depend on colour is the same in every theme.
          await accessible(page, `${name}, ${state}, ${theme}`, theme === 'light' ? [] : ['color-contrast'])
        }
      }
      expect(faults.length === 0, faults.join('\n'))
    } finally {
      await context.close()
    }
  }])),
  'AL3 AL5: the design system shows tokens and components in light, dark and high contrast': async () => {
    const origin = await (served ??= devPages())
    const context = await browser({ viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    try {
      const page = context.pages()[0] ?? (await context.newPage())
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
    } finally {
      await context.close()
    }
  },
}

/** Where this process serves them: built for the first of these stories, for all of them. */
let served: Promise<string> | null = null

/** The development pages, built into a folder that goes with the process, and served. */
async function devPages(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'callbox-dev-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const root = process.cwd()
  const input = Object.fromEntries(['index', 'console', 'supervisor'].map((name) => [name, join(root, 'dev', `${name}.html`)]))
  await build({
    root, configFile: false, logLevel: 'error', plugins: [svelte()],
    build: { outDir: folder, emptyOutDir: true, target: 'es2022', minify: false, assetsInlineLimit: 0, modulePreload: { polyfill: false }, rolldownOptions: { input } },
  })
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
  return `http://127.0.0.1:${String(port)}`
}
