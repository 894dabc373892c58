// All open sessions at a glance: the map, the list beside it, and what may be about the same event.
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, tooWide } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC12 TC15: every open session stands on one map and in the list beside it; what may be the same event says how far and how long apart': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const fire = await Reporter.report(story, { category: 'fire', text: 'smoke from the mill' })
    await fire.at(40.0001, -99.9998, 20)
    const hazard = await Reporter.report(story, { category: 'hazard', text: 'it smells of gas at the mill' })
    await hazard.at(40.0011, -99.9998, 30)
    const far = await Reporter.report(story, { category: 'fire', text: 'my bin burns' })
    await far.at(40.0301, -99.9998, 20)
    await Reporter.report(story, { category: 'welfare', text: 'he does not answer' })

    const page = await tina.context().newPage()
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.goto(`${story.gateway.origin}/console/?panel=overview`)
    const list = page.getByRole('list', { name: 'All sessions on a map' })
    await within('four sessions', async () => (await list.locator('[data-spot]').count()) === 4)
    await page.getByText(/4.? open sessions.?, .?3.? with a place/).waitFor()
    await page.locator('[data-map=ready] canvas').waitFor()
    await list.locator('[data-spot]', { hasText: 'Welfare' }).getByText('no place yet').waitFor()

    // The hazard is some 111 m away; the other fire is in another part of the town.
    await list.locator('[data-spot]', { hasText: 'Fire' }).first().focus()
    const mill = list.locator(`[data-session="${fire.session}"]`)
    await mill.focus()
    await page.keyboard.press('Enter')
    const near = page.getByRole('region', { name: 'May be the same event' })
    await near.locator(`[data-near="${hazard.session}"]`).getByText(/11[01].? m away, .?at the same minute/).waitFor()
    expect((await near.locator('[data-near]').count()) === 1, 'what is far is not suggested')
    await accessible(page, 'the overview')
    await near.getByRole('button', { name: 'Show' }).click()
    await within('the other one is chosen', async () => (await list.locator(`[data-session="${hazard.session}"]`).getAttribute('aria-expanded')) === 'true')

    // A press on the map chooses as well: the marks lie where their places are.
    await list.locator(`[data-session="${hazard.session}"]`).click()
    const canvas = page.locator('[data-map=ready] canvas')
    const box = await canvas.boundingBox()
    if (box === null) throw new Error('no map')
    // All of them are in view with the same room around: the northernmost lies at the top.
    await within('a press on the top mark', async () => {
      for (let y = 20; y < 120; y += 8) {
        await page.mouse.click(box.x + box.width / 2, box.y + y)
        if ((await list.locator('[aria-expanded=true]').count()) > 0) return true
      }
      return false
    })
    expect((await list.locator('[aria-expanded=true]').getAttribute('data-session')) === far.session, 'the northernmost is chosen')

    // It is taken from here, and the console shows it; there the suggestion stands beside the place.
    await mill.click()
    await list.getByRole('button', { name: 'Take this one' }).click()
    await tina.getByRole('log').getByText('smoke from the mill').waitFor()
    await tina.getByRole('region', { name: 'May be the same event' }).getByText(/m away/).waitFor()
    await list.locator(`[data-session="${fire.session}"]`).getByText(/with .?Tina/).waitFor()
    await page.setViewportSize({ width: 320, height: 640 })
    expect((await tooWide(page)) <= 0, 'nothing is cut at 320 px')
  },

  'AL5 TC12 TC15: many reports from one place are a pile with its count and the shape of the most urgent; by keys or by a press the list beside shows what is in it': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const most = await Reporter.report(story, { category: 'fire', text: 'the roof burns, somebody is not breathing' })
    await most.at(40.0001, -99.9998, 20)
    for (let metres = 1; metres <= 5; metres += 1) {
      const other = await Reporter.report(story, { category: 'other', text: 'a lot of smoke' })
      await other.at(40.0001 + metres / 100_000, -99.9998, 20)
    }
    const far = await Reporter.report(story, { category: 'welfare', text: 'he does not answer' })
    await far.at(40.0301, -99.9998, 20)

    const page = await tina.context().newPage()
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.goto(`${story.gateway.origin}/console/?panel=overview`)
    const list = page.getByRole('list', { name: 'All sessions on a map' })
    await page.locator('[data-map=ready] canvas').waitFor()
    const pile = page.getByRole('region', { name: 'Many in one place' }).getByRole('button', { name: 'Life at risk ×6 sessions in one place' })
    await pile.waitFor()
    expect((await list.locator('[data-spot]').count()) === 7, 'every marker also stands in the list')
    await accessible(page, 'an overview with a pile')
    await pile.focus()
    await page.keyboard.press('Enter')
    await page.getByText(/^.?6.? sessions in this place/).waitFor()
    await within('the list follows, and has the focus', () => list.locator('[data-spot]').first().evaluate((node) => node === document.activeElement && document.querySelectorAll('[data-spot]').length === 6))
    await page.getByRole('button', { name: 'Show all sessions', exact: true }).click()
    await pile.waitFor()
    // On the map: the pile lies in the south, and its label is wider than a mark.
    const box = await page.locator('[data-map=ready] canvas').boundingBox()
    if (box === null) throw new Error('no map')
    await within('a press on the pile', async () => {
      for (let y = 20; y < 120; y += 8) {
        await page.mouse.click(box.x + box.width / 2, box.y + box.height - y)
        await page.waitForTimeout(50)
        if (await page.getByText(/^.?6.? sessions in this place/).isVisible()) return true
      }
      return false
    })
    expect((await list.locator('[data-spot]').count()) === 6, 'the list shows what is in it')
  },

  'TC8 TC12: without WebGL the overview is the list, with everything in it': async (story) => {
    const tina = await consoleOf(story, 'tina', { args: ['--disable-3d-apis'] })
    const fire = await Reporter.report(story, { category: 'fire', text: 'smoke from the mill' })
    await fire.at(40.0001, -99.9998, 20)
    const page = await tina.context().newPage()
    await page.goto(`${story.gateway.origin}/console/?panel=overview`)
    await page.getByText('The map cannot be shown here.').waitFor()
    await page.locator(`[data-spot][data-session="${fire.session}"]`).click()
    await page.getByText('Nothing like it was reported near here').waitFor()
    await page.getByRole('button', { name: 'Take this one' }).click()
    await tina.getByRole('log').getByText('smoke from the mill').waitFor()
  },
}
