// Settings that change while people report and work: the operator edits the file, and the pages that are open go by it.
import { expect, within, type Story } from './harness.ts'
import { begin, safe, write } from './resident_hands.ts'
import { accessible, consoleOf, supervisorOf, tooWide } from './staff_hands.ts'

/** Other targets of the first queue, in seconds. */
const TARGETS_S = [5, 10, 20, 60, 120]
const OTHER = `
[agency]
name = "Riverbend Emergency"
banner = "The river rises. Say first whether you can reach a roof."
emergency_number = "112"
exit_url = "https://news.example/"
sound_repeat_s = [5, 20, 20, 20, 20]
queues = [
    { id = "emergency", name = "First line", targets_s = [${TARGETS_S.join(', ')}], target_share_percent = 80 },
    { id = "police", name = "Police" },
    { id = "fire-medical", name = "Fire and medical" },
    { id = "information", name = "Information" },
]
`

/** A sentence in which the marks around a value (they keep directions of writing apart) stand where `|` is. */
const saying = (words: string): RegExp => new RegExp(words.replaceAll(/[.?()]/g, '\\$&').replaceAll('|', '[\u2066-\u2069]*'))

/** What the gateway tells of the agency before anybody connects. */
async function banner(story: Story): Promise<string> {
  const answer = await fetch(`${story.gateway.origin}/api/v1/agency`)
  return ((await answer.json()) as { banner: string }).banner
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'OP2: the operator edits the file: open pages have the new banner, number, exit and targets, nothing typed is lost and no link breaks'(story) {
    const page = await begin(story)
    await write(page, 'Water in the cellar')
    await safe(page, 'Water in the cellar')
    const undecided = await story.visit('/')
    await undecided.locator('.banner').waitFor()
    const tina = await consoleOf(story, 'tina')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.locator('#composer').fill('Is everybody')
    const sue = await supervisorOf(story)
    await sue.locator('article[data-queue=emergency]').getByText(saying('goal |90| %')).waitFor()
    await page.locator('#text').fill('and it is ri')
    const opened: string[] = []
    for (const each of [page, tina, sue]) each.on('websocket', (socket) => opened.push(socket.url()))

    await story.gateway.edit((text) => text + OTHER)
    await page.locator('.banner').getByText('The river rises.').waitFor()
    await page.locator('.banner').getByText('Riverbend Emergency').waitFor()
    expect((await page.locator('a[href="tel:112"]').count()) > 0 && (await page.locator('a[href="tel:911"]').count()) === 0, 'the number to call')
    await tina.getByRole('heading', { name: /Riverbend Emergency/ }).waitFor()
    const tile = sue.locator('article[data-queue=emergency]')
    await tile.getByText(saying('goal |80| %')).waitFor()
    await tile.getByRole('heading', { name: 'First line' }).waitFor()
    // Whoever has not begun has no link that could tell: the page asks when it is looked at again, and each minute.
    await undecided.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await undecided.locator('.banner').getByText('The river rises.').waitFor()

    expect((await page.locator('#text').inputValue()) === 'and it is ri', 'the resident goes on writing')
    expect((await tina.locator('#composer').inputValue()) === 'Is everybody', 'the telecommunicator goes on writing')
    await write(page, 'and it is rising')
    await safe(page, 'and it is rising')
    await tina.getByText('and it is rising').first().waitFor()
    expect(opened.length === 0, `nobody connected again: ${opened.join(' ')}`)
    // The next one is measured by the new targets.
    const next = await begin(story)
    await write(next, 'A dog on a roof')
    await safe(next, 'A dog on a roof')
    const staff = await story.telecommunicator('tom')
    const list = await staff.hear('sessions', ({ rows }) => rows.some(({ standing }) => standing === 'waiting'))
    const row = list.rows.find(({ standing }) => standing === 'waiting')
    expect(row !== undefined && row.deadline_ms - row.entered_ms === (TARGETS_S[row.priority - 1] ?? 0) * 1_000, `the deadline of ${JSON.stringify(row)}`)

    await page.context().route('https://news.example/**', (route) => route.fulfill({ body: 'news' }))
    await page.getByRole('button', { name: 'Exit now' }).click()
    await page.waitForURL('https://news.example/**')
  },

  async 'OP2: a bad file is shown to the supervisor with its line and what it had before stays; what needs a restart is named'(story) {
    const sue = await supervisorOf(story, { viewport: { width: 1440, height: 900 } })
    await sue.getByRole('link', { name: 'Nodes' }).click()
    const row = sue.locator('tr[data-node]')
    const words = row.getByText(saying('Settings |[0-9a-f]{8}|, in use since '))
    await words.waitFor()
    const [version, before] = [await words.innerText(), await banner(story)]

    const bad = await story.gateway.edit((text) => `${text}\n[agency]\nbanner = "New"\nexit_url = "news.example"\n`)
    const line = 1 + bad.split('\n').findIndex((one) => one.startsWith('exit_url'))
    await row.getByText(saying(`Settings file refused, the settings before stay: |callbox.toml:${String(line)}|, |agency.exit_url|, |outside its bounds`)).waitFor()
    await sue.getByRole('list', { name: 'What is wrong' }).getByText(saying(`the only node|: its settings file is refused at |callbox.toml:${String(line)}|.`)).waitFor()
    expect((await words.innerText()) === version && (await banner(story)) === before, 'what ran before runs on')
    await accessible(sue, 'the nodes with a refused file')
    await sue.setViewportSize({ width: 320, height: 640 })
    expect((await tooWide(sue)) <= 0, 'nothing scrolls sideways at 320 px')
    await sue.setViewportSize({ width: 1440, height: 900 })

    await story.gateway.edit((text) => text.replace('"news.example"', '"https://news.example/"').replace('[server]\n', '[server]\ndrain_s = 7\n'))
    await row.getByText(saying('Changed in the file, and needs a restart: |server.drain_s')).waitFor()
    await sue.getByText(saying('the only node|: |a setting has changed in the file and needs| a restart.')).waitFor()
    expect((await row.getByText('refused').count()) === 0, 'the refusal is over')
    expect((await words.innerText()) !== version && (await banner(story)) === 'New', 'another version runs')
    await story.gateway.down()
    await story.gateway.up()
    await within('nothing waits for a restart', async () => (await row.getByText('needs a restart').count()) === 0)
    await row.getByText('Ready', { exact: true }).waitFor()
  },
  async 'OP2: a map without a place begins at the agency\'s area, as soon as the file names one'(story) {
    const tina = await consoleOf(story, 'tina')
    await tina.goto(`${story.gateway.origin}/console/?panel=overview`)
    await tina.locator('[data-map=ready]').waitFor()
    const scale = tina.locator('.maplibregl-ctrl-scale')
    const km = async (): Promise<number> => Number.parseFloat(await scale.innerText())
    await within('the whole earth is shown', async () => (await km()) > 500)
    await story.gateway.edit((text) => `${text}\n[agency.area]\nlatitude = 37.1\nlongitude = -94.9\nradius_km = 40\n`)
    await within('the area is shown', async () => (await km()) <= 50)
    expect((await scale.innerText()).endsWith('km'), 'in km')
  },
}
