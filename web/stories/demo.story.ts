// The demo as a newcomer meets it: the program that `cargo xtask run --demo` starts, against a real gateway.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { expect, within, type Story } from './harness.ts'
import { consoleOf, moves, staffSays, supervisorOf } from './staff_hands.ts'

/** Sessions that are taken until somebody shows their camera: many of those who see the fire do. */
const TAKEN_MAX = 6
/** Longest wait for a photo that has to be drawn, in ms. */
const DRAWN_WITHIN_MS = 60_000

/** Plays an act of the city's day; the program lies beside the gateway's. */
function plays(story: Story, act: string): void {
  const program = join(dirname(process.env['CALLBOX_BIN'] ?? ''), 'callbox-loadtests')
  const city = spawn(program, ['demo', '--url', story.gateway.origin, '--act', act, '--seed', '7', '--pace', '10', '--residents', '8'], { stdio: 'ignore' })
  city.on('error', (error) => story.faults.push(`the demo does not start: ${error.message}`))
  city.on('exit', (code) => { if (code !== null) story.faults.push(`the demo ended by itself: ${String(code)}`) })
  story.later(() => city.kill())
}

/** Metres between two places as the console writes them; roughly, which is enough for a street. */
function apart(one: string, other: string): number {
  const [[north = 0, east = 0], [to_north = 0, to_east = 0]] = [one, other].map((place) => place.split(',').map(Number)) as [number[], number[]]
  return 111_320 * Math.hypot(to_north - north, (to_east - east) * Math.cos((north * Math.PI) / 180))
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'the demo brings a city to life: people report and write, say where they are, send photos and show their cameras': async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    plays(story, 'fire')
    await within('several reports wait', async () => (await tina.locator('#queue-panel [data-row]').count()) >= 3)

    const video = tina.locator('[data-ask=video]')
    const show = tina.getByRole('button', { name: 'Show live picture' })
    for (let taken = 1; !(await show.isVisible()); taken += 1) {
      expect(taken <= TAKEN_MAX, `one of ${String(TAKEN_MAX)} people shows the camera`)
      await tina.locator('[data-act=next]:enabled').waitFor()
      await tina.locator('body').press('n')
      await tina.getByRole('tab', { name: `Mine ${String(taken)}` }).waitFor()
      await video.locator('visible=true').waitFor()
      if ((await video.getAttribute('data-stands')) === 'ask-never') await video.click()
      await show.or(tina.locator('[data-ask=video]:is([data-stands=ask-refused], [data-stands=ask-cannot])')).first().waitFor()
    }
    await show.click()
    await moves(tina)

    await tina.locator('[data-ask=place]:enabled').click()
    await tina.locator('[data-map=ready] canvas').waitFor()
    await tina.locator('[data-ask=photo]:enabled').click()
    // The picture is drawn first, by a program that was not built for speed.
    await tina.getByText('original sealed').first().waitFor({ timeout: DRAWN_WITHIN_MS })
    await staffSays(tina, 'Are you safe where you are?')
    await tina.getByRole('log').getByText('Are you safe where you are?').waitFor()
    // Of all sessions the first few are shown, and many wait by now.
    await sue.getByRole('tab', { name: /^Owned/ }).click()
    await sue.getByRole('row').filter({ hasText: /with .?Tina/ }).first().waitFor()
  },

  'the demo has people on the way: whoever looks for a child is followed along the street': async (story) => {
    const tina = await consoleOf(story, 'tina')
    plays(story, 'quiet')
    await tina.locator('#queue-panel [data-row]').filter({ hasText: 'Missing person' }).click()
    await tina.locator('#queue-panel [data-act=take]').click()
    const place = tina.locator('.coordinates strong').first()
    await place.waitFor()
    const before = await place.innerText()
    // Farther than any device is off where somebody stands.
    await within('the place has moved by a hundred metres', async () => apart(before, await place.innerText()) > 100)
    await tina.getByText(/fixes so far/).waitFor()
  },
}
