// What a telecommunicator hears, and how they know that they would.
import type { Page } from 'playwright-core'
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { consoleOf, signIn, staffSays } from './staff_hands.ts'

/** Sounds made so far, by the page's own count. */
const sounds = async (page: Page): Promise<number> => Number(await page.locator('[data-played]').getAttribute('data-played'))
const tone = (page: Page): Promise<string | null> => page.locator('[data-tone]').getAttribute('data-tone')

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC1: a new session sounds by its priority, again until it is heard; a flood makes one sound; title and icon count': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.locator('[data-sound=on]').waitFor({ state: 'attached' })
    await Reporter.report(story, { category: 'traffic', text: 'two cars' })
    await tina.getByText('No new session; 1 waits.').waitFor()
    expect((await sounds(tina)) === 0, 'who is not available is not offered anything')
    await tina.getByLabel('My state').selectOption('available')
    await tina.getByText(/Traffic.? waits/).first().waitFor()
    await within('the sound of priority 3', async () => (await tone(tina)) === 'p3')
    await tina.locator('body').press('a')
    await tina.locator('[data-alarms="0"]').waitFor()
    const before = await sounds(tina)

    await Promise.all(Array.from({ length: 8 }, () => Reporter.report(story, { category: 'medical', text: 'she is unconscious' })))
    await tina.getByText(/and .?7.? more waiting:/).waitFor()
    await within('the sound of priority 1', async () => (await tone(tina)) === 'p1')
    const flood = (await sounds(tina)) - before
    expect(flood >= 1 && flood <= 2, `one sound for the flood, one more at most for its stragglers, not ${String(flood)}`)
    await tina.locator('[data-alarms]').getByText(/left|over/).waitFor()
    const again = await sounds(tina)
    await within('it repeats within some 10 s', async () => (await sounds(tina)) > again)
    expect(/^\(8\) /.test(await tina.title()), `the title counts priority 1: ${await tina.title()}`)
    expect((await tina.locator('link[rel=icon]').getAttribute('data-count')) === '8', 'the icon counts too')
    await tina.locator('body').press('a')
    await tina.locator('[data-alarms="0"]').waitFor()
  },

  'TC1: words of the resident in a session that is not in view sound, and the strip opens it': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const one = await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    await Reporter.report(story, { category: 'traffic', text: 'a crash' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('a crash').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    await one.say('now it burns')
    await tina.getByText(/Fire.*: the resident wrote/).first().waitFor()
    await within('the tone of a message', async () => (await tone(tina)) === 'message')
    await within('the title counts own unread', async () => /^\(\d+\) /.test(await tina.title()))
    await tina.locator('body').press('j')
    await tina.getByRole('log').getByText('now it burns').waitFor()
    await tina.locator('[data-alarms="0"]').waitFor()
  },

  'TC2: the sign-in unlocks sound; blocked or mute shows SOUND OFF until mended; a test of each tone; a snooze with a reason, written down': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.locator('[data-sound=on]').waitFor({ state: 'attached' })
    expect((await tina.getByText('SOUND OFF').count()) === 0, 'no bar while it sounds')
    await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()

    // Each tone can be heard, and the signal that leaves the page is shown.
    await tina.locator('body').press('z')
    const panel = tina.getByRole('dialog', { name: 'Sound' })
    for (const [name, played] of [['Life at risk', 'p1'], ['Urgent', 'p2'], ['Prompt', 'p3'], ['Routine', 'p4'], ['Information', 'p5'], ['New message', 'message']] as const) {
      await panel.getByRole('button', { name, exact: false }).first().click()
      await within(`the tone ${played}`, async () => (await tone(tina)) === played)
    }
    await panel.getByRole('button', { name: 'Life at risk' }).click()
    await within('the meter moves', async () => Number(await panel.locator('[data-level]').getAttribute('value')) > 0.05)
    // Nothing was heard: the sound counts as off, whatever the browser says.
    await panel.getByRole('button', { name: 'No', exact: true }).click()
    await tina.getByText('SOUND OFF').waitFor()
    await panel.getByRole('slider').fill('60')
    await tina.getByText('SOUND OFF').waitFor({ state: 'hidden' })
    await panel.getByRole('slider').fill('0')
    await tina.getByText('SOUND OFF').waitFor()
    await panel.getByRole('slider').fill('80')

    await panel.getByLabel('Why (is written down)').fill('on the phone with the hospital')
    await panel.getByRole('radio', { name: /^\W?1\W? min/ }).check()
    await panel.getByRole('button', { name: 'Snooze', exact: true }).click()
    await tina.getByText('Sound snoozed').waitFor()
    await tina.getByText(/on the phone with the hospital/).first().waitFor()
    await tina.getByLabel('My state').selectOption('available')
    const before = await sounds(tina)
    await Reporter.report(story, { category: 'medical', text: 'he is unconscious' })
    await tina.getByText(/Medical.? waits/).first().waitFor()
    expect((await sounds(tina)) === before, 'nothing sounds while it is snoozed, and the strip shows it all the same')
    await tina.getByRole('tab', { name: /^Notes/ }).click()
    await tina.getByRole('list', { name: 'Notes' }).getByText(/Sound snoozed for .*on the phone/).waitFor()
    await tina.getByRole('button', { name: 'Sound on now' }).click()
    await within('it sounds again', async () => (await sounds(tina)) > before)

    // A reload without a press: the browser blocks, the bar says so, any press mends it.
    await tina.reload()
    await tina.locator('[data-sound]').waitFor({ state: 'attached' })
    if ((await tina.locator('[data-sound]').getAttribute('data-sound')) === 'blocked') {
      await tina.getByText('SOUND OFF').waitFor()
      await tina.locator('body').press('Shift')
      await tina.mouse.click(700, 500)
    }
    await tina.locator('[data-sound=on]').waitFor({ state: 'attached' })
  },

  'TC2: a snooze ends by itself: what waits sounds then without a press': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.locator('[data-sound=on]').waitFor({ state: 'attached' })
    await tina.clock.install()
    await tina.locator('body').press('z')
    const panel = tina.getByRole('dialog', { name: 'Sound' })
    await panel.getByLabel('Why (is written down)').fill('on the phone')
    await panel.getByRole('radio', { name: /^\W?1\W? min/ }).check()
    await panel.getByRole('button', { name: 'Snooze', exact: true }).click()
    await tina.getByText('Sound snoozed').waitFor()
    await tina.getByLabel('My state').selectOption('available')
    await Reporter.report(story, { category: 'medical', text: 'he is unconscious' })
    await tina.getByText(/Medical.? waits/).first().waitFor()
    expect((await sounds(tina)) === 0, 'nothing sounds while it is snoozed')
    await tina.clock.fastForward(61_000)
    await tina.getByText('Sound snoozed').waitFor({ state: 'hidden' })
    await within('it sounds again by itself', async () => (await sounds(tina)) > 0)
  },

  'TC1: a resident who is here and says nothing for three minutes is marked and sounds; the first letter that they type ends it': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.locator('[data-sound=on]').waitFor({ state: 'attached' })
    const quiet = await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    const mark = tina.getByText(/Fire.?: nothing heard from the resident/).first()
    await tina.clock.install()
    await tina.clock.fastForward(170_000)
    // With the time that has passed whatever else there is to say is drawn.
    await within('the session is three minutes old', async () => /2:5\d/.test(await tina.locator('main').innerText()))
    expect((await mark.count()) === 0 && (await tone(tina)) !== 'quiet', 'not before the time')
    await within('three minutes without a word are marked', async () => {
      await tina.clock.fastForward(5_000)
      return mark.isVisible()
    })
    await within('the tone of silence', async () => (await tone(tina)) === 'quiet')
    // What is written by the telecommunicator is no sign of the resident.
    await staffSays(tina, 'Are you there?')
    expect(await mark.isVisible(), 'it stays until the resident is heard')
    quiet.type('y')
    await mark.waitFor({ state: 'hidden' })
  },

  'TC14: a timer ends by a press': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    await staffSays(tina, 'I write to you again in a minute')
    await tina.clock.install()
    await tina.getByLabel('Timer').selectOption('1')
    await tina.locator('[data-timer]').waitFor()
    await tina.clock.fastForward(61_000)
    await tina.getByText(/your timer has run out/).first().waitFor()
    await tina.locator('[data-timer]').click()
    await tina.locator('[data-alarms="0"]').waitFor()
  },

  'TC2: signing in again in a browser that gives no audio says SOUND OFF at once': async (story) => {
    const page = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    await page.addInitScript(() => Reflect.deleteProperty(window, 'AudioContext'))
    await page.reload()
    await signIn(page, 'tina')
    await page.getByText('SOUND OFF').waitFor()
    await page.getByText('This browser has no sound.').waitFor()
  },
}
