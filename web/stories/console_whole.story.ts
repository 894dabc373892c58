// The whole job with three people: a resident reports, a telecommunicator answers, a supervisor watches.
import { expect, type Story } from './harness.ts'
import { safe } from './resident_hands.ts'
import { consoleOf, jpeg, moves, residentGrants, residentSays, residentWith, staffSays, supervisorOf } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC5 TC9 TC10 SV3 RE7: the whole job, from the report to the closed session': async (story) => {
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
    const line = sue.locator('tr[data-session]').filter({ hasText: 'Fire' }).filter({ hasText: /with .?Tina/ }).first()
    await line.getByRole('button', { name: 'Watch', exact: true }).click()
    await sue.getByText('Watching: read only, audited').waitFor()
    await sue.getByRole('log').getByText('I do not know').waitFor()
    await sue.getByRole('tab', { name: 'Place and media' }).click()
    await sue.getByRole('button', { name: 'Show live picture' }).click()
    await sue.locator('video[data-pictured=true]').waitFor()
    expect((await sue.getByRole('button', { name: 'Talk', exact: true }).count()) === 0, 'who watches cannot talk')
    // RE7: the resident reads who watches, supervisors too, and that nothing is recorded.
    await resident.getByText(/Watching:\W+1\W+telecommunicator\W+1\W+supervisor/).waitFor()
    await resident.getByText('It is not recorded.').waitFor()
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

    await tina.locator('[data-act=close]').click()
    await tina.getByRole('radio', { name: 'Help was sent' }).check()
    await tina.getByRole('dialog').getByRole('button', { name: 'Close session' }).click()
    await tina.getByText(/Closed: .*Help was sent/).waitFor()
    await resident.getByRole('heading', { name: 'This report is closed' }).waitFor()
    await sue.getByRole('tab', { name: 'Closed' }).click()
    await sue.locator('tr[data-session]').filter({ hasText: 'closed' }).first().waitFor()
  },
  'RE3 TC16 SV3: a crash in the middle of the whole job loses nothing, doubles nothing, and all three go on without a reload': async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, 'there is smoke in the cellar')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('there is smoke in the cellar').waitFor()
    await staffSays(tina, 'Is anybody inside?')
    await resident.getByRole('list').getByText('Is anybody inside?', { exact: true }).waitFor()
    await resident.locator('.compose input[type=file]').setInputFiles(await jpeg(resident))
    await tina.getByText('original sealed').waitFor()
    await resident.locator('[data-original=stored]').waitFor()
    await tina.locator('[data-ask=video]:enabled').click()
    await residentGrants(resident, 'video')
    await tina.getByRole('button', { name: 'Show live picture' }).click()
    await moves(tina)
    const line = sue.locator('tr[data-session]').filter({ hasText: /with .?Tina/ })
    await line.getByRole('button', { name: 'Watch', exact: true }).click()
    const watching = sue.getByRole('region', { name: 'Watched session' })
    await watching.getByRole('log').getByText('Is anybody inside?', { exact: true }).waitFor()
    await residentSays(resident, 'I do not know')
    await safe(resident, 'I do not know')
    // A place, where help goes, a note, and a priority by hand.
    await tina.locator('[data-ask=place]:enabled').click()
    await residentGrants(resident, 'place')
    const place = tina.getByRole('region', { name: 'Place', exact: true })
    await place.getByText('40.00010, -99.99980').first().waitFor()
    await place.getByRole('button', { name: 'Use this location' }).click()
    await place.getByRole('button', { name: 'This fix is in use' }).waitFor()
    await tina.getByRole('tab', { name: /^Notes/ }).click()
    await tina.locator('#note').fill('caretaker has the keys')
    await tina.getByRole('button', { name: 'Add note' }).click()
    const notes = tina.getByRole('list', { name: 'Notes' }).getByText('caretaker has the keys')
    await notes.waitFor()
    await tina.getByRole('tab', { name: /^Chat/ }).click()
    await line.getByRole('button', { name: 'Priority', exact: true }).click()
    await sue.getByRole('radio', { name: /Life at risk/ }).check()
    await sue.getByLabel('Why (stays in the record)').fill('somebody may be inside')
    await sue.getByRole('button', { name: 'Change', exact: true }).click()
    const urgent = tina.getByRole('button', { name: /Life at risk/ }).first()
    await urgent.waitFor()
    const pages = [resident, tina, sue]
    let reloads = 0
    for (const page of pages) page.on('framenavigated', () => (reloads += 1))

    await story.gateway.down('SIGKILL')
    await resident.locator('.away').waitFor()
    for (const page of [tina, sue]) await page.getByText('Connection lost.').waitFor()
    await residentSays(resident, 'somebody calls from the window')
    await story.gateway.up()

    // Texts go both ways again, and what was promised stands there once.
    await safe(resident, 'somebody calls from the window')
    for (const page of [tina, sue]) await page.getByText('Connection lost.').waitFor({ state: 'hidden' })
    await tina.getByRole('log').getByText('somebody calls from the window').waitFor()
    await staffSays(tina, 'They are on their way')
    await resident.getByRole('list').getByText('They are on their way', { exact: true }).waitFor()
    await line.waitFor()
    const said = ['there is smoke in the cellar', 'Is anybody inside?', 'I do not know', 'somebody calls from the window', 'They are on their way']
    await watching.getByRole('log').getByText('They are on their way', { exact: true }).waitFor()
    for (const words of said) {
      for (const list of [resident.getByRole('list'), tina.getByRole('log'), watching.getByRole('log')]) {
        const times = await list.getByText(words, { exact: true }).count()
        expect(times === 1, `“${words}” once, not ${String(times)} times`)
      }
    }
    expect((await resident.locator('[data-original=stored]').count()) === 1, 'one photo, stored')
    expect((await tina.getByText('original sealed').count()) === 1, 'one photo at the console')
    expect(await tina.getByRole('button', { name: 'Give back', exact: true }).isEnabled(), 'the console still owns the session')

    // So does what was decided: a page opened only now reads it from the gateway, not from its own memory.
    await urgent.waitFor()
    await place.getByRole('button', { name: 'This fix is in use' }).waitFor()
    await tina.getByRole('tab', { name: /^Notes/ }).click()
    await notes.waitFor()
    expect((await notes.count()) === 1, 'the note stands once')
    const other = await supervisorOf(story)
    await other.locator('tr[data-session]').filter({ hasText: /with .?Tina/ }).getByRole('button', { name: 'Watch', exact: true }).click()
    const record = other.getByRole('region', { name: 'Watched session' })
    await record.getByRole('button', { name: /Life at risk/ }).first().waitFor()
    await record.getByRole('tab', { name: /^Timeline/ }).click()
    for (const words of [/sends help to .?40.00010/, /granted .*place/, /changed the priority/, /somebody may be inside/, /took the session/]) {
      const lines = record.getByRole('list', { name: 'Timeline' }).getByText(words)
      await lines.first().waitFor()
      expect((await lines.count()) === 1, `${String(words)} once in the timeline`)
    }

    // The picture flows again. Where the resident was back later than the console it had stopped, and what has stopped is covered.
    await resident.locator('[data-live=flowing]').waitFor()
    const show = tina.getByRole('button', { name: 'Show live picture' })
    await show.or(tina.locator('video[data-pictured=true]')).first().waitFor()
    if (await show.isVisible()) await show.click()
    await moves(tina)
    expect(reloads === 0, 'no page was loaded again')
  },
}
