// Words that a telecommunicator has begun: what may come between, and that nothing is cut.
import type { Page } from 'playwright-core'
import { decode, encode } from '../sdk/src/codec.ts'
import type { FromStaff, ToStaff } from '../sdk/src/protocol.ts'
import { expect, within, type Story } from './harness.ts'
import { consoleOf, residentWith, signIn } from './staff_hands.ts'

/** What stands between the page and the gateway: the story turns it on. */
interface Between { refuse?: boolean; close?: number }

/** A console whose link goes through a story's hands. */
async function between(story: Story, how: Between): Promise<Page> {
  const page = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
  await page.routeWebSocket(/\/ws\/staff/, (socket) => {
    if (how.close !== undefined) return void socket.close({ code: how.close })
    const server = socket.connectToServer()
    socket.onMessage((frame) => {
      if (how.close !== undefined) return void socket.close({ code: how.close })
      const message = decode(frame as Buffer) as FromStaff | null
      if (how.refuse === true && message?.kind === 'do' && message.command.kind !== 'seen') {
        const refusal: ToStaff = { kind: 'error', id: message.id, code: 'not_allowed', number: 2001, retry: 'never', message: '' }
        socket.send(Buffer.from(encode(refusal)))
      } else server.send(frame)
    })
  })
  await page.reload()
  await signIn(page, 'tina')
  return page
}

async function take(page: Page): Promise<void> {
  await page.locator('[data-act=next]:enabled').waitFor()
  await page.locator('body').press('n')
  await page.locator('#composer').waitFor()
}

const holds = (page: Page, field: string, words: string): Promise<void> =>
  within(`${field} holds the words`, async () => (await page.locator(field).inputValue({ timeout: 2_000 }).catch(() => '')) === words)

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC16: a note in the middle survives a look at the chat, another session, a refusal and a reload': async (story) => {
    const how: Between = {}
    const tina = await between(story, how)
    await residentWith(story, 'first one')
    await take(tina)
    await tina.locator('#session-tab-notes').click()
    await tina.locator('#note').fill('the caretaker has the')
    await tina.locator('#session-tab-chat').click()
    await tina.locator('#composer').fill('stay where you')
    await tina.locator('#session-tab-notes').click()
    await holds(tina, '#note', 'the caretaker has the')
    await residentWith(story, 'second one')
    await take(tina)
    await tina.getByRole('log').getByText('second one').waitFor()
    await tina.locator('body').press('Escape')
    await tina.locator('nav').getByRole('button').first().click()
    await tina.getByRole('log').getByText('first one').waitFor()
    await holds(tina, '#composer', 'stay where you')
    await tina.locator('#session-tab-notes').click()
    await holds(tina, '#note', 'the caretaker has the')
    how.refuse = true
    await tina.getByRole('button', { name: 'Add note' }).click()
    await tina.getByText('Your note stays here.').waitFor()
    await holds(tina, '#note', 'the caretaker has the')
    await tina.locator('[data-act=close]').click()
    await tina.getByRole('radio', { name: 'Help was sent' }).check()
    await tina.locator('[name=note]').fill('engine 4 is there')
    await tina.getByRole('dialog').getByRole('button', { name: 'Close session' }).click()
    await tina.getByRole('dialog').getByText('Your role may not do this.').waitFor()
    expect((await tina.locator('[name=note]').inputValue()) === 'engine 4 is there', 'the dialog stays with its words')
    await tina.reload()
    await tina.getByRole('log').getByText('first one').waitFor()
    await tina.locator('#session-tab-notes').click()
    await holds(tina, '#note', 'the caretaker has the')
    how.refuse = false
    await tina.getByRole('button', { name: 'Add note' }).click()
    await tina.getByRole('list', { name: 'Notes' }).getByText('the caretaker has the').waitFor()
    await holds(tina, '#note', '')
    await tina.locator('[data-act=close]').click()
    await holds(tina, '[name=note]', 'engine 4 is there')
  },

  'TC16: a sign-in that ends in the middle of a sentence gives message and note back, and signing out forgets them': async (story) => {
    const how: Between = {}
    const tina = await between(story, how)
    await residentWith(story, 'there is smoke')
    await take(tina)
    await tina.locator('#composer').fill('are you all')
    await tina.locator('#session-tab-notes').click()
    await tina.locator('#note').fill('third floor, le')
    await tina.route('**/api/v1/sign-in/refresh', (route) => route.fulfill({ status: 401, json: { code: 'token_expired' } }))
    await tina.locator('#note').press('f')
    // With whatever the page says next, which may be a heartbeat at any moment.
    how.close = 4200
    await tina.getByText('The sign-in has expired. Please sign in again.').waitFor()
    delete how.close
    await signIn(tina, 'tina')
    await holds(tina, '#composer', 'are you all')
    await tina.locator('#session-tab-notes').click()
    await within('the note is there', async () => (await tina.locator('#note').inputValue()).startsWith('third floor, lef'))
    await tina.getByRole('button', { name: 'Sign out' }).click()
    await tina.locator('[name=passphrase]').waitFor()
    const left = await tina.evaluate(() => Object.values(sessionStorage).join())
    expect(!left.includes('third floor') && !left.includes('are you all'), 'nothing of it is left')
  },

  'TC16: a page that the gateway does not understand says so, and loading it again keeps the sign-in and what was begun': async (story) => {
    const how: Between = {}
    const tina = await between(story, how)
    await residentWith(story, 'there is smoke')
    await take(tina)
    await tina.locator('#composer').fill('are you all out')
    how.close = 4301
    await tina.keyboard.type('?')
    await tina.getByText('this page is from before').waitFor()
    expect((await tina.locator('[name=passphrase]').count()) === 0, 'no sign-in that could not work')
    delete how.close
    await tina.getByRole('button', { name: 'Load again' }).click()
    await holds(tina, '#composer', 'are you all out?')
    await tina.locator('#composer').press('Enter')
    await tina.getByRole('log').getByText('are you all out?').waitFor()
  },

  'TC16: a long paste goes out in messages that are counted; one that is too long is told and not cut': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, 'there is smoke')
    await take(tina)
    const paste = (piece: string, times: number): Promise<boolean | undefined> =>
      tina.evaluate(({ piece, times }) => {
        const clipboardData = new DataTransfer()
        clipboardData.setData('text/plain', piece.repeat(times))
        const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
        return document.querySelector('#composer')?.dispatchEvent(event)
      }, { piece, times })
    await tina.locator('#composer').fill('word '.repeat(3_400))
    await tina.getByText(/it goes out as .?3.? messages/).waitFor()
    await tina.getByRole('button', { name: 'Send', exact: true }).click()
    await within('three messages, whole', async () => {
      const said = await tina.getByRole('log').locator('[dir=auto]').allInnerTexts()
      return said.join(' ').split(/\s+/).filter((word) => word === 'word').length === 3_400
    })
    await holds(tina, '#composer', '')
    await resident.getByText('word word').first().waitFor()
    expect((await paste('lorem ', 1_750_000)) === false, 'the field does not take 10 MB')
    await tina.getByText(/Not pasted: .*10[.,]?500[.,]?000/).waitFor()
    await tina.locator('#composer').fill('still here')
    await tina.locator('#composer').press('Enter')
    await resident.getByText('still here').first().waitFor()
    await tina.locator('#session-tab-notes').click()
    await tina.locator('#note').fill('n'.repeat(8_003))
    await tina.getByText(/3.? characters.? over the/).waitFor()
    expect((await tina.locator('#note').inputValue()).length === 8_003, 'nothing is cut')
    expect(await tina.getByRole('button', { name: 'Add note' }).isDisabled(), 'and nothing goes out')
  },
}
