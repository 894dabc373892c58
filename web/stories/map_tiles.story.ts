// The agency's tiles behind the map: they are drawn, dimmed and named, and everything goes on when they do not come.
import type { Page } from 'playwright-core'
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, staffSays, supervisorOf } from './staff_hands.ts'
import { TileServer } from './tile_server.ts'

/** Whose map it is, by somebody who tries whether it is markup. */
const WORDS = '<b onclick=ran()>Example</b> & County'
const COLOUR = [255, 0, 0] as const

function settings(tiles: TileServer, words = WORDS): string {
  return `[agency.map]\ncentre = { latitude = 37.1, longitude = -94.9 }\nzoom = 12\ntiles = "${tiles.template}"\nattribution = "${words}"\n`
}

/** How much redder than blue the middle of the map's upper half is, from 0 to 255. */
async function redness(page: Page): Promise<number> {
  const picture = (await page.locator('[data-map=ready] canvas').first().screenshot()).toString('base64')
  return page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))]))
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
    context?.drawImage(bitmap, 0, 0)
    const { data } = context?.getImageData(0, 0, bitmap.width, bitmap.height) ?? { data: [] }
    const differences = Array.from({ length: data.length / 4 }, (_, n) => (data[4 * n] ?? 0) - (data[4 * n + 2] ?? 0)).sort((a, b) => a - b)
    // Most of the map is ground.
    return differences[Math.floor(differences.length / 2)] ?? 0
  }, picture)
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'OP2 TC16: tiles that come from elsewhere after a restart reach pages that are open: a console at rest loads itself, the floor says so'(story) {
    const tiles = await TileServer.start(COLOUR)
    story.later(() => void tiles.down())
    story.mayAsk(tiles.origin)
    const tina = await consoleOf(story, 'tina')
    const sue = await supervisorOf(story)
    const loaded = tina.waitForEvent('load')
    await story.gateway.with(settings(tiles))
    await loaded
    await sue.getByText('A newer version of this page is ready.').waitFor()
    await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.locator('[data-background=there]').waitFor()
    await within('the tiles are drawn', async () => (await redness(tina)) > 30)
  },
  async 'OP2: tiles of the agency lie behind the map with whose they are, are told nothing but which; without them work goes on'(story) {
    const tiles = await TileServer.start(COLOUR)
    story.later(() => void tiles.down())
    story.mayAsk(tiles.origin)
    await story.gateway.with(settings(tiles))
    const tina = await consoleOf(story, 'tina')
    const one = await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()

    // Without a place the map stands where the agency wants it, on its tiles.
    const map = tina.locator('[data-map=ready]')
    await tina.locator('[data-background=there]').waitFor()
    await within('the tiles are drawn', async () => (await redness(tina)) > 30)
    const credit = map.locator('.credit')
    expect((await credit.innerText()) === WORDS && (await credit.locator('*').count()) === 0, 'whose map it is, as text')
    await accessible(tina, 'a map with tiles')
    // In zoom 12 of the map pictures of zoom 13 are needed; x and y are those of the centre.
    const asked = (): string[] => tiles.asked.map(({ path }) => path)
    const [x, y] = [Math.floor(((180 - 94.9) / 360) * 2 ** 13), 3185]
    const of = (path: string): number[] => path.split(/[/.]/).slice(1, 4).map(Number)
    expect(asked().some((path) => { const [z, ...at] = of(path); return z === 13 && Math.abs((at[0] ?? 0) - x) <= 2 && Math.abs((at[1] ?? 0) - y) <= 2 }), `the centre: ${asked().join(' ')}`)
    for (const { path, headers } of tiles.asked) {
      expect(headers.referer === undefined && headers.cookie === undefined && headers.authorization === undefined, `nothing beside ${path}: ${JSON.stringify(headers)}`)
      expect(/^\/\d+\/\d+\/\d+\.png$/.test(path), path)
    }

    // Where the theme asks for contrast, little of them is left, and no colour that could be taken for a sign.
    await tina.emulateMedia({ contrast: 'more' })
    await within('the tiles are nearly gone', async () => Math.abs(await redness(tina)) < 8)
    await tina.emulateMedia({ contrast: 'no-preference' })
    await within('the tiles are there again', async () => (await redness(tina)) > 30)

    // Other words while the page is open.
    const opened: string[] = []
    tina.on('websocket', (socket) => opened.push(socket.url()))
    await story.gateway.edit((text) => text.replace(WORDS, 'Riverbend maps'))
    await credit.getByText('Riverbend maps', { exact: true }).waitFor()
    expect(opened.length === 0, 'over the link that is there')

    // Nonsense, then nobody there: one line says so, and the rest is there.
    tiles.does = 'nonsense'
    await one.at(40.0001, -99.9998, 45)
    await tina.getByText('The background of the map is missing. Everything else on it is right.').waitFor()
    await tina.getByText('40.00010, -99.99980').first().waitFor()
    const before = tiles.asked.length
    await one.at(40.0021, -99.9998, 80)
    await tina.getByText('40.00210, -99.99980').first().waitFor()
    await one.at(40.1021, -99.9998, 80)
    await tina.getByText('40.10210, -99.99980').first().waitFor()
    expect(tiles.asked.length === before, 'a server that does not serve is left alone')
    await tiles.down()
    await accessible(tina, 'a map whose tiles are missing')
    await staffSays(tina, 'Help is on the way')
    await within('the resident reads it', () => Promise.resolve(JSON.stringify(one.heard).includes('Help is on the way')))

    // A page that is opened while nobody is there.
    const tom = await consoleOf(story, 'tom')
    await tom.goto(`${story.gateway.origin}/console/?panel=overview`)
    await tom.locator('[data-background=missing]').waitFor()
    await tom.getByText('The background of the map is missing.').waitFor()
    await tiles.up()
    tiles.does = 'serve'
  },
}
