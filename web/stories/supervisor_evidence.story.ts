// What supervisors do with the evidence of sessions that have ended.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, residentWith, signIn, supervisorOf } from './staff_hands.ts'

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
  'OP3: an export takes two persons: one asks, a colleague finds the session by its number and agrees, and each fetches it; it is a zip with a manifest, and the timeline says who has it': async (story) => {
    await closedSession(story, 'this one is handed to the court')
    const sue = await supervisorOf(story)
    const hers = await evidenceOn(sue)
    await hers.getByLabel('Why').fill('Asked for by the district court')
    await hers.getByRole('button', { name: 'Ask for an export' }).click()
    await hers.getByText('It is asked for.').waitFor()
    await hers.getByText(/Waits for another supervisor to agree/).waitFor()
    expect((await hers.getByRole('button', { name: 'Agree', exact: true }).count()) === 0, 'nobody agrees to what they asked for')
    expect((await hers.getByRole('button', { name: 'Fetch the export' }).count()) === 0, 'nothing is fetched before somebody agrees')
    const number = /[0-9a-f]{32}/.exec(await hers.getByText(/^Session/).innerText())?.[0] ?? ''

    const sam = await story.visit('/supervisor/', { viewport: { width: 1440, height: 900 }, locale: 'fr-FR' })
    await signIn(sam, 'sam', 'Connecté')
    await sam.getByRole('tab', { name: 'Clos' }).click()
    await sam.getByText(/export demandé par .?sue/).waitFor()
    await sam.getByLabel('Numéro de session').fill(number)
    await sam.keyboard.press('Enter')
    await sam.getByRole('button', { name: 'Preuves …' }).click()
    const his = sam.getByRole('dialog', { name: 'Preuves de cette session' })
    await his.getByText('Asked for by the district court').waitFor()
    await accessible(sam, 'a request that waits')
    await his.getByRole('button', { name: 'Accepter' }).click()
    await his.getByText(/Ces deux personnes peuvent le retirer/).waitFor()

    await hers.getByText(/Agreed by .?sam/).waitFor()
    const coming = sue.waitForEvent('download')
    await hers.getByRole('button', { name: 'Fetch the export' }).click()
    const download = await coming
    expect(download.suggestedFilename() === `${number}.zip`, `named by the session, not ${download.suggestedFilename()}`)
    const bytes = readFileSync(await download.path())
    expect(bytes.subarray(0, 2).toString() === 'PK', 'it is a zip')
    for (const part of ['log.jsonl', 'manifest.json', 'callbox-export-1', 'this one is handed to the court']) expect(bytes.includes(part), `it has ${part}`)
    await hers.getByText('The export is here.').waitFor()
    await hers.getByText(/Sent to .?sue/).waitFor()
    await his.getByText(/Envoyé à .?sue/).waitFor()
    await his.getByLabel('Raison').fill('It has arrived')
    await his.getByRole('button', { name: 'Y mettre fin' }).click()
    await hers.getByText(/Declined by .?sam/).waitFor()
    expect((await hers.getByRole('button', { name: 'Fetch the export' }).count()) === 0, 'an export that was ended is not fetched any more')
  },
}
