// A session that tries the line out: it goes the whole way, says TEST on every screen, and counts in no figure of the day.
import { expect, within, type Story } from './harness.ts'
import { pick, safe, write } from './resident_hands.ts'
import { consoleOf, supervisorOf, tooWide } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'RE16: a test session says TEST on every screen of the resident, the console and the supervisor, and is left out of the figures': async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const resident = await story.visit('/?test', { viewport: { width: 320, height: 640 }, locale: 'en-US' })
    const says = async (screen: string): Promise<void> => {
      await resident.getByRole('note').getByText('This is a test. Nobody sends help.').waitFor()
      expect((await resident.title()).startsWith('TEST'), `${screen}: in the title, not ${await resident.title()}`)
      expect((await tooWide(resident)) <= 0, `${screen}: nothing is cut at 320 px`)
    }
    await says('the question')
    await pick(resident)
    await write(resident, 'only a test')
    await safe(resident, 'only a test')
    await says('the report')
    await tina.locator('#queue-panel [data-row]').getByText('TEST', { exact: true }).waitFor()
    await tina.locator('[data-alarms]').getByText(/TEST/).first().waitFor()
    await sue.locator('tr[data-session]').getByText('TEST', { exact: true }).waitFor()
    await tina.locator('body').press('n')
    const session = tina.locator('[data-session-of]')
    await session.locator('header').getByText('TEST', { exact: true }).waitFor()
    await session.getByRole('tab', { name: /^Timeline/ }).click()
    await session.getByText(/opened a TEST session/).waitFor()
    await resident.reload()
    await safe(resident, 'only a test')
    await says('after a reload')
    await tina.locator('body').press('x')
    await tina.getByRole('radio', { name: 'Test' }).check()
    await tina.getByRole('dialog').getByRole('button', { name: 'Close session' }).click()
    await resident.getByRole('heading', { name: 'This report is closed' }).waitFor()
    await says('the end')
    await within('it is gone from the floor', async () => (await sue.locator('tr[data-session]').count()) === 0)
    expect(/\b0\W? answered/.test(await sue.locator('article[data-queue]').first().innerText()), 'it counts in no figure of the day')
  },
}
