// Makes the PNG icons of the resident page from `public/icon.svg`: `node tools/icons.mjs`. Browsers install a page with 192 and 512 px;
// iOS takes its own, without corners, for the home screen.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const { ownBrowser } = (await runnerImport(at('../stories/browser.ts'), { logLevel: 'error', configFile: false })).module
const svg = readFileSync(at('../public/icon.svg'), 'utf8')
const context = await ownBrowser({ viewport: { width: 512, height: 512 } })
const page = context.pages()[0] ?? (await context.newPage())
for (const [name, side] of [['icon-192', 192], ['icon-512', 512], ['apple-touch-icon', 180]]) {
  await page.setViewportSize({ width: side, height: side })
  await page.setContent(`<body style="margin:0"><div style="width:${side}px;height:${side}px">${svg}</div>`)
  await page.screenshot({ path: at(`../public/${name}.png`) })
}
await context.close()
