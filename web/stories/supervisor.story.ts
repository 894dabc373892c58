// The supervisor's page: figures, people, watching, acting on sessions.
import { expect, type Story } from './harness.ts'
import { accessible, consoleOf, residentWith, signIn, supervisorOf } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'SV1 SV7: queues, people and what safe is worth stand on one live screen': async (story) => {
    const sue = await supervisorOf(story)
    await sue.getByText('What “safe” is worth here:').waitFor()
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const person = sue.getByRole('row').filter({ hasText: 'telecommunicator' }).filter({ hasText: 'Available' })
    await person.first().waitFor()
    await tina.getByLabel('My state').selectOption('break')
    await sue.getByText(/Not available: .*Break/).waitFor()
  },
  'SV3 SV4: a session is taken away in one explicit act, and its owner is told': async (story) => {
    const words = `taken away ${String(Date.now())}`
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    await residentWith(story, words)
    await tina.locator('#queue-panel [data-row]').filter({ hasText: 'Fire' }).last().click()
    await tina.keyboard.press('t')
    await tina.getByRole('log').getByText(words).waitFor()
    await sue.locator('tr[data-session]').filter({ hasText: /with .?tina/ }).last().getByRole('button', { name: 'Take away' }).click()
    await sue.getByRole('dialog').getByRole('button', { name: 'Take away' }).click()
    await tina.getByText('You do not own this session any more.').waitFor()
  },
  'SV3: a telecommunicator is not let onto the supervisor page': async (story) => {
    const page = await story.visit('/supervisor/', { locale: 'en-US' })
    await signIn(page, 'tina').catch(() => undefined)
    await page.getByText('This page is for supervisors.').waitFor()
  },
  ...Object.fromEntries(
    (['light', 'dark'] as const).map((colorScheme) => [
      `AL1-AL6: nothing serious for axe on the supervisor page, ${colorScheme}`,
      async (story: Story): Promise<void> => {
        const sue = await supervisorOf(story, { colorScheme })
        await residentWith(story, 'axe looks at this')
        const line = sue.locator('tr[data-session]').first()
        await line.getByRole('button', { name: 'Watch', exact: true }).click()
        await sue.getByText('Watching: read only, audited').waitFor()
        await accessible(sue, 'watching')
        await line.getByRole('button', { name: 'Priority', exact: true }).click()
        await accessible(sue, 'dialog')
        expect((await sue.getByRole('dialog').count()) === 1, 'the dialog is open')
      },
    ]),
  ),
}
