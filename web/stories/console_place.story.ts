// Where the resident is, where help goes, and that all of it works without a map.
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { seenOn } from './map_seen.ts'
import { consoleOf } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC7: device and service location are two; one key adopts, nothing overwrites; a message shows where it was written, and back': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const one = await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    const place = tina.getByRole('region', { name: 'Place', exact: true })
    await place.getByText('No location yet.').waitFor()
    await one.at(40.0001, -99.9998, 45)
    await one.say('I am at the door')
    await place.getByText('40.00010, -99.99980').first().waitFor()
    await place.getByText('First fix: may still be rough.').waitFor()
    await place.getByText(/within .?45.? m/).first().waitFor()
    await tina.locator('[data-map=ready] canvas').waitFor()
    await tina.locator('body').press('u')
    await place.getByRole('button', { name: /^This fix is in use/ }).waitFor()
    // The device goes on; help still goes where a person sent it, and the distance is told.
    await one.at(40.0021, -99.9998, 80)
    await one.say('now I am on the corner')
    await place.getByText('40.00210, -99.99980').first().waitFor()
    // On the map: a circle of 80 m around the latest fix, and the way of 222 m that led there.
    await within('the circle and the track', async () => {
      const { across, up, track, solid } = await seenOn(tina)
      return Math.abs(across / up - 1) < 0.06 && Math.abs(track / up - 222 / 160) < 0.1 && solid > 0.7
    })
    await place.getByText(/222.? m from the device's latest fix/).waitFor()
    expect((await place.getByText('40.00010, -99.99980').count()) >= 1, 'the service location stands')
    await place.getByRole('button', { name: /^Use this location/ }).waitFor()

    // Message to place …
    const message = tina.getByRole('log').locator('article').filter({ hasText: 'I am at the door' })
    await message.getByRole('button', { name: 'Where' }).click()
    await place.getByText(/Written at .* within .?45.? m.*222.? m from the latest/).waitFor()
    expect((await message.getAttribute('class'))?.includes('marked') === true, 'the message is marked')
    // … and place to message.
    await place.getByText(/All .?2.? fixes/).click()
    await place.getByRole('button', { name: 'Show', exact: true }).first().click()
    await tina.getByRole('log').locator('article.marked').getByText('now I am on the corner').waitFor()
    await tina.getByRole('tab', { name: /^Timeline/ }).click()
    await tina.getByRole('list', { name: 'Timeline' }).getByText(/sends help to .?40.00010/).waitFor()
    // A typed place works without any device.
    await place.getByRole('button', { name: 'Type a place' }).click()
    await place.getByLabel('Latitude').fill('40.5')
    await place.getByLabel('Longitude').fill('-100.25')
    await place.getByLabel('In words').fill('back entrance of the mill')
    await place.getByRole('button', { name: 'Set', exact: true }).click()
    await place.getByText('back entrance of the mill').waitFor()
    await within('it is the service location now', async () => (await place.getByText('40.50000, -100.25000').count()) >= 1)
  },

  'TC8: without WebGL all work goes on, the place stands in words': async (story) => {
    const tina = await consoleOf(story, 'tina', { args: ['--disable-3d-apis'] })
    const one = await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    await one.at(40.0001, -99.9998, 45)
    await tina.getByText('The map cannot be shown here. The place stands above in words.').waitFor()
    await tina.getByText('40.00010, -99.99980').first().waitFor()
    await tina.locator('body').press('u')
    await tina.getByRole('button', { name: /^This fix is in use/ }).waitFor()
    await one.at(40.0003, -99.9998, 20)
    await tina.getByText('40.00030, -99.99980').first().waitFor()
  },
}
