// Takes the README's picture of the console: `CALLBOX_BIN=<gateway> node tools/picture.mjs <file.png>`. Everything in it is real: a
// gateway, residents' pages and a console, played as in the stories. Needs built pages and Chromium.
import { spawnSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

if (globalThis.WebSocket === undefined) {
  // Node 20 has it behind a flag.
  const again = spawnSync(process.execPath, ['--experimental-websocket', '--no-warnings', ...process.argv.slice(1)], { stdio: 'inherit' })
  process.exit(again.status ?? 1)
}

const target = process.argv[2] ?? 'console.png'
const load = async (file) => {
  const path = fileURLToPath(new URL(`../stories/${file}`, import.meta.url))
  return (await runnerImport(path, { logLevel: 'error', configFile: false })).module
}
const { Gateway, Story } = await load('harness.ts')
const { consoleOf, residentSays, staffSays } = await load('staff_hands.ts')

const gateway = await Gateway.start()
const story = new Story(gateway)
try {
  const tina = await consoleOf(story, 'tina', { colorScheme: 'light' })
  await tina.getByLabel('My state').selectOption('available')
  const resident = await report('Fire or smoke', 'There is smoke in the stairwell, we are on the third floor')
  await tina.getByRole('button', { name: /^Take next/ }).click()
  await tina.getByRole('log').getByText('There is smoke').waitFor()
  await staffSays(tina, 'Stay behind the closed door. Can you show me where you are?')
  await residentSays(resident, 'Yes. Two children are with me.')
  await tina.getByRole('log').getByText('Two children').waitFor()
  await tina.locator('[data-ask=place]').click()
  await resident.getByRole('button', { name: /^Yes/ }).first().click()
  await tina.locator('[data-map=ready] canvas').waitFor()
  await resident.locator('input[type=file]').first().setInputFiles({ name: 'stairs.jpg', mimeType: 'image/jpeg', buffer: await drawn(resident) })
  await tina.getByRole('button', { name: /^Show photo/ }).click()
  await tina.getByRole('img', { name: /^Photo .* from the resident/ }).waitFor()
  await report('Someone is hurt or ill', 'An old man fell and cannot get up')
  await report('Road crash', 'Two cars, nobody seems to be hurt')
  await tina.locator('[data-row]').nth(1).waitFor()
  await mkdir(dirname(target), { recursive: true })
  await tina.screenshot({ path: target })
  console.log(target)
} finally {
  await story.end()
  await gateway.remove()
}

/** A resident's page that has reported something. */
async function report(category, words) {
  const page = await story.visit('/', {
    viewport: { width: 390, height: 844 }, locale: 'en-US', permissions: ['geolocation', 'camera', 'microphone'],
    geolocation: { latitude: 40.0001, longitude: -99.9998, accuracy: 25 },
  })
  await page.getByRole('button', { name: category }).click()
  await residentSays(page, words)
  return page
}

/** A drawing of a stairwell with smoke, as a JPEG: nobody's photo. */
async function drawn(page) {
  const numbers = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1200, 900)
    const context = canvas.getContext('2d')
    const wall = context.createLinearGradient(0, 0, 0, 900)
    wall.addColorStop(0, '#3a3836')
    wall.addColorStop(1, '#b9a98f')
    context.fillStyle = wall
    context.fillRect(0, 0, 1200, 900)
    context.fillStyle = '#6d5b45'
    for (let step = 0; step < 8; step += 1) context.fillRect(150 + step * 110, 800 - step * 70, 1050 - step * 110, 24)
    for (let cloud = 0; cloud < 60; cloud += 1) {
      const [x, y, r] = [(cloud * 197) % 1200, (cloud * 89) % 420, 90 + ((cloud * 37) % 120)]
      const smoke = context.createRadialGradient(x, y, 0, x, y, r)
      smoke.addColorStop(0, 'rgba(40, 40, 42, 0.35)')
      smoke.addColorStop(1, 'rgba(40, 40, 42, 0)')
      context.fillStyle = smoke
      context.fillRect(x - r, y - r, 2 * r, 2 * r)
    }
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })).arrayBuffer())]
  })
  return Buffer.from(numbers)
}
