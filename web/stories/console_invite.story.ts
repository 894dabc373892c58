// A link for somebody who called by voice: made by one key, opened by one tap, once, on one phone; and what it says when it opens nothing.
import type { Page } from 'playwright-core'
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, residentSays, staffSays, tooWide } from './staff_hands.ts'

const PHONE = { viewport: { width: 320, height: 640 }, locale: 'en-US' }

/** Makes a link by keyboard; its address. */
async function make(page: Page): Promise<string> {
  await page.locator('body').press('K')
  const dialog = page.getByRole('dialog', { name: 'Send a link' })
  await dialog.waitFor()
  await page.keyboard.press('Enter')
  const field = dialog.locator('[name=address]')
  await field.waitFor()
  return field.inputValue()
}

/** Opens what stands behind the origin of an address, on a phone of its own. */
function phone(story: Story, address: string, options = {}): Promise<Page> {
  const { pathname, hash } = new URL(address)
  return story.visit(pathname + hash, { ...PHONE, ...options })
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'RE4: a one-time link starts a report in one tap, in the hands of whoever made it; opened once it opens nothing more, and says so': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const address = await make(tina)
    expect(/\/#report\.[0-9a-f]{32}\.[\w-]{43}$/.test(address), `the secret stands in the fragment: ${address}`)
    const dialog = tina.getByRole('dialog', { name: 'Send a link' })
    await dialog.getByRole('img', { name: 'The link as a QR code' }).waitFor()
    await dialog.getByText(/^Not opened yet/).waitFor()
    for (const scheme of ['light', 'dark'] as const) {
      await tina.emulateMedia({ colorScheme: scheme })
      await accessible(tina, `the dialog of a link, ${scheme}`)
    }

    // On the phone: who asks and what happens; one tap. The secret has left the address, and goes to no server with it.
    const asked: string[] = []
    const ann = await story.visit('/', PHONE)
    ann.on('request', (request) => asked.push(`${request.url()} ${request.headers()['referer'] ?? ''}`))
    const { hash, pathname } = new URL(address)
    await ann.goto('about:blank')
    await ann.goto(story.gateway.origin + pathname + hash)
    await ann.getByRole('heading', { name: /Demo Emergency Communications.? asks for your report/ }).waitFor()
    await ann.getByText('The person you talk to made this link for you.').waitFor()
    expect(!ann.url().includes('#'), `the address holds no secret any more: ${ann.url()}`)
    expect((await tooWide(ann)) <= 0, 'nothing is cut at 320 px')
    await accessible(ann, 'what a link says')
    await ann.getByRole('button', { name: 'Start', exact: true }).click()
    await residentSays(ann, 'there is smoke in the stairwell')
    await dialog.getByText('Opened. The report is in your sessions.').waitFor()
    await dialog.getByRole('button', { name: 'Go to the report' }).click()
    await tina.getByRole('log').getByText('there is smoke in the stairwell').waitFor()
    await staffSays(tina, 'Stay low, help is coming')
    await ann.getByText('Stay low, help is coming', { exact: true }).waitFor()
    const secret = hash.split('.')[2] ?? ''
    expect(secret.length === 43 && !asked.some((one) => one.includes(secret)), 'no request and no referrer held the secret')
    expect(!story.gateway.said.includes(secret), 'nor does any line of the log')

    // A reload goes on with the report; the link opened again on this phone does too.
    await ann.reload()
    await ann.getByText('Stay low, help is coming', { exact: true }).waitFor()

    // Another phone reads that it was used, and reports by the open page.
    const eve = await phone(story, address)
    await eve.getByRole('button', { name: 'Start', exact: true }).click()
    await eve.getByRole('heading', { name: 'This link was used already' }).waitFor()
    await accessible(eve, 'a link that was used')
    await eve.getByRole('button', { name: 'Report without the link' }).click()
    await eve.getByRole('button', { name: 'Fire or smoke' }).click()
    await residentSays(eve, 'I see it too')
    await tina.locator('[data-row]').first().waitFor()

    // All of it stands in the timeline.
    await tina.locator('#composer').press('Escape')
    await tina.locator('body').press('l')
    const timeline = tina.getByRole('list', { name: 'Timeline' })
    for (const words of [/made a link to report/, /opened the link/]) await timeline.getByRole('listitem').filter({ hasText: words }).first().waitFor()
  },

  'RE4: a link that was revoked, has expired or is not whole says so plainly and offers the open page': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const dialog = tina.getByRole('dialog', { name: 'Send a link' })
    const revoked = await make(tina)
    await dialog.getByRole('button', { name: 'Revoke the link' }).click()
    await dialog.getByText('Revoked. The link opens nothing any more.').waitFor()
    await tina.keyboard.press('Escape')
    const says = async (address: string, heading: string): Promise<void> => {
      const page = await phone(story, address)
      await page.getByRole('button', { name: 'Start', exact: true }).click()
      await page.getByRole('heading', { name: heading }).waitFor()
      await page.getByRole('button', { name: 'Report without the link' }).click()
      await page.getByRole('heading', { name: 'What is happening?' }).waitFor()
    }
    await says(revoked, 'This link was taken back')

    // One that waits stands in the list, and at its session; there it is ended too.
    const waits = await make(tina)
    await tina.keyboard.press('Escape')
    await tina.getByRole('button', { name: 'Remove from my desk' }).click()
    const bar = tina.locator('[data-awaited]').filter({ hasText: 'Nobody has opened the link yet.' })
    await bar.waitFor()
    expect((await tina.locator('#composer').count()) === 0, 'there is nobody to write to yet')
    await accessible(tina, 'a session that nobody has opened')
    await bar.getByRole('button', { name: 'Revoke the link' }).click()
    await says(waits, 'This link was taken back')

    // Cut short on its way, it says so without being tried.
    const cut = await phone(story, waits.slice(0, -5))
    await cut.getByRole('heading', { name: 'This link is not whole' }).waitFor()
    expect((await cut.getByRole('button', { name: 'Start', exact: true }).count()) === 0, 'there is nothing to start')
    await accessible(cut, 'a link that is not whole')

    // Past its end.
    await story.gateway.with('[agency]\nreport_link_s = 2')
    await tina.getByText('Connected', { exact: true }).waitFor()
    const late = await make(tina)
    await dialog.getByText(/^Not opened, and expired/).waitFor()
    expect((await dialog.locator('[name=address]').count()) === 0, 'what opens nothing is not offered')
    await says(late, 'This link has expired')
    await tina.keyboard.press('Escape')
  },

  'RE4 RE11: the link begins in silence too, in another language and from right to left, and a report that is open here keeps its place': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const address = await make(tina)
    const ann = await phone(story, address, { locale: 'ar' })
    await ann.getByRole('heading', { name: /يطلب بلاغك/ }).waitFor()
    expect((await ann.evaluate(() => document.documentElement.dir)) === 'rtl', 'from right to left')
    expect((await tooWide(ann)) <= 0, 'nothing is cut at 320 px')
    await ann.getByRole('button', { name: 'English' }).click()
    await ann.getByRole('button', { name: 'I cannot talk' }).click()
    await ann.getByRole('button', { name: 'Start', exact: true }).click()
    await tina.getByText('Opened. The report is in your sessions.').waitFor()
    await tina.getByRole('button', { name: 'Go to the report' }).click()
    await tina.locator('header').getByText('SILENT', { exact: true }).first().waitFor()
    expect((await ann.evaluate(async () => (await indexedDB.databases()).length)) === 0, 'nothing is kept on the phone')

    // Somebody who reports already is not torn away from it.
    const ben = await story.visit('/', PHONE)
    await ben.getByRole('button', { name: 'Fire or smoke' }).click()
    await residentSays(ben, 'my shed burns')
    const second = await make(tina)
    await ben.evaluate((hash) => (location.hash = hash), new URL(second).hash)
    await ben.getByText(/The link was not used/).waitFor()
    await ben.getByText('my shed burns').first().waitFor()
    await within('the link is not used up', async () => (await tina.locator('[data-link-at=waits]').count()) === 1)
  },
}
