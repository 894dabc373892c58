// What supervisors do with the evidence of sessions that have ended.
import type { Page } from 'playwright-core'
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, residentWith, supervisorOf } from './staff_hands.ts'

/** A session with these words that Tina has taken and closed. */
async function closedSession(story: Story, words: string): Promise<void> {
  await residentWith(story, words)
  const tina = await consoleOf(story, 'tina')
  await tina.locator('[data-act=next]:enabled').waitFor()
  await tina.locator('body').press('n')
  await tina.getByRole('log').getByText(words).waitFor()
  await tina.locator('[data-act=close]').click()
  const closing = tina.getByRole('dialog')
  await closing.getByRole('radio').first().check()
  await closing.locator('button[type=submit]').click()
  await closing.waitFor({ state: 'detached' })
  await tina.close()
}

/** Its evidence, opened from the list of closed sessions. */
async function evidenceOn(sue: Page): Promise<ReturnType<Page['locator']>> {
  await sue.getByRole('tab', { name: 'Closed' }).click()
  await sue.locator('tr[data-session]').first().getByRole('button', { name: 'Watch', exact: true }).click()
  await sue.getByRole('region', { name: 'Watched session' }).getByRole('button', { name: 'Evidence …' }).click()
  return sue.getByRole('dialog', { name: 'Evidence of this session' })
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'OP3: a supervisor puts a closed session on hold with a reason, everybody reads who and why, and lifts it by keys': async (story) => {
    await closedSession(story, 'this one goes to court')
    const sue = await supervisorOf(story)
    const dialog = await evidenceOn(sue)
    await dialog.getByText('No hold was placed.').waitFor()
    expect(await dialog.getByRole('button', { name: 'Put on hold' }).isDisabled(), 'nothing is held without a reason')
    await dialog.getByLabel('Why').fill('Asked for by the district court')
    await accessible(sue, 'the evidence of a session')
    await dialog.getByRole('button', { name: 'Put on hold' }).click()
    await dialog.getByText('The session is on hold.').waitFor()
    const hold = dialog.locator('[data-hold]')
    await hold.getByText('Asked for by the district court').waitFor()
    await hold.getByText(/Placed by .?sue/).waitFor()
    await sue.keyboard.press('Escape')
    const watching = sue.getByRole('region', { name: 'Watched session' })
    await watching.getByText('ON HOLD', { exact: true }).waitFor()
    await watching.getByRole('tab', { name: /Timeline/ }).click()
    await watching.getByRole('list', { name: 'Timeline' }).getByText(/put the session on hold: .?Asked for by the district court/).waitFor()
    // Asked for anew, the list says so too.
    await sue.getByRole('tab', { name: 'Waiting', exact: false }).first().click()
    await sue.getByRole('tab', { name: 'Closed' }).click()
    await sue.locator('tr[data-session]').first().getByText('ON HOLD', { exact: true }).waitFor()
    await sue.setViewportSize({ width: 320, height: 640 })
    await watching.getByRole('button', { name: 'Evidence …' }).focus()
    await sue.keyboard.press('Enter')
    await within('nothing is cut at 320 px', () => dialog.evaluate((node) => node.scrollWidth <= node.clientWidth))
    const lift = dialog.getByRole('button', { name: /Lift the hold/ })
    await lift.focus()
    await sue.keyboard.press('Enter')
    await dialog.getByText('Say why first.').waitFor()
    await sue.keyboard.type('The case is closed')
    await lift.focus()
    await sue.keyboard.press('Enter')
    await dialog.getByText(/Lifted by .?sue.*The case is closed/).waitFor()
    await sue.keyboard.press('Escape')
    await within('the mark is gone', async () => (await watching.getByText('ON HOLD', { exact: true }).count()) === 0)
  },
}
