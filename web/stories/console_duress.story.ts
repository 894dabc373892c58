// The agency's word for duress: staff see it at once, and nothing on the resident's screen or in what it is sent tells that it was read.
import { readFile } from 'node:fs/promises'
import { expect, type Story } from './harness.ts'
import { accessible, consoleOf, residentWith, supervisorOf } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC11: a word for duress marks the session in the list, at its head and for the supervisor, and the resident is told nothing of it': async (story) => {
    const shipped = await readFile(new URL('../../config/triage.toml', import.meta.url), 'utf8')
    const example = shipped.indexOf('# [[rule]]')
    expect(example > 0, 'the file of rules has the example')
    // The example as an agency would switch it on: without the sign in front of its lines.
    await story.gateway.rules(shipped.slice(0, example) + shipped.slice(example).replace(/^# /gm, ''))
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const ann = await residentWith(story, 'just a small kitchen fire, it is out')
    const row = tina.locator('[data-row]').first()
    await row.waitFor()
    expect((await row.getByText('DURESS').count()) === 0, 'not before the word')
    await tina.locator('body').press('n')
    const head = tina.locator('header').filter({ has: tina.getByRole('heading', { name: 'Fire', exact: true }) })
    await head.waitFor()
    // Somebody has it already, and it is as urgent as the rules make it: the word is read all the same.
    await ann.getByRole('textbox').first().fill('we are fine, aunt rosalind called')
    await ann.getByRole('button', { name: 'Send', exact: true }).click()
    await head.getByText('DURESS', { exact: true }).waitFor()
    expect((await head.locator('.duress svg').count()) === 1, 'it has a shape beside its word')
    await residentWith(story, 'a fire, aunt rosalind called')
    await row.getByText('DURESS', { exact: true }).waitFor()
    await accessible(tina, 'a session under duress')
    const sue = await supervisorOf(story)
    await sue.locator('tbody').getByText('DURESS', { exact: true }).nth(1).waitFor()

    const seen = await ann.evaluate(() => document.documentElement.outerHTML)
    expect(!/duress|contrainte/i.test(seen), 'the resident page says nothing')
    await ann.reload()
    await ann.getByText('aunt rosalind called').waitFor()
    expect(!/duress/i.test(await ann.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...sessionStorage, ...localStorage }))), 'nor after a reload')
  },
}
