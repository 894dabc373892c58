// Sessions that report the same event: linked by one key, shown together, taken back by one key, never by the machine.
import type { Page } from 'playwright-core'
import { crowd, place, Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { go } from './keyboard.ts'
import { accessible, consoleOf, supervisorOf, tooWide } from './staff_hands.ts'

/** How many people see the fire. */
const PEOPLE = 30

/** Waits until the open session's head says how many open sessions its incident has. */
async function together(page: Page, sessions: number): Promise<void> {
  await page.locator('article header [data-incident]', { hasText: new RegExp(`· .?${String(sessions)}.?$`) }).waitFor()
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC12: thirty people see one fire: their sessions are linked by keyboard, undone, listed and mapped together, and closed as already known': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const keys = tina.keyboard
    const mill = await Reporter.report(story, { category: 'fire', text: 'smoke from the mill', location: place(40.0001, -99.9998) })
    const others = await crowd(story, PEOPLE - 1, (n) => ({ category: 'fire', text: `I see smoke, ${String(n)}`, location: place(40.0001 + (n + 1) * 0.00005, -99.9998) }))
    const hurt = await Reporter.report(story, { category: 'welfare', text: 'she coughs in front of the mill', location: place(40.0002, -99.9999) })
    const far = await Reporter.report(story, { category: 'fire', text: 'my bin burns', location: place(40.0301, -99.9998) })
    await within('everybody waits', async () => /32/.test(await tina.locator('#queue-tab-waiting').innerText()))

    // The first report is taken: it says what may be the same, and nothing is linked by itself.
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke from the mill').waitFor()
    const near = tina.getByRole('region', { name: 'May be the same event' })
    await near.getByText(/.?25.? more near here/).waitFor()
    await near.locator(`[data-near="${others[0]?.session ?? ''}"]`).getByText(/.?6.? m away, .?at the same minute/).waitFor()
    expect((await tina.locator('[data-incident]').count()) === 0, 'nothing is linked by itself')

    // One key links, one key takes it back, and both stand in the log with who did it.
    await keys.press('i')
    await together(tina, 2)
    const incident = tina.getByRole('region', { name: 'Incident' })
    await incident.locator('[data-together]').nth(1).waitFor()
    expect((await incident.locator('[data-together]').count()) === 2, 'both are listed together')
    await tina.getByText('Linked as one event.').waitFor()
    await keys.press('I')
    await tina.locator('[data-incident]').first().waitFor({ state: 'detached' })
    await incident.waitFor({ state: 'detached' })
    await keys.press('l')
    const timeline = tina.getByRole('list', { name: 'Timeline' })
    for (const words of [/linked it to incident/, /took it out of incident/]) {
      await timeline.getByRole('listitem').filter({ hasText: words }).filter({ hasText: 'tina' }).waitFor()
    }

    // The whole fire, a press each.
    for (let sessions = 2; sessions <= PEOPLE; sessions += 1) {
      await keys.press('i')
      await together(tina, sessions)
    }
    await near.waitFor({ state: 'detached' })
    await accessible(tina, 'the console with an incident')

    // Who is of another sort is not suggested, and linked all the same by whoever knows better: chosen in the list.
    await tina.locator('#queue-find').fill('Welfare')
    const row = tina.locator(`#queue-panel [data-session="${hurt.session}"]`)
    await row.focus()
    await keys.press('Enter')
    await tina.getByRole('button', { name: /^Same event as my open session/ }).waitFor()
    await keys.press('i')
    await together(tina, PEOPLE + 1)
    await row.locator('[data-incident]').waitFor()
    await keys.press('I')
    await together(tina, PEOPLE)
    await keys.press('Escape')
    await tina.locator('#queue-find').fill('')

    // Everybody of the agency sees it, on the map too; the residents and who is far from it are not concerned.
    const tom = await consoleOf(story, 'tom')
    const theirs = tom.locator(`#queue-panel [data-session="${others[3]?.session ?? ''}"] [data-incident]`)
    await within('the row says how many', async () => /· .?30/.test(await theirs.innerText()))
    const sue = await supervisorOf(story)
    await sue.locator('[data-session] [data-incident]').first().waitFor()
    const told = [mill, ...others].some(({ heard }) => heard.some((message) => message.kind === 'entry' && /linked$/.test(message.event.kind)))
    expect(!told, 'no resident is told')

    const [map] = await Promise.all([tina.context().waitForEvent('page'), incident.getByRole('link', { name: 'On the map' }).click()])
    await map.setViewportSize({ width: 1280, height: 800 })
    const spots = map.getByRole('list', { name: 'All sessions on a map' }).locator('[data-spot]')
    await within('the sessions of the incident', async () => (await spots.count()) === PEOPLE)
    expect((await map.locator(`[data-spot][data-session="${far.session}"]`).count()) === 0, 'and no other')
    await map.locator('[data-map=ready] canvas').waitFor()
    await map.locator(`[data-spot][data-session="${mill.session}"]`).click()
    await map.getByText('first report').waitFor()
    await accessible(map, 'the overview of an incident')
    await map.getByRole('button', { name: 'Show all sessions' }).click()
    await within('all of them', async () => (await spots.count()) === PEOPLE + 2)
    await map.setViewportSize({ width: 320, height: 640 })
    expect((await tooWide(map)) <= 0, 'nothing is cut at 320 px')
    await map.close()

    // The next one is closed: "already known" is offered with the first report, and closes by a press of its own.
    await tina.bringToFront()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText(/I see smoke/).waitFor()
    await keys.press('x')
    const dialog = tina.getByRole('dialog')
    await dialog.getByText(/Same event as .?Fire.?, reported at .*with .?Tina/).waitFor()
    await go(tina, /^Fill in: already known/)
    await keys.press('Enter')
    expect(await dialog.getByRole('radio', { name: 'Already known' }).isChecked(), 'the disposition is filled in')
    expect((await dialog.locator('[name=note]').inputValue()).includes(mill.session), 'the note names the first report')
    await go(tina, /^Close session$/)
    await keys.press('Enter')
    await tina.getByText(/Closed: .*Already known/).waitFor()
    // The link outlives the session.
    await together(tina, PEOPLE - 1)
    await keys.press('1')
    await together(tina, PEOPLE - 1)
  },
}
