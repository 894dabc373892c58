// The resident's place: refused, typed, moved by hand.
import type { Event } from '../sdk/src/protocol.ts'
import { expect, within, type Staff, type Story } from './harness.ts'
import { item, safe, taken, write } from './resident_hands.ts'

const HERE = { permissions: ['geolocation'], geolocation: { latitude: 40, longitude: -99, accuracy: 25 } }

const fixes = (staff: Staff, session: string): Extract<Event, { kind: 'located' }>['location'][] =>
  staff.log(session).flatMap(({ event }) => (event.kind === 'located' ? [event.location] : []))

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE14 a denied place is told, can be typed, and reporting goes on'(story) {
    const { page, staff, session } = await taken(story)
    await page.getByRole('button', { name: 'Yes, share my place' }).click()
    await page.locator('[data-place-failed=denied]').waitFor()
    await page.getByLabel('Where is it?').fill('12 Mill Lane, second floor')
    await page.getByRole('button', { name: 'Send place' }).click()
    await item(page, '12 Mill Lane').locator('[data-safety=safe]').waitFor()
    await within('staff read the words', () => Promise.resolve(staff.texts(session).some((text) => text.includes('12 Mill Lane'))))
    await write(page, 'it smells of gas')
    await safe(page, 'it smells of gas')
    // Allowed in the settings of the browser meanwhile: it is shared without a reload.
    await page.context().grantPermissions(['geolocation'])
    await page.context().setGeolocation(HERE.geolocation)
    await page.getByRole('button', { name: 'Place', exact: true }).click()
    await page.getByRole('button', { name: 'Share my place' }).click()
    await page.getByText(/within .?25.? m/).first().waitFor()
  },

  async 'RE14 words typed before the first fix stand beside it when it comes; coordinates are a place at once'(story) {
    const { page, staff, session } = await taken(story, HERE)
    await page.getByRole('button', { name: 'Type it' }).click()
    await page.getByLabel('Where is it?').fill('behind the mill')
    await page.getByRole('button', { name: 'Send place' }).click()
    await within('the words as a message', () => Promise.resolve(staff.texts(session).length === 1))
    await page.getByRole('button', { name: 'Place', exact: true }).click()
    await page.getByRole('button', { name: 'Yes, share my place' }).click()
    await within('the words beside the fix', () =>
      Promise.resolve(fixes(staff, session).some(({ words, method }) => words === 'behind the mill' && method === 'manual')),
    )
    await page.getByRole('button', { name: 'Type it' }).click()
    await page.getByLabel('Where is it?').fill('at 40.0012, -99.0034 near the pond')
    await page.getByRole('button', { name: 'Send place' }).click()
    await within('the point', () => Promise.resolve(fixes(staff, session).some(({ latitude, longitude }) => latitude === 40.0012 && longitude === -99.0034)))
    expect(staff.texts(session).length === 1, 'no further message')
  },

  async 'RE14 AL3 a place is moved by arrow keys, by buttons and by its two numbers'(story) {
    const { page, staff, session } = await taken(story, HERE)
    await page.getByRole('button', { name: 'Yes, share my place' }).click()
    await page.locator('[data-place]').waitFor()
    const shown = await page.locator('[data-place]').innerText()
    expect(shown.includes('From this device') && shown.includes('Found'), `source and age, not ${shown}`)
    await page.getByText(/within .?25.? m/).first().waitFor()
    await page.getByRole('button', { name: 'Move it' }).click()
    const boxes = await page.locator('.pad .button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ x, y }) => `${x} ${y}`))
    expect(new Set(boxes).size === 4, `four buttons in four places, not ${boxes.join(', ')}`)
    await page.getByRole('button', { name: /10.? m north/ }).focus()
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowRight')
    await page.locator('[data-moved="22"]').waitFor()
    await page.getByLabel(/^.?50.? m$/).check()
    await page.getByRole('button', { name: /50.? m south/ }).click()
    await page.getByLabel('Longitude').fill('-99.001')
    await page.getByLabel('Latitude').fill('95')
    await page.getByText('This is no place on earth.').waitFor()
    await page.getByLabel('Latitude').press('Enter')
    await page.getByLabel('Latitude').fill('40,0005')
    await page.getByRole('button', { name: 'Send this place' }).click()
    await within('the corrected place', () =>
      Promise.resolve(fixes(staff, session).some((fix) => fix.method === 'manual' && fix.latitude === 40.0005 && fix.longitude === -99.001)),
    )
    await page.getByText('Place set by you').waitFor()
    expect(fixes(staff, session).filter(({ method }) => method === 'manual').length === 1, 'the impossible one was not sent')
  },

  async 'RE6 RE14 after a No to the page, a Yes to their ask shows how exact the place is, and one tap at the top stops it'(story) {
    const { page, staff, session } = await taken(story, HERE)
    await page.getByRole('button', { name: 'No', exact: true }).click()
    await page.getByText('May we see where you are?').waitFor({ state: 'detached' })
    await staff.do(session, { kind: 'ask', medium: 'place' })
    await page.locator('section.card', { hasText: 'They ask for your place.' }).getByRole('button', { name: 'Yes' }).click()
    await page.getByText(/within .?25.? m/).first().waitFor()
    await page.getByRole('button', { name: 'Stop sharing' }).waitFor()
    await page.locator('[data-stop]').click()
    await page.locator('[data-place]').waitFor({ state: 'detached' })
    await page.locator('[data-stop]').waitFor({ state: 'detached' })
    await within('the gateway knows', () =>
      Promise.resolve(staff.log(session).some(({ event }) => event.kind === 'consented' && event.medium === 'place' && !event.granted)),
    )
  },

  async 'RE14 after a No to the page, a device that denies their ask is told'(story) {
    const { page, staff, session } = await taken(story)
    await page.getByRole('button', { name: 'No', exact: true }).click()
    await staff.do(session, { kind: 'ask', medium: 'place' })
    await page.locator('section.card', { hasText: 'They ask for your place.' }).getByRole('button', { name: 'Yes' }).click()
    await page.locator('[data-place-failed=denied]').waitFor()
    await page.getByLabel('Where is it?').waitFor()
    // Nobody waits for it: the yes is taken back, here as at the gateway.
    await within('the last word about the place is a no', () =>
      Promise.resolve(staff.log(session).flatMap(({ event }) => (event.kind === 'consented' ? [event.granted] : [])).at(-1) === false),
    )
    await page.getByText('Your place is not shared.').waitFor()
    expect((await page.getByText(/you share/i).count()) === 0, 'nothing says that it is shared')
  },

  async 'RE5 sharing the place by oneself answers the ask for it'(story) {
    const { page, staff, session } = await taken(story, HERE)
    await page.getByText('May we see where you are?').waitFor()
    await staff.do(session, { kind: 'ask', medium: 'place' })
    const card = page.locator('section.card', { hasText: 'They ask for your place.' })
    await card.waitFor()
    expect((await page.getByText('May we see where you are?').count()) === 0, 'one question about the place, not two')
    await card.getByRole('button', { name: 'Yes' }).click()
    await card.waitFor({ state: 'detached' })
    await within('the answer names the ask', () =>
      Promise.resolve(staff.log(session).some(({ event }) => event.kind === 'consented' && event.granted && event.ask !== undefined)),
    )
    // After a reload the yes still stands: the place goes on, and nobody is asked twice (AL7).
    await page.reload()
    await page.locator('[data-place]').waitFor()
    expect((await card.count()) === 0, 'the ask stays answered')
    expect((await page.getByText('May we see where you are?').count()) === 0, 'nothing is asked twice')
  },
}
