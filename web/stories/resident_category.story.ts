// What is happening was told wrong: the resident corrects it, and whoever has the session sees it at once.
import { expect, within, type Story } from './harness.ts'
import { begin, safe } from './resident_hands.ts'
import { accessible, consoleOf } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE1 RE3 a wrong category is corrected by keys, without a network too, once; the console shows what it was, and the priority only rises'(story) {
    const page = await begin(story)
    await page.getByText('Someone is hurt or ill').waitFor()
    const tina = await consoleOf(story, 'tina')
    const row = tina.locator('[data-session]').first()
    await row.getByText('Medical').waitFor()
    await tina.locator('body').press('n')
    const head = tina.getByRole('heading', { level: 2, name: 'Medical' })
    await head.waitFor()

    await page.context().setOffline(true)
    const change = page.getByRole('button', { name: 'Change', exact: true })
    await change.focus()
    await page.keyboard.press('Enter')
    const choice = page.getByRole('group', { name: 'What is happening?' })
    expect((await choice.getByRole('button').count()) === 8, 'what was said is no choice')
    await choice.getByRole('button', { name: 'Fire or smoke' }).focus()
    await page.keyboard.press('Enter')
    await choice.waitFor({ state: 'detached' })
    await within('the focus is back', () => change.evaluate((button) => button === document.activeElement))
    const item = page.locator('ol > li', { hasText: 'Now: ' })
    await item.locator('[data-safety=device]').waitFor()
    await page.locator('#category').getByText('Fire or smoke').waitFor()
    await page.context().setOffline(false)
    await safe(page, 'Now: ')
    expect((await item.count()) === 1, 'once')

    await tina.getByRole('heading', { level: 2, name: 'Fire' }).waitFor()
    await tina.locator('[data-category-was]').getByText('Medical').waitFor()
    await tina.getByRole('tab', { name: /Timeline/ }).click()
    await tina.getByText(/changed the category from .?Medical.? to .?Fire/).first().waitFor()
    await accessible(tina, 'a corrected category')
    await accessible(page, 'a corrected category, at the resident')
    await page.reload()
    await page.locator('#category').getByText('Fire or smoke').waitFor()
  },
}
