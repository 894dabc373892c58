// Words that were begun and not sent: what may come between, and where they are afterwards.
import { expect, within, type Story } from './harness.ts'
import { before, begin, EXIT, item, pick, safe, taken, write } from './resident_hands.ts'

const HALF = 'he has a knife and he is'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE3 a half-written text survives a reload, and what was sent does not come back'(story) {
    const page = await begin(story)
    await write(page, 'sent before')
    await safe(page, 'sent before')
    await page.locator('#text').fill(HALF)
    await page.reload()
    await within('the words stand in the field', async () => (await page.locator('#text').inputValue()) === HALF)
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await safe(page, HALF)
    await page.reload()
    await safe(page, HALF)
    expect((await page.locator('#text').inputValue()) === '', 'the field is empty')
    expect((await item(page, HALF).count()) === 1, 'said once')
  },

  async 'RE3 words in the middle when the report is closed are shown, and stand in the field of the next one'(story) {
    const { page, staff, session } = await taken(story)
    await page.locator('#text').fill(HALF)
    await staff.do(session, { kind: 'close', disposition: 'advice_given', note: '' })
    await page.getByRole('heading', { name: 'You had begun to write' }).waitFor()
    await page.getByText(HALF).waitFor()
    await page.getByText('It stands in the field of your new report.').waitFor()
    await page.getByRole('button', { name: 'New report' }).click()
    await pick(page)
    expect((await page.locator('#text').inputValue()) === HALF, 'the words are there')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await safe(page, HALF)
  },

  async 'RE3 a half-written text survives an old page that is loaded again'(story) {
    const page = await story.visit()
    let refuse = false
    await page.routeWebSocket('**/ws/resident', (socket) => {
      if (refuse) return void socket.close({ code: 4301, reason: 'protocol' })
      const server = socket.connectToServer()
      socket.onMessage((frame) => (refuse ? void socket.close({ code: 4301, reason: 'protocol' }) : server.send(frame)))
    })
    await page.reload()
    await pick(page)
    await page.locator('#text').fill('typed before the')
    refuse = true
    await page.locator('#text').pressSequentially(' gateway changed')
    await page.getByText('This page is too old.').waitFor()
    refuse = false
    await page.getByRole('button', { name: 'Load again' }).click()
    await within('the words stand in the field', async () => (await page.locator('#text').inputValue()) === 'typed before the gateway changed')
  },

  async 'RE11 RE12 silent mode and quick exit leave nothing of a half-written text on the device'(story) {
    const kept = (page: Awaited<ReturnType<typeof begin>>): Promise<string> =>
      page.evaluate(async () => {
        if (!(await indexedDB.databases()).some(({ name }) => name === 'page-state')) return ''
        const database = await new Promise<IDBDatabase>((done) => {
          const opening = indexedDB.open('page-state')
          opening.onsuccess = () => done(opening.result)
        })
        const found = await new Promise<unknown>((done) => {
          const asking = database.transaction('session').objectStore('session').get('draft')
          asking.onsuccess = () => done(asking.result)
        })
        database.close()
        return String(found ?? '')
      })
    const silent = await before(story, () => undefined, {}, '/?silent')
    await pick(silent)
    await silent.locator('#text').fill(HALF)
    await silent.getByText('Copies wait in memory only').waitFor()
    expect((await kept(silent)) === '', 'nothing in silent mode')

    const page = await begin(story)
    await page.context().route(EXIT, (route) => route.fulfill({ body: 'weather' }))
    await page.context().setOffline(true)
    await write(page, 'not sent yet')
    await page.locator('#text').fill(HALF)
    await within('the draft is on the device', async () => (await kept(page)) === HALF)
    await page.context().setOffline(false)
    await page.getByRole('button', { name: 'Exit now' }).click()
    await page.waitForURL(EXIT)
    await page.goto(`${story.gateway.origin}/assets/theme-2.js`)
    expect((await kept(page)) === '', 'nothing after quick exit')
  },
}
