// The next step of a resident stands in sight: what was chosen, what is new below, what can be done after the end.
import type { Locator } from 'playwright-core'
import { expect, within, type Story } from './harness.ts'
import { begin, camera, safe, taken, write } from './resident_hands.ts'

/** Whether somebody sees all of it: on the screen, under no bar. */
async function inSight(one: Locator): Promise<boolean> {
  return one.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect()
    const corners = [[left + 2, top + 2], [left + width - 2, top + height - 2]] as const
    return corners.every(([x, y]) => element.contains(document.elementFromPoint(x, y)))
  })
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE16 what was chosen with the first tap stands in the report, over a reload and after the end too'(story) {
    const page = await story.visit()
    await page.getByRole('button', { name: 'Fire or smoke' }).click()
    const chosen = page.getByText('Fire or smoke')
    await chosen.waitFor()
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await page.reload()
    await page.locator('#text').waitFor()
    await chosen.waitFor()
    await staff.do(session, { kind: 'close', disposition: 'advice_given', note: '' })
    await page.getByRole('heading', { name: 'This report is closed' }).waitFor()
    await chosen.waitFor()
  },

  async 'RE16 AL8 who looks at the own picture is told that something new stands below, and one press brings it into sight'(story) {
    const { page, staff, session } = await taken(story, { permissions: ['camera'] })
    for (const text of ['one', 'two', 'three', 'four']) await write(page, text)
    await safe(page, 'four')
    await camera(page)
    await page.locator('video').waitFor()
    await page.evaluate(() => scrollTo(0, 0))
    const told = page.getByRole('button', { name: 'Something new below' })
    expect((await told.count()) === 0, 'nothing new yet')
    await staff.do(session, { kind: 'text', text: 'Please hold the phone closer.' })
    await told.click()
    const words = page.locator('main ol li', { hasText: 'hold the phone closer' })
    await within('the words are in sight', () => inSight(words))
    await told.waitFor({ state: 'detached' })
    expect(await page.locator('.end').evaluate((end) => end === document.activeElement), 'the focus went along')
  },

  async 'RE7 who says yes to the camera has their own picture and who watches in sight, without losing what comes below'(story) {
    const { page, staff, session } = await taken(story, { viewport: { width: 390, height: 844 }, permissions: ['camera'] })
    for (const text of ['one', 'two', 'three', 'four', 'five', 'six']) await write(page, text)
    await safe(page, 'six')
    await staff.do(session, { kind: 'ask', medium: 'video' })
    await page.locator('section.card', { hasText: 'They ask to see your camera' }).getByRole('button', { name: 'Yes' }).click()
    const own = page.locator('video')
    await own.waitFor()
    await page.getByText('You agreed to show your camera.').waitFor()
    await within('the own picture is in sight', () => inSight(own))
    await within('and who watches', () => inSight(page.locator('[data-live=flowing]').getByText(/It is not recorded/)))
    expect((await page.getByRole('button', { name: 'Something new below' }).count()) === 0, 'nothing of theirs is new')
    await staff.do(session, { kind: 'text', text: 'A little to the left.' })
    await page.getByRole('button', { name: 'Something new below' }).click()
    await within('the words are in sight', () => inSight(page.locator('main ol li', { hasText: 'A little to the left.' })))
  },

  async 'RE6 RE12 on a phone held sideways exit, stop and call stay in sight wherever the page stands'(story) {
    const page = await begin(story, '/', { viewport: { width: 844, height: 390 }, permissions: ['geolocation'], geolocation: { latitude: 40, longitude: -99, accuracy: 25 } })
    await page.getByRole('button', { name: 'Yes, share my place' }).click()
    await page.locator('[data-stop]').waitFor()
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
    for (const button of await page.locator('header .button').all()) expect(await inSight(button), `in sight: ${await button.innerText()}`)
  },

  async 'RE16 after leaving and after the end, what can be done next is in sight'(story) {
    const page = await begin(story)
    for (const text of ['one', 'two', 'three', 'four', 'five', 'six']) await write(page, text)
    await safe(page, 'six')
    await page.locator('section.leave button').click()
    await page.getByRole('button', { name: 'Yes, leave' }).click()
    const back = page.getByRole('button', { name: 'Come back' })
    await back.waitFor()
    await within('the way back is in sight', () => inSight(back))
    await back.click()
    await page.locator('#text').waitFor()
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
    const staff = await story.telecommunicator()
    await staff.do(await staff.take(), { kind: 'close', disposition: 'advice_given', note: '' })
    const anew = page.getByRole('button', { name: 'New report' })
    await anew.waitFor()
    await within('a new report is in sight', () => inSight(anew))
  },

  async 'RE16 RE5 one question at a time: the page’s own waits while they ask, or the camera is offered'(story) {
    const { page, staff, session } = await taken(story)
    const own = page.getByText('May we see where you are?')
    await own.waitFor()
    await page.getByRole('button', { name: 'Camera', exact: true }).click()
    await page.getByText('May they see your camera, live?').waitFor()
    expect((await own.count()) === 0, 'not beside the offer of the camera')
    await page.keyboard.press('Escape')
    await own.waitFor()
    await staff.do(session, { kind: 'ask', medium: 'photo' })
    const ask = page.locator('section.card', { hasText: 'They ask for a photo.' })
    await ask.waitFor()
    expect((await own.count()) === 0, 'not beside their ask')
    await ask.getByRole('button', { name: 'No' }).click()
    await own.waitFor()
  },
}
