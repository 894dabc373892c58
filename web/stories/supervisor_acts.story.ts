// What a supervisor does to sessions: watches without being able to send, takes away, finds what has no console or no resident.
import { alone, expect, within, type Story } from './harness.ts'
import { consoleOf, residentWith, supervisorOf } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'SV3: watching shows and tells, asks for no camera and no microphone, and is in the record': async (story) => {
    const words = 'somebody watches this'
    const resident = await residentWith(story, words)
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    // Chromium without permissions given: a page that asked for a device would be seen here.
    await sue.evaluate(() => {
      const asked: string[] = []
      Object.assign(window, { asked })
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error(String(asked.push('asked'))))
    })
    await sue.locator('tr[data-session]').first().getByRole('button', { name: 'Watch', exact: true }).click()
    const watching = sue.getByRole('region', { name: 'Watched session' })
    await watching.getByText('Watching: read only, audited').waitFor()
    await watching.getByText(words).waitFor()
    expect((await watching.locator('textarea, #composer').count()) === 0, 'nothing to write with')
    await watching.getByRole('tab', { name: /Timeline/ }).click()
    await watching.getByText(/watches/).first().waitFor()
    const policy = await sue.evaluate(async () => (await fetch(location.href)).headers.get('permissions-policy'))
    expect(/camera=\(\)/.test(policy ?? '') && /microphone=\(\)/.test(policy ?? ''), `the header forbids both, not ${policy ?? 'none'}`)
    expect((await sue.evaluate(() => (window as unknown as { asked: string[] }).asked)).length === 0, 'no device was asked for')
    await tina.getByText('Connected', { exact: true }).waitFor()
    await resident.getByText(words).first().waitFor()
    await watching.getByRole('button', { name: 'Stop watching' }).click()
    await watching.waitFor({ state: 'detached' })
  },
  'SV3: a telecommunicator is not let onto the supervisor page': async (story) => {
    const page = await story.visit('/supervisor/', { locale: 'en-US' })
    for (const [field, value] of [['agency', 'demo.example'], ['name', 'tina'], ['passphrase', 'demo-tina-911']]) await page.locator(`[name=${String(field)}]`).fill(String(value))
    await page.locator('button[type=submit]').click()
    await page.getByText('This page is for supervisors.').waitFor()
  },
  'SV4: a session is taken away in one explicit act, and its owner is told': async (story) => {
    const words = 'taken away'
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    await residentWith(story, words)
    await tina.locator('#queue-panel [data-row]').filter({ hasText: 'Fire' }).last().click()
    await tina.keyboard.press('t')
    await tina.getByRole('log').getByText(words).waitFor()
    await sue.locator('tr[data-session]').filter({ hasText: /with .?tina/ }).last().getByRole('button', { name: 'Take away' }).click()
    await sue.getByRole('dialog').getByRole('button', { name: 'Take away' }).click()
    await tina.getByText('You do not own this session any more.').waitFor()
    await sue.locator('body').press('o')
    await sue.locator('tr[data-orphaned=true]').getByText('waiting again').waitFor()
  },
  'SV4: a session is reassigned to a named person in one act: its owner is told, nobody else gets it, and the record says who did it': async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    const tom = await consoleOf(story, 'tom')
    await tom.getByLabel('My state').selectOption('available')
    await residentWith(story, 'for somebody else')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('for somebody else').waitFor()
    await sue.locator('tr[data-session]').filter({ hasText: /with .?tina/ }).getByRole('button', { name: 'Reassign' }).click()
    const dialog = sue.getByRole('dialog')
    await dialog.getByLabel('Who').selectOption('tom')
    await dialog.getByLabel('Note for the next telecommunicator').fill('he knows the building')
    await dialog.getByText(/tina.? loses it and is told/).waitFor()
    await dialog.getByRole('button', { name: 'Reassign', exact: true }).click()
    await dialog.waitFor({ state: 'hidden' })
    await tina.getByText('You do not own this session any more.').waitFor()
    await tom.getByText(/handed to you/).first().waitFor()
    // It waits for him alone.
    await tina.locator('body').press('n')
    await tina.getByText('No session waits.').waitFor()
    await tom.locator('body').press('j')
    await tom.getByRole('log').getByText('for somebody else').waitFor()
    await tom.getByRole('tab', { name: /^Timeline/ }).click()
    await tom.getByRole('list', { name: 'Timeline' }).getByText(/transferred to .?tom.?: .?he knows the building/).waitFor()
    await tom.getByRole('list', { name: 'Timeline' }).getByText('sue').first().waitFor()
    await tina.getByText(/tom.? has this session now/).waitFor()
  },
  'SV4: a supervisor takes a session over, and goes on with it in the console without signing in again': async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, 'taken over')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('taken over').waitFor()
    await sue.locator('tr[data-session]').filter({ hasText: /with .?tina/ }).getByRole('button', { name: 'Reassign' }).click()
    await sue.getByRole('dialog').getByRole('radio', { name: 'To me' }).check()
    await sue.getByRole('dialog').getByRole('button', { name: 'Take over' }).click()
    await tina.getByText(/sue.? has this session now/).waitFor()
    await sue.locator('tr[data-session]').filter({ hasText: /with .?sue/ }).waitFor()
    const opening = sue.context().waitForEvent('page')
    await sue.getByText('You own 1 session.').getByRole('link', { name: 'Open the console' }).click()
    const desk = await opening
    await desk.getByRole('button', { name: /^Go on as .?Sue/ }).click()
    await desk.getByRole('log').getByText('taken over').waitFor()
    await desk.locator('#composer').fill('I am Sue, I am here now')
    await desk.locator('#composer').press('Enter')
    await resident.getByRole('list').getByText('I am Sue, I am here now').waitFor()
  },
  'SV4: the session of a lost console stands without a console within 3 s, and goes back in one act': alone(async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    await residentWith(story, 'the console will be gone')
    await tina.locator('#queue-panel [data-row]').first().click()
    await tina.keyboard.press('t')
    await sue.locator('tr[data-session]').filter({ hasText: /with .?tina/ }).waitFor()
    await tina.close()
    await sue.locator('[data-warning=orphaned]').getByText(/1 session has lost its console/).waitFor({ timeout: 3_000 })
    await sue.locator('[data-warning=orphaned]').getByRole('button', { name: 'Show' }).click()
    const row = sue.locator('tr[data-orphaned=true]')
    await row.getByText(/console is gone/).waitFor()
    await row.getByRole('button', { name: 'Take away' }).click()
    await sue.getByRole('dialog').getByRole('button', { name: 'Take away' }).click()
    await row.getByText('waiting again').waitFor()
  }),
  'SV1: who gave up before an answer stays in a list of their own': async (story) => {
    const sue = await supervisorOf(story)
    const resident = await residentWith(story, 'I have to go')
    await sue.locator('tr[data-session]').waitFor()
    await resident.getByRole('button', { name: /Exit now/ }).first().click()
    await within('abandoned is counted', async () => (await sue.locator('article[data-queue] dl > div:nth-child(4) .big').allTextContents()).includes('1'))
    await sue.locator('body').press('a')
    await sue.locator('tr[data-session]').getByText('abandoned').waitFor()
    await sue.locator('tr[data-session]').getByText(/quick exit/).waitFor()
  },
}
