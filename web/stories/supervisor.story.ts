// The supervisor's page: figures, people, watching, acting on sessions.
import { accessible, clean, consoleOf, must, open, residentWith, signIn, supervisorOf, type Stage } from './staff_hands.ts'

export const stories = [
  {
    title: 'SV1 SV7: queues, people and what safe is worth stand on one live screen',
    async run(stage: Stage): Promise<void> {
      const sue = await supervisorOf(stage)
      await sue.getByText('What “safe” is worth here:').waitFor()
      const tina = await consoleOf(stage, 'tina')
      await tina.getByLabel('My state').selectOption('available')
      const person = sue.getByRole('row').filter({ hasText: 'telecommunicator' }).filter({ hasText: 'Available' })
      await person.first().waitFor()
      await tina.getByLabel('My state').selectOption('break')
      await sue.getByText(/Not available: .*Break/).waitFor()
      clean(sue, tina)
    },
  },
  {
    title: 'SV3 SV4: a session is taken away in one explicit act, and its owner is told',
    async run(stage: Stage): Promise<void> {
      const words = `taken away ${String(Date.now())}`
      const sue = await supervisorOf(stage)
      const tina = await consoleOf(stage, 'tina')
      await residentWith(stage, words)
      await tina.locator('#queue-panel [data-row]').filter({ hasText: 'Fire' }).last().click()
      await tina.keyboard.press('t')
      await tina.getByRole('log').getByText(words).waitFor()
      await sue.locator('tr[data-session]').filter({ hasText: 'with tina' }).last().getByRole('button', { name: 'Take away' }).click()
      await sue.getByRole('dialog').getByRole('button', { name: 'Take away' }).click()
      await tina.getByText('You do not own this session any more.').waitFor()
      clean(sue, tina)
    },
  },
  {
    title: 'SV3: a telecommunicator is not let onto the supervisor page',
    async run(stage: Stage): Promise<void> {
      const page = await open(stage, '/supervisor/', { locale: 'en-US' })
      await signIn(page, 'tina').catch(() => undefined)
      await page.getByText('This page is for supervisors.').waitFor()
    },
  },
  ...(['light', 'dark'] as const).map((colorScheme) => ({
    title: `AL1-AL6: nothing serious for axe on the supervisor page, ${colorScheme}`,
    async run(stage: Stage): Promise<void> {
      const sue = await supervisorOf(stage, { colorScheme })
      await residentWith(stage, 'axe looks at this')
      const line = sue.locator('tr[data-session]').first()
      await line.getByRole('button', { name: 'Watch', exact: true }).click()
      await sue.getByText('Watching: read only, audited').waitFor()
      await accessible(sue, 'watching')
      await line.getByRole('button', { name: 'Priority', exact: true }).click()
      await accessible(sue, 'dialog')
      must((await sue.getByRole('dialog').count()) === 1, 'the dialog is open')
      clean(sue)
    },
  })),
]
