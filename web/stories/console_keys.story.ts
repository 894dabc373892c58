// The console without a mouse, and as assistive technology sees it.
import { expect, type Story } from './harness.ts'
import { accessible, consoleOf, residentWith } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC6 AL3: take, write, note and close with the keyboard only': async (story) => {
    const words = `keys ${String(Date.now())}`
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, words)
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('?')
    await tina.getByRole('dialog', { name: 'Keys' }).waitFor()
    await tina.keyboard.press('Escape')
    expect((await tina.getByRole('dialog').count()) === 0, 'Esc closes')
    await tina.keyboard.press('/')
    await tina.keyboard.type('nothing like this')
    await tina.getByText('Nothing here matches.').waitFor()
    await tina.locator('#queue-find').fill('')
    await tina.keyboard.press('Escape')
    await tina.keyboard.press('n')
    await tina.getByRole('log').waitFor()
    await tina.keyboard.press('c')
    await tina.waitForFunction(() => document.activeElement?.id === 'composer')
    await tina.keyboard.type('no need for n or t here')
    await tina.keyboard.press('Enter')
    await tina.getByRole('log').getByText('no need for n or t here').waitFor()
    await tina.keyboard.press('Escape')
    await tina.getByRole('button', { name: 'Close session' }).focus()
    await tina.keyboard.press('Enter')
    await tina.getByRole('dialog').waitFor()
    await tina.keyboard.press('Space')
    await tina.getByRole('dialog').getByRole('button', { name: 'Close session' }).focus()
    await tina.keyboard.press('Enter')
    await tina.getByText(/Closed: .*Help was sent/).waitFor()
    await resident.context().close()
  },
  ...Object.fromEntries(
    (['light', 'dark'] as const).map((colorScheme) => [
      `AL1-AL6: nothing serious for axe on the console, ${colorScheme}`,
      async (story: Story): Promise<void> => {
        const page = await story.visit('/console/', { colorScheme, viewport: { width: 1440, height: 900 }, locale: 'en-US' })
        await accessible(page, 'signing in')
        const tina = await consoleOf(story, 'tina', { colorScheme })
        await residentWith(story, 'axe looks at this')
        await tina.locator('#queue-panel [data-row]').first().click()
        await accessible(tina, 'queue')
        await tina.keyboard.press('t')
        await tina.getByRole('log').waitFor()
        await accessible(tina, 'session')
        await tina.getByRole('tab', { name: /^Timeline/ }).click()
        await accessible(tina, 'timeline')
        await tina.getByRole('button', { name: 'Transfer' }).click()
        await accessible(tina, 'dialog')
      },
    ]),
  ),
  'AL6: at 320 px nothing of the console is cut or scrolls sideways': async (story) => {
    const tina = await consoleOf(story, 'tina', { viewport: { width: 320, height: 640 } })
    const over = await tina.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(over <= 0, `the page is ${String(over)} px too wide`)
  },
}
