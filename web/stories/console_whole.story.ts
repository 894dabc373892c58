// The whole job with three people: a resident reports, a telecommunicator answers, a supervisor watches.
import { expect, type Story } from './harness.ts'
import { consoleOf, jpeg, residentGrants, residentSays, residentWith, staffSays, supervisorOf } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC5 TC9 TC10 SV3: the whole job, from the report to the closed session': async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const resident = await residentWith(story, 'there is smoke in the cellar')

    // The queue says what it is and why.
    const waiting = tina.locator('[data-row]').filter({ hasText: 'Fire' }).first()
    await waiting.click()
    expect((await tina.getByRole('list', { name: 'Why this priority' }).first().innerText()) !== '', 'the queue says why')
    await tina.getByRole('button', { name: /^Take next/ }).click()
    await tina.getByRole('log').getByText('there is smoke in the cellar').waitFor()

    // Both sides write; the resident sees the words while they are typed.
    await tina.locator('#composer').pressSequentially('Is anybody ins', { delay: 20 })
    await resident.getByText('Is anybody ins').waitFor()
    await staffSays(tina, 'Is anybody inside?')
    await resident.getByRole('list').getByText('Is anybody inside?').first().waitFor()
    await residentSays(resident, 'I do not know')
    await tina.getByRole('log').getByText('I do not know').waitFor()

    // The place: asked, granted, arriving; as text and on the map.
    const askPlace = tina.locator('[data-ask=place]')
    await askPlace.click()
    await tina.locator('[data-ask=place][data-stands=ask-asked], [data-ask=place][data-stands=ask-flowing]').waitFor()
    await residentGrants(resident, 'place')
    await tina.getByText('40.00010, -99.99980').first().waitFor()
    await tina.locator('[data-map=ready] canvas').waitFor()
    await tina.getByRole('button', { name: 'Use this location' }).click()
    await tina.getByRole('button', { name: 'This fix is in use' }).waitFor()

    // A photo comes covered, and is shown by a press that the log keeps.
    await resident.locator('input[type=file]').first().setInputFiles(await jpeg(resident))
    await tina.getByRole('button', { name: /^Show photo/ }).click()
    await tina.getByRole('img', { name: /^Photo .* from the resident/ }).waitFor()

    // Live picture: asked, granted, covered, shown.
    await tina.locator('[data-ask=video]').click()
    await residentGrants(resident, 'video')
    await tina.getByRole('button', { name: 'Show live picture' }).click()
    await tina.locator('video[data-pictured=true]').waitFor()
    await tina.waitForFunction(() => (document.querySelector('video')?.videoWidth ?? 0) > 0)

    // A note stays among staff.
    await tina.getByRole('tab', { name: /^Notes/ }).click()
    await tina.locator('#note').fill('caretaker has the keys')
    await tina.getByRole('button', { name: 'Add note' }).click()
    await tina.getByRole('list', { name: 'Notes' }).getByText('caretaker has the keys').waitFor()
    expect((await resident.getByText('caretaker has the keys').count()) === 0, 'the resident never sees a note')

    // The supervisor watches without owning, sees the picture, and changes the priority with a reason.
    const line = sue.locator('tr[data-session]').filter({ hasText: 'Fire' }).filter({ hasText: /with .?tina/ }).first()
    await line.getByRole('button', { name: 'Watch', exact: true }).click()
    await sue.getByText('Watching: read only, audited').waitFor()
    await sue.getByRole('log').getByText('I do not know').waitFor()
    await sue.getByRole('tab', { name: 'Place and media' }).click()
    await sue.getByRole('button', { name: 'Show live picture' }).click()
    await sue.locator('video[data-pictured=true]').waitFor()
    expect((await sue.getByRole('button', { name: 'Talk', exact: true }).count()) === 0, 'who watches cannot talk')
    await line.getByRole('button', { name: 'Priority', exact: true }).click()
    await sue.getByRole('radio', { name: /Life at risk/ }).check()
    await sue.getByLabel('Why (stays in the record)').fill('somebody may be inside')
    await sue.getByRole('button', { name: 'Change', exact: true }).click()
    await tina.getByRole('button', { name: /Life at risk/ }).first().waitFor()

    // Everything stands in the timeline.
    await tina.getByRole('tab', { name: /^Timeline/ }).click()
    for (const words of [/sue.*supervisor.*watches/, /looked at a photo/, /granted .*video/, /changed the priority/, /took the session/]) {
      await tina.getByRole('list', { name: 'Timeline' }).getByText(words).first().waitFor()
    }

    await tina.getByRole('button', { name: 'Close session' }).click()
    await tina.getByRole('radio', { name: 'Help was sent' }).check()
    await tina.getByRole('dialog').getByRole('button', { name: 'Close session' }).click()
    await tina.getByText(/Closed: .*Help was sent/).waitFor()
    await resident.getByRole('heading', { name: 'This report is closed' }).waitFor()
    await sue.getByRole('tab', { name: 'Closed' }).click()
    await sue.locator('tr[data-session]').filter({ hasText: 'closed' }).first().waitFor()
  },
}
