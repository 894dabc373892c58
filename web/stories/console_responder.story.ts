// A link for responders: made at the console, opened on a small phone, followed live, and ended in each of its three ways.
import type { Page } from 'playwright-core'
import { newId } from '../sdk/src/ids.ts'
import { digestOf, linkAddress, newSecret } from '../sdk/src/responder-link.ts'
import { expect, within, type Story } from './harness.ts'
import { go } from './keyboard.ts'
import { accessible, consoleOf, jpeg, moves, residentGrants, residentSays, residentWith, staffSays, supervisorOf, tooWide } from './staff_hands.ts'

const PHONE = { viewport: { width: 320, height: 640 }, locale: 'en-US' }

/** A fire that Tina has taken. */
async function scene(story: Story): Promise<{ tina: Page; ann: Page }> {
  const tina = await consoleOf(story, 'tina')
  const ann = await residentWith(story, 'smoke from the cellar')
  await tina.locator('[data-act=next]:enabled').waitFor()
  await tina.locator('body').press('n')
  await tina.getByRole('log').getByText('smoke from the cellar').waitFor()
  return { tina, ann }
}

/** Makes a link by keyboard in the open session; its address. */
async function make(page: Page, note: string): Promise<string> {
  await page.locator('body').press('L')
  const dialog = page.getByRole('dialog', { name: 'Links for responders' })
  await dialog.getByLabel('For whom').fill(note)
  await page.keyboard.press('Enter')
  const field = dialog.locator('[name=address]')
  await field.waitFor()
  return field.inputValue()
}

/** Opens a link on a phone of its own, with a name. */
async function open(story: Story, address: string, name: string): Promise<Page> {
  const unit = await story.visit(new URL(address).pathname + new URL(address).hash, PHONE)
  await unit.getByLabel('Your name or unit').fill(name)
  await unit.keyboard.press('Enter')
  await unit.getByText('Connected', { exact: true }).waitFor()
  return unit
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC17: a link for responders expires, can be revoked and lists who opened it': async (story) => {
    const { tina, ann } = await scene(story)

    // Made by keyboard alone: an hour unless somebody chooses otherwise, and shown once.
    await tina.locator('body').press('L')
    const dialog = tina.getByRole('dialog', { name: 'Links for responders' })
    expect((await dialog.locator('[name=life]').inputValue()) === '60', 'an hour is the default')
    await dialog.getByText('No link was made yet.').waitFor()
    await tina.keyboard.press('Escape')
    const address = await make(tina, 'Engine 4')
    expect(/\/responder\/#[0-9a-f]{32}\.[\w-]{43}$/.test(address), `the secret stands in the fragment: ${address}`)
    await go(tina, /^Copy the link$/)
    await accessible(tina, 'the dialog of links')
    const row = dialog.locator('[data-link]', { hasText: 'Engine 4' })
    await row.getByText('Nobody has opened it.').waitFor()
    await tina.keyboard.press('Escape')

    // What is hidden from a unit stands in the log before it comes.
    await tina.locator('body').press('e')
    await tina.locator('#note').fill('the neighbour is a suspect')
    await tina.locator('form:has(#note) button[type=submit]').click()
    await tina.getByText('the neighbour is a suspect').first().waitFor()
    await tina.locator('body').press('m')

    // On the unit's phone: a name first, then the session, and no more than that.
    const unit = await story.visit(new URL(address).pathname + new URL(address).hash, PHONE)
    await unit.getByText(/sees who opened this link and when/).waitFor()
    await accessible(unit, 'the question for a name')
    expect(await unit.getByRole('button', { name: 'Open' }).isDisabled(), 'without a name it does not open')
    await unit.getByLabel('Your name or unit').fill('Engine 4, second seat')
    await unit.keyboard.press('Enter')
    await unit.getByRole('heading', { name: /Fire/ }).waitFor()
    await unit.getByText('smoke from the cellar').waitFor()
    await staffSays(tina, 'Help is on the way')
    await tina.locator('#composer').press('Escape')
    await unit.getByText('Help is on the way').waitFor()
    await residentSays(ann, 'it gets thicker')
    await unit.getByText('it gets thicker').waitFor()
    const shown = await unit.locator('body').innerText()
    for (const hidden of ['suspect', 'tina', 'Tina']) expect(!shown.includes(hidden), `no ${hidden} on the unit's phone`)
    expect((await tooWide(unit)) <= 0, 'nothing is cut at 320 px')
    await accessible(unit, 'the session on a phone')

    // A reload asks nobody twice, and is no second opening.
    await unit.reload()
    await unit.getByText('it gets thicker').waitFor()

    // Who opened it is listed by name; revoked by keyboard, and whoever had it open reads so at once.
    await tina.locator('body').press('L')
    await row.getByText(/Engine 4, second seat/).waitFor()
    expect((await row.locator('ol li').count()) === 1, 'a reload is no opening')
    await go(tina, /^Revoke$/)
    await tina.keyboard.press('Enter')
    await unit.getByRole('heading', { name: 'The link was revoked' }).waitFor({ timeout: 5_000 })
    expect(!(await unit.locator('body').innerText()).includes('smoke'), 'nothing of the session is left on the phone')
    await row.getByText(/revoked by .?Tina/).waitFor()
    await tina.keyboard.press('Escape')
    const late = await story.visit(new URL(address).pathname + new URL(address).hash, PHONE)
    await late.getByLabel('Your name or unit').fill('Engine 5')
    await late.keyboard.press('Enter')
    await late.getByRole('heading', { name: 'The link was revoked' }).waitFor()

    // All of it stands in the timeline.
    await tina.locator('body').press('l')
    const timeline = tina.getByRole('list', { name: 'Timeline' })
    for (const words of [/made a link for responders.*Engine 4/, /Engine 4, second seat.? opened the link/, /revoked a link for responders/]) {
      await timeline.getByRole('listitem').filter({ hasText: words }).first().waitFor()
    }
    await tina.locator('body').press('m')

    // A short one expires under the eyes of whoever follows.
    const sue = await story.telecommunicator('sue')
    const session = (await tina.locator('[data-session-of]').getAttribute('data-session-of')) ?? ''
    const secret = newSecret()
    const id = newId()
    sue.send({ kind: 'do', id, session, command: { kind: 'make_responder_link', digest: await digestOf(secret), life_ms: 12_000, note: 'Ladder 2' } })
    await sue.hear('receipt', (receipt) => receipt.id === id)
    const short = await open(story, linkAddress(story.gateway.origin, { session, secret }), 'Ladder 2')
    await short.getByRole('heading', { name: 'The link has expired' }).waitFor()
    await accessible(short, 'an expired link')
    await tina.locator('body').press('L')
    await dialog.locator('[data-link]', { hasText: 'Ladder 2' }).first().getByText(/expired at/).waitFor()
    await tina.keyboard.press('Escape')
  },

  'TC17: a responder has places, covered photos and the live picture by consent, and nothing once the session is closed': async (story) => {
    const { tina, ann } = await scene(story)
    const unit = await open(story, await make(tina, 'Engine 4'), 'Engine 4')
    await tina.keyboard.press('Escape')

    // Places: where help should go, with a geo: address for whatever map the phone has.
    await tina.locator('body').press('p')
    await residentGrants(ann, 'place')
    await tina.locator('[data-act=adopt]:enabled').waitFor()
    await tina.locator('body').press('u')
    await unit.getByRole('heading', { name: 'Where help should go' }).waitFor()
    const geo = await unit.getByRole('link', { name: 'Open in a map' }).first().getAttribute('href')
    expect(/^geo:40\.000100,-99\.999800/.test(geo ?? ''), `a geo: address: ${String(geo)}`)

    // Photos: covered, and shown by a press.
    await ann.locator('.compose input[type=file]').setInputFiles(await jpeg(ann))
    const show = unit.getByRole('button', { name: /^Show photo/ })
    await show.waitFor()
    expect((await unit.locator('img').count()) === 0, 'covered until somebody presses')
    await show.click()
    await within('the photo is there', () => unit.locator('img').evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth > 0))

    // The live picture: by a press, and the resident is told.
    await tina.locator('body').press('v')
    await residentGrants(ann, 'video')
    await unit.getByRole('button', { name: 'Watch' }).click()
    await moves(unit)
    await ann.getByText(/1.? responder on the way/).waitFor()
    await tina.getByText(/1.? responder/).first().waitFor()
    await unit.emulateMedia({ colorScheme: 'dark' })
    await accessible(unit, 'the session on a phone, dark')

    // Closing the session ends the link, and the picture with it.
    await tina.locator('body').press('x')
    await tina.getByRole('radio', { name: 'Help was sent' }).check()
    await tina.getByRole('dialog').getByRole('button', { name: /^Close session$/ }).click()
    await unit.getByRole('heading', { name: 'The session is closed' }).waitFor()
    expect((await unit.locator('video, img').count()) === 0, 'nothing of it is left on the phone')
  },

  'TC17: a supervisor who watches makes a link too; what is no link, and a wrong one, say so': async (story) => {
    await residentWith(story, 'my bin burns')
    const sue = await supervisorOf(story)
    await sue.getByRole('button', { name: /^Watch/ }).first().click()
    await sue.getByRole('button', { name: 'Links for responders' }).click()
    const dialog = sue.getByRole('dialog', { name: 'Links for responders' })
    await dialog.getByRole('button', { name: 'Make the link' }).click()
    const address = await dialog.locator('[name=address]').inputValue()
    const unit = await open(story, address, 'Engine 4')
    await unit.getByText('my bin burns').waitFor()
    await dialog.getByText(/^.?Engine 4.?, /).waitFor()

    const none = await story.visit('/responder/', PHONE)
    await none.getByRole('heading', { name: 'This is no link' }).waitFor()
    await accessible(none, 'an address without a link')
    const wrong = await story.visit(`${new URL(address).pathname}${new URL(address).hash.slice(0, -4)}AAAA`, PHONE)
    await wrong.getByLabel('Your name or unit').fill('Engine 4')
    await wrong.keyboard.press('Enter')
    await wrong.getByRole('heading', { name: 'This link opens nothing' }).waitFor()
  },
}
