// A whole shift at the console by keys alone: no pointer, no focus set by a script, and the focus in sight wherever it goes.
import type { Page } from 'playwright-core'
import { expect, within, type Story } from './harness.ts'
import { go, inSight } from './keyboard.ts'
import { jpeg, residentGrants, residentWith, signIn } from './staff_hands.ts'

/** A key, and where the focus is then. */
async function press(page: Page, key: string): Promise<void> {
  await page.keyboard.press(key)
  await inSight(page)
}

async function stands(page: Page, medium: string, how: string): Promise<void> {
  await page.locator(`[data-ask=${medium}][data-stands=ask-${how}]`).waitFor()
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC6: a shift without a mouse: sign in, take, ask for everything, show it, say how urgent it is, note, hand on, contact back, close': async (story) => {
    const tina = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    const keys = tina.keyboard
    await tina.locator('[name=agency]').waitFor()
    for (const [field, value] of [[/^agency$/, 'demo.example'], [/^name$/, 'tina'], [/^passphrase$/, 'demo-tina-911']] as const) {
      await go(tina, field)
      await keys.type(value)
    }
    await press(tina, 'Enter')
    await tina.getByText('Connected', { exact: true }).waitFor()
    await go(tina, /^Available/)
    await press(tina, 'ArrowUp')
    await within('she is available', async () => (await tina.getByLabel('My state').inputValue()) === 'available')
    await press(tina, 'Shift+Tab')

    const resident = await residentWith(story, 'there is smoke in the cellar')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await press(tina, 'n')
    await tina.getByRole('log').getByText('there is smoke in the cellar').waitFor()
    await press(tina, 'c')
    await keys.type('Are you outside?')
    await press(tina, 'Enter')
    await resident.getByRole('list').getByText('Are you outside?', { exact: true }).waitFor()
    await press(tina, 'Escape')

    // Everything is asked for, comes, and is used.
    for (const [key, medium] of [['p', 'place'], ['f', 'photo'], ['v', 'video'], ['d', 'audio']] as const) {
      await press(tina, key)
      await stands(tina, medium, 'asked')
    }
    await residentGrants(resident, 'place')
    await stands(tina, 'place', 'flowing')
    await press(tina, 'u')
    await tina.getByRole('button', { name: /^This fix is in use/ }).waitFor()
    await resident.locator('.compose input[type=file]').setInputFiles(await jpeg(resident))
    await tina.getByText('original sealed').waitFor()
    await press(tina, 'r')
    await tina.getByRole('img', { name: /^Photo .* from the resident/ }).waitFor()
    await residentGrants(resident, 'video')
    await stands(tina, 'video', 'flowing')
    await press(tina, 'q')
    await tina.locator('video[data-pictured=true]').waitFor()
    await press(tina, 'q')
    await tina.locator('video').waitFor({ state: 'detached' })

    await press(tina, 'w')
    await tina.getByRole('dialog').waitFor()
    await keys.type('somebody may be inside')
    await press(tina, 'Shift+Tab')
    await press(tina, 'ArrowUp')
    await go(tina, /^Change$/)
    await press(tina, 'Enter')
    await tina.getByRole('dialog').waitFor({ state: 'detached' })

    await press(tina, 'e')
    await keys.type('caretaker has the keys')
    await go(tina, /^Add note/)
    await press(tina, 'Enter')
    await tina.getByRole('list', { name: 'Notes' }).getByText('caretaker has the keys').waitFor()
    await press(tina, ';')
    await press(tina, 'ArrowDown')
    await tina.locator('[data-timer]').waitFor()
    await press(tina, ';')
    await tina.locator('[data-timer]').waitFor({ state: 'detached' })

    // Given back, taken again, and handed to a colleague, who has it then.
    await press(tina, 'b')
    await tina.getByText('You do not own this session any more.').waitFor()
    await tina.locator('[data-act=next]:enabled').waitFor()
    await press(tina, 'n')
    await tina.locator('[data-act=transfer]:enabled').waitFor()
    const tom = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    await signIn(tom, 'tom')
    await press(tina, 'o')
    await tina.getByRole('dialog').waitFor()
    await press(tina, 'ArrowDown')
    await press(tina, 'Tab')
    await keys.type('tom')
    await go(tina, /^Transfer$/)
    await press(tina, 'Enter')
    await tina.getByRole('dialog').waitFor({ state: 'detached' })
    await tom.getByText(/handed to you/).first().waitFor()
    await tom.keyboard.press('j')
    await tom.getByRole('log').getByText('there is smoke in the cellar').waitFor()
    await tina.getByText(/Tom.? has this session now/).waitFor()
    await press(tina, '-')
    await tina.getByText('Nothing selected').waitFor()

    // Somebody leaves before an answer: found in the list, taken, and closed.
    const other = await residentWith(story, 'it was nothing')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await other.getByRole('button', { name: 'Leave the report' }).click()
    await other.getByRole('button', { name: 'Yes, leave' }).click()
    await within('abandoned', async () => /1/.test(await tina.locator('#queue-tab-abandoned').innerText()))
    await press(tina, '/')
    await press(tina, 'Tab')
    await press(tina, 'ArrowRight')
    await press(tina, 'ArrowRight')
    await go(tina, /Fire/)
    await press(tina, 'Enter')
    await press(tina, 't')
    await tina.getByRole('log').getByText('it was nothing').waitFor()
    await press(tina, 'x')
    await tina.getByRole('dialog').waitFor()
    await press(tina, 'Space')
    for (let step = 0; step < 5; step += 1) await press(tina, 'ArrowDown')
    await go(tina, /^Close session$/)
    await press(tina, 'Enter')
    await tina.getByText(/Closed: .*Nothing to do/).waitFor()
    expect((await tina.getByRole('dialog').count()) === 0, 'the dialog is gone')
  },
}
