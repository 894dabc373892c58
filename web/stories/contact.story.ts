// How a resident can be reached when the page closes: asked once, never needed, read by who has to contact back.
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { begin, write } from './resident_hands.ts'
import { consoleOf } from './staff_hands.ts'

const QUESTION = { name: 'If this page closes, may we call you?' }

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC13 RE16: who waits is asked once for a number; the abandoned list and the session have it to call and to copy': async (story) => {
    const tina = await consoleOf(story, 'tina', { permissions: ['clipboard-read', 'clipboard-write'] })
    const page = await begin(story)
    const question = page.getByRole('region', QUESTION)
    expect((await question.count()) === 0, 'one question at a time: the place comes first')
    await page.getByRole('region', { name: 'May we see where you are?' }).getByRole('button', { name: 'No', exact: true }).click()
    await question.getByLabel('Your phone number').fill('+1 (555) 010-0199')
    await question.getByRole('button', { name: 'Send my number' }).click()
    await page.locator('li', { hasText: 'They can call' }).locator('[data-safety=safe]').waitFor()
    await question.waitFor({ state: 'detached' })
    // A wrong number is put right, and what was told last counts.
    await page.getByText('More choices').click()
    await page.getByLabel('Your phone number').fill('555 0123, ask for Ann')
    await page.getByRole('button', { name: 'Send my number' }).click()
    await page.locator('li', { hasText: '555 0123' }).locator('[data-safety=safe]').waitFor()
    await page.reload()
    await page.locator('li', { hasText: '555 0123' }).waitFor()
    expect((await question.count()) === 0, 'not asked again after a reload')

    const row = tina.locator('#queue-panel [data-row]')
    await row.click()
    expect((await tina.locator('[data-contact]').count()) === 0, 'while somebody is there nobody has to call')
    await page.getByRole('button', { name: 'Leave the report' }).click()
    await page.getByRole('button', { name: 'Yes, leave' }).click()
    await tina.getByRole('tab', { name: /^Abandoned 1/ }).click()
    await row.getByText('contact').waitFor()
    await row.click()
    const contact = tina.locator('#queue-panel [data-contact]')
    await contact.getByText('555 0123, ask for Ann').waitFor()
    expect((await contact.getByRole('link', { name: 'Call' }).getAttribute('href')) === 'tel:5550123', 'one tap calls')
    await contact.getByRole('button', { name: 'Copy' }).click()
    await contact.getByText('Copied.').waitFor()
    expect((await tina.evaluate(() => navigator.clipboard.readText())) === '555 0123, ask for Ann', 'copied as it was written')
    await tina.getByRole('button', { name: /^Take, to contact back/ }).click()
    await tina.locator('article [data-contact]').getByRole('link', { name: 'Call' }).waitFor()
    await tina.getByRole('tab', { name: /^Timeline/ }).click()
    await tina.getByRole('list', { name: 'Timeline' }).getByText(/can be reached: .?555 0123/).waitFor()
  },

  'TC13 AL7: a no is a no, over a reload too; who is with somebody already is not asked': async (story) => {
    const page = await begin(story)
    await page.getByRole('region', { name: 'May we see where you are?' }).getByRole('button', { name: 'No', exact: true }).click()
    const question = page.getByRole('region', QUESTION)
    await question.getByRole('button', { name: 'No', exact: true }).click()
    await question.waitFor({ state: 'detached' })
    await write(page, 'I hear shouting')
    await page.locator('[data-safety=safe]').first().waitFor()
    await page.reload()
    await page.locator('li', { hasText: 'I hear shouting' }).waitFor()
    await page.getByRole('region', { name: 'May we see where you are?' }).getByRole('button', { name: 'No', exact: true }).click()
    expect((await question.count()) === 0, 'not asked again')

    const other = await begin(story)
    const tina = await story.telecommunicator()
    await tina.take()
    await tina.take()
    await other.getByText('A person is with you now.').first().waitFor()
    await other.getByRole('region', { name: 'May we see where you are?' }).getByRole('button', { name: 'No', exact: true }).click()
    expect((await other.getByRole('region', QUESTION).count()) === 0, 'a person is there')
  },

  'TC13 RE11 RE12: in silent mode nobody asks for a number; after a quick exit it is not in the list; a silent one is not one press from being called': async (story) => {
    const page = await begin(story, '/?silent')
    await page.getByRole('region', { name: 'May we see where you are?' }).getByRole('button', { name: 'No', exact: true }).click()
    expect((await page.getByRole('region', QUESTION).count()) === 0, 'a call could be heard')
    await page.getByText('More choices').click()
    expect((await page.getByLabel('Your phone number').count()) === 0, 'nor among the choices')
    await page.close()

    const tina = await consoleOf(story, 'tina')
    const quick = await Reporter.report(story, { category: 'violence', text: 'he is here', contact: '555 0100' })
    await quick.do({ kind: 'leave', quick_exit: true })
    const silent = await Reporter.report(story, { category: 'welfare', text: 'please come', contact: '555 0101', silent: true })
    await silent.do({ kind: 'leave', quick_exit: false })
    await tina.getByRole('tab', { name: /^Abandoned 2/ }).click()
    const rows = tina.locator('#queue-panel [data-row]')
    await rows.filter({ hasText: 'Violence' }).click()
    await tina.getByText('Left by quick exit: do not contact back unasked.').waitFor()
    expect((await tina.locator('[data-contact]').count()) === 0, 'not contacted unasked')
    await rows.filter({ hasText: 'SILENT' }).click()
    const contact = tina.locator('#queue-panel [data-contact]')
    await contact.getByText('555 0101').waitFor()
    expect((await contact.getByRole('link').count()) === 0, 'a call could be heard there')
    await contact.getByRole('button', { name: 'Copy' }).waitFor()
  },

  'RE15: when the target of the answer has passed the page says that it takes longer, and that the place is kept': async (story) => {
    await story.telecommunicator()
    const page = await begin(story)
    await write(page, 'she is not breathing')
    await page.getByText('You are number').waitFor()
    expect((await page.getByText('It takes longer than usual.').count()) === 0, 'not before')
    // Ten seconds for a life at risk.
    await within('it is told', () => page.getByText('It takes longer than usual. You keep your place.').isVisible(), 40_000)
  },
}
