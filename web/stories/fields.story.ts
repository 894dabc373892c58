// The agency's own questions: asked once the report is open, answered by keys on the smallest screen, read by who helps.
import type { Locator, Page } from 'playwright-core'
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, tooWide } from './staff_hands.ts'

const LONG = 'Welchezusammenhängendebezeichnungohnejedenzwischenraumtragendiegebäudeteilewennüberhaupt?'
const SETTINGS = `
[[agency.fields]]
id = "building"
label = { en = "<b onclick=ran()>Which building?</b>", fr = "Quel bâtiment ?", ar = "أي مبنى؟" }
kind = "text"
max_chars = 80
[[agency.fields]]
id = "floor"
label = { en = "${LONG}" }
kind = "choice"
options = [{ id = "ground", label = { en = "Ground floor" } }, { id = "above", label = { en = "Above", fr = "Plus haut" } }]
categories = ["fire"]
[[agency.fields]]
id = "gas"
label = { en = "Do you smell gas?" }
kind = "yes_no"
categories = ["fire"]
[[agency.fields]]
id = "crash"
label = { en = "How many cars?" }
kind = "text"
categories = ["traffic"]
`
const ALL = SETTINGS.trimStart()

/** Presses Tab until this has the focus, then the key. */
async function byKeys(page: Page, target: Locator, key = 'Enter'): Promise<void> {
  await target.waitFor()
  for (let press = 0; press < 80; press += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return page.keyboard.press(key)
    await page.keyboard.press('Tab')
  }
  throw new Error(`no key led to ${String(target)}`)
}

/** Whether this has the focus. */
function focused(page: Page, selector: string): Promise<boolean> {
  return page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'OP2: questions of the agency are answered by keys at 320 px, stand with the session, change without a restart and lose no answer'(story) {
    await story.gateway.edit((text) => text.replace('[[agencies]]', `${ALL}\n[[agencies]]`))
    const tina = await consoleOf(story, 'tina')
    const page = await story.visit('/', { viewport: { width: 320, height: 568 }, locale: 'en-US' })
    await within('the questions are told', async () => ((await (await fetch(`${story.gateway.origin}/api/v1/agency`)).json()) as { fields?: unknown[] }).fields?.length === 4)
    await page.reload()
    await byKeys(page, page.getByRole('button', { name: 'Fire or smoke' }))
    await page.locator('#text').waitFor()
    // The page's own questions come first.
    await byKeys(page, page.locator('[aria-labelledby=place-question] .choices button').nth(1))
    await byKeys(page, page.locator('[aria-labelledby=contact-question] .choices button').nth(1))
    const card = page.locator('section[aria-labelledby=field-question]')
    const question = page.locator('#field-question')
    await question.getByText('<b onclick=ran()>Which building?</b>').waitFor()
    expect((await question.locator('*').count()) === 0, 'markup is text')
    expect((await tooWide(page)) <= 0, 'nothing scrolls sideways')
    await accessible(page, 'a question of the agency')
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.locator('[data-ask=place]:enabled').waitFor()

    await byKeys(page, card.locator('input'), 'a')
    await page.keyboard.type(' <i>mill</i>')
    await page.keyboard.press('Enter')
    await question.getByText(LONG).waitFor()
    await within('the next question has the focus', () => focused(page, '#field-question'))
    expect((await tooWide(page)) <= 0, 'a long word breaks')
    await byKeys(page, card.getByRole('button', { name: 'Above' }))
    await question.getByText('Do you smell gas?').waitFor()
    await byKeys(page, card.getByRole('button', { name: 'Skip' }))
    await question.waitFor({ state: 'detached' })
    await within('the text has the focus', () => focused(page, '#text'))

    // Read by who helps: with the session, in the chat, in the timeline.
    const answers = tina.locator('.answers')
    await answers.locator('[data-field=building] dd').getByText('a <i>mill</i>', { exact: true }).waitFor()
    await answers.locator('[data-field=floor] dd').getByText('Above', { exact: true }).waitFor()
    expect((await answers.locator('[data-field=gas]').count()) === 0, 'what was skipped is not said')
    await tina.getByRole('log').getByText('<b onclick=ran()>Which building?</b>').waitFor()
    await accessible(tina, 'a session with answers')
    // In the words of the page's language, where the agency has them.
    await tina.getByLabel('Language').selectOption('fr')
    await answers.locator('[data-field=building] dt').getByText('Quel bâtiment ?', { exact: true }).waitFor()
    await answers.locator('[data-field=floor] dt').getByText(LONG).waitFor()
    await answers.locator('[data-field=floor] dd').getByText('Plus haut', { exact: true }).waitFor()
    await tina.getByRole('log').getByText('Quel bâtiment ?').waitFor()
    await tina.getByLabel('Langue').selectOption('en')

    // What was skipped can be answered after all, and anew: the newest counts.
    await page.locator('summary').click()
    await page.getByRole('button', { name: 'Do you smell gas?' }).click()
    await within('the question has the focus', () => focused(page, '#field-question'))
    await card.getByRole('button', { name: 'Yes', exact: true }).click()
    await answers.locator('[data-field=gas] dd').getByText('Yes', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Do you smell gas?' }).click()
    await card.getByRole('button', { name: 'No', exact: true }).click()
    await answers.locator('[data-field=gas] dd').getByText('No', { exact: true }).waitFor()

    // Right to left, in the words of that language, and in English where there are none.
    await page.getByRole('button', { name: LONG }).click()
    await page.locator('button[lang=ar]').first().click()
    await within('the page is Arabic', () => page.evaluate(() => document.documentElement.dir === 'rtl'))
    await question.getByText(LONG).waitFor()
    expect((await tooWide(page)) <= 0, 'nothing scrolls sideways')

    // Without a network an answer waits; meanwhile the agency asks something else, and nothing is lost.
    await page.context().setOffline(true)
    await card.getByRole('button', { name: 'Ground floor' }).click()
    await story.gateway.edit((text) => text.replace(ALL, '[[agency.fields]]\nid = "roof"\nlabel = { en = "Can you reach a roof?" }\nkind = "yes_no"\n'))
    await within('other questions are told', async () => ((await (await fetch(`${story.gateway.origin}/api/v1/agency`)).json()) as { fields?: unknown[] }).fields?.length === 1)
    await page.context().setOffline(false)
    await question.getByText('Can you reach a roof?').waitFor()
    const refused = page.locator('[data-refused=no_such_field]')
    await refused.waitFor()
    await page.locator('li:has([data-refused=no_such_field]) button').click()
    await tina.getByRole('log').getByText('Ground floor').waitFor()
    // The record stays as it was asked.
    await answers.locator('[data-field=building] dt').getByText('<b onclick=ran()>Which building?</b>', { exact: true }).waitFor()
    await tina.getByRole('tab', { name: /^Timeline/ }).click()
    await tina.getByRole('list', { name: 'Timeline' }).getByText(/answered .*Do you smell gas.*No/).waitFor()
  },
}
