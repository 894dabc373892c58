// One console over several windows, and pages that are renewed without taking anything away.
import type { Page } from 'playwright-core'
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { consoleOf, noStorage, signIn, staffSays } from './staff_hands.ts'

/** Opens a panel in another window of the same browser; counts its sockets. */
async function panel(story: Story, beside: Page, name: string): Promise<{ page: Page; sockets: () => number }> {
  const page = await beside.context().newPage()
  let sockets = 0
  page.on('websocket', () => (sockets += 1))
  page.on('pageerror', (error) => story.faults.push(String(error)))
  await page.goto(`${story.gateway.origin}/console/?panel=${name}`)
  await page.locator(`[data-panel=${name}]`).waitFor()
  return { page, sockets: () => sockets }
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC15: panels in windows of their own share one connection, follow the console, one window sounds, and closing it hands over': async (story) => {
    const tina = await consoleOf(story, 'tina', { windows: true })
    await tina.getByLabel('My state').selectOption('available')
    const one = await Reporter.report(story, { category: 'fire', text: 'smoke in the cellar' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke in the cellar').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    const map = await panel(story, tina, 'map')
    const session = await panel(story, tina, 'session')
    const queue = await panel(story, tina, 'queue')
    await one.at(40.0001, -99.9998)
    await map.page.getByText('40.00010, -99.99980').first().waitFor()
    await session.page.getByRole('log').getByText('smoke in the cellar').waitFor()
    expect(map.sockets() + session.sockets() + queue.sockets() === 0, 'the panels open no socket')
    expect((await map.page.locator('[data-sound]').getAttribute('data-sound')) === 'elsewhere', 'one window sounds')

    // Written in one window, seen in all.
    await session.page.locator('#composer').fill('we are coming')
    await session.page.locator('#composer').press('Enter')
    await tina.getByRole('log').getByText('we are coming').waitFor()
    // Taken in one window, open in the others.
    const two = await Reporter.report(story, { category: 'traffic', text: 'a crash on the bridge' })
    await queue.page.getByRole('button', { name: /^Take next/ }).click()
    await tina.getByRole('button', { name: /Traffic/ }).first().click()
    await tina.getByRole('log').getByText('a crash on the bridge').waitFor()
    await session.page.getByRole('log').getByText('a crash on the bridge').waitFor()
    await tina.keyboard.press('1')
    await session.page.getByRole('log').getByText('smoke in the cellar').waitFor()

    // The console's own window closes: another takes over the connection, and the sessions stay owned.
    await tina.close()
    await within('one window connects', () => Promise.resolve(map.sockets() + session.sockets() + queue.sockets() === 1))
    await one.say('are you still there')
    await session.page.getByRole('log').getByText('are you still there').waitFor()
    const sounding = async (): Promise<number> => {
      const all = await Promise.all([map, session, queue].map(({ page }) => page.locator('[data-sound]').getAttribute('data-sound')))
      return all.filter((state) => state !== 'elsewhere').length
    }
    await within('exactly one window sounds', async () => (await sounding()) === 1)
    await two.say('hello')
    expect(!two.heard.some((message) => message.kind === 'entry' && message.event.kind === 'released'), 'nothing went back to the queue')

    // A console opened anew goes on with the same sign-in when asked to.
    const again = await session.page.context().newPage()
    await again.goto(`${story.gateway.origin}/console/`)
    await again.getByRole('button', { name: /Go on as/ }).click()
    await again.getByRole('log').first().waitFor()
    // Signing out is for all of them.
    await again.getByRole('button', { name: 'Sign out' }).click()
    await session.page.getByRole('button', { name: 'Sign in' }).waitFor()
  },

  'TC15: timeline and media stand in windows of their own, and go along when another session is opened': async (story) => {
    const tina = await consoleOf(story, 'tina', { windows: true })
    const one = await Reporter.report(story, { category: 'fire', text: 'smoke in the cellar' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke in the cellar').waitFor()
    const timeline = await panel(story, tina, 'timeline')
    const media = await panel(story, tina, 'media')
    const list = timeline.page.getByRole('list', { name: 'Timeline' })
    await list.getByText('smoke in the cellar').waitFor()
    await list.getByText('took the session').waitFor()
    await media.page.getByText('No photos yet.').waitFor()
    await one.do({ kind: 'announce_photo', media_type: 'image/jpeg', size_bytes: 2_000_000, age_ms: 0 })
    await media.page.getByText('on its way').waitFor()
    await list.getByText(/announced a photo/).waitFor()
    await Reporter.report(story, { category: 'traffic', text: 'a crash on the bridge' })
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await list.getByText('a crash on the bridge').waitFor()
    await list.getByText('smoke in the cellar').waitFor({ state: 'hidden' })
    await media.page.getByText('No photos yet.').waitFor()
    expect(timeline.sockets() + media.sockets() === 0, 'the panels open no socket')
  },

  'AL7: where the browser forbids storage the console works, and says once what a reload would cost': async (story) => {
    const tina = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    await tina.addInitScript(noStorage)
    await tina.reload()
    await signIn(tina, 'tina')
    await tina.getByText('This browser keeps nothing.').waitFor()
    await tina.locator('[data-keeps-nothing]').getByRole('button', { name: 'Dismiss' }).click()
    await tina.locator('[data-keeps-nothing]').waitFor({ state: 'detached' })
    const one = await Reporter.report(story, { category: 'fire', text: 'smoke in the cellar' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke in the cellar').waitFor()
    await staffSays(tina, 'we are coming')
    await within('it arrives', () => Promise.resolve(one.heard.some((message) => message.kind === 'entry' && message.event.kind === 'text' && message.event.text === 'we are coming')))
    await tina.getByLabel('Theme').selectOption('dark')
    await tina.getByLabel('Timer').selectOption('1')
    await tina.locator('[data-timer]').waitFor()
    expect((await tina.locator('[data-keeps-nothing]').count()) === 0, 'once')
  },

  'TC16: while the link is down actions are off with their reason; a newer page waits until no session is open': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    let reloads = 0
    tina.on('framenavigated', () => (reloads += 1))
    await tina.context().route('**/console/', async (route) => {
      if (route.request().resourceType() !== 'fetch') return route.continue()
      return route.fulfill({ contentType: 'text/html', body: '<script type="module" src="/assets/newer-1.js"></script>' })
    })
    await story.gateway.down('SIGKILL')
    await tina.getByText('Connection lost.').waitFor({ timeout: 5_500 })
    for (const name of [/^Transfer/, /^Close$/, /^Ask for place/, /^Take next/]) {
      expect(await tina.getByRole('button', { name }).first().isDisabled(), `${String(name)} is off`)
    }
    await tina.getByText('Off until the connection is back.').first().waitFor()
    await tina.locator('body').press('x')
    expect((await tina.getByRole('dialog').count()) === 0, 'a key does nothing either')
    await story.gateway.up()
    await tina.getByText('Connection lost.').waitFor({ state: 'hidden' })
    await tina.getByText('A newer version of this page is ready.').waitFor()
    expect(reloads === 0, 'it waits')
    await tina.context().unroute('**/console/')
    await tina.locator('body').press('x')
    await tina.getByRole('radio', { name: 'Test' }).check()
    await tina.getByRole('dialog').getByRole('button', { name: 'Close session' }).click()
    await within('the page renews itself', () => Promise.resolve(reloads >= 1))
    await tina.getByText('Connected', { exact: true }).waitFor()
  },
}
