// What must not break the resident page: storage, huge texts, hostile names, old pages, wrong clocks, lost reports.
import { expect, within, type Story } from './harness.ts'
import { PAYLOADS } from './hostile.ts'
import { before, begin, item, pick, picture, safe, taken, write } from './resident_hands.ts'

/** Pastes a text into the field. */
async function paste(page: Awaited<ReturnType<typeof begin>>, piece: string, times: number): Promise<void> {
  await page.locator('#text').focus()
  await page.evaluate(
    ({ piece, times }) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', piece.repeat(times))
      document.querySelector('#text')?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    },
    { piece, times },
  )
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE3 storage that is forbidden or full is told, and what is written still goes out'(story) {
    const forbidden = await before(story, () => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('no', 'SecurityError')
      }
    })
    await pick(forbidden)
    await forbidden.locator('[data-notice=keep-memory]').waitFor()
    await write(forbidden, 'from a device without storage')
    await safe(forbidden, 'from a device without storage')
    const full = await before(story, () => {
      const put = IDBObjectStore.prototype.put
      IDBObjectStore.prototype.put = function (...given) {
        if (this.name === 'outbox') throw new DOMException('full', 'QuotaExceededError')
        return put.apply(this, given)
      }
    })
    await pick(full)
    await full.locator('[data-notice=keep-full]').waitFor()
    await write(full, 'from a device that is full')
    await safe(full, 'from a device that is full')
  },

  async 'RE2 a text of 10 MB goes out in parts, the rest stays in the field, and the page lives'(story) {
    const { page, staff, session } = await taken(story)
    await paste(page, 'lorem ', 1_750_000)
    await page.locator('[data-long]').waitFor()
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await within('ten parts arrived', () => Promise.resolve(staff.texts(session).length >= 10), 30_000)
    await page.getByText('The rest is still in the field.').waitFor()
    const rest = await page.evaluate(() => {
      const held = Number(document.querySelector('[data-held]')?.getAttribute('data-held'))
      return held + (document.querySelector<HTMLTextAreaElement>('#text')?.value.length ?? 0)
    })
    const sent = staff.texts(session).reduce((sum, text) => sum + text.length + 1, 0)
    expect(Math.abs(rest + sent - 10_500_000) < 40, `nothing lost: ${rest} in the field and ${sent} sent`)
    expect(staff.texts(session).every((text) => text.length <= 8_000 && !text.startsWith('orem')), 'cut between words')
    await page.getByRole('button', { name: 'Clear the field' }).click()
    await write(page, 'still here')
    await safe(page, 'still here')
  },

  async 'AL2 emoji storms and turned writing stay inside their item'(story) {
    const { page, staff, session } = await taken(story)
    const storm = '👨‍👩‍👧‍👦🏳️‍🌈🧑🏽‍🚒'.repeat(200)
    const pile = `H${'\u0301\u0300\u0336'.repeat(300)}elp`
    const turned = '\u202etfel ot thgir\u2066\u2067 nopqr'
    for (const text of [storm, pile, turned, '\ud83d broken half']) await write(page, text)
    await staff.do(session, { kind: 'text', text: `${turned} from staff` })
    await within('all of them are safe', async () => (await page.locator('li.mine [data-safety=safe]').count()) === 4)
    await within('staff read them', () => Promise.resolve(staff.texts(session).length === 4))
    expect(staff.texts(session)[0] === storm, 'every character of the storm')
    expect(staff.texts(session)[3] === '\ufffd broken half', 'the lone half is marked')
    await item(page, 'from staff').waitFor()
    const look = await page.evaluate(() => ({
      over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      // The word of the receipt behind a turned text still reads from its own side.
      order: [...document.querySelectorAll('li.mine .one')].every((one) => getComputedStyle(one).direction === 'ltr'),
    }))
    expect(look.over <= 0 && look.order, `nothing spills, not ${JSON.stringify(look)}`)
  },

  async 'RE16 300 names and texts that are scripts: none runs, none violates the policy'(story) {
    expect(PAYLOADS.length === 300, `${PAYLOADS.length} payloads`)
    const page = await before(story, () => {
      Object.assign(window, { times: 0, violations: 0, ran: () => ((window as unknown as { times: number }).times += 1) })
      document.addEventListener('securitypolicyviolation', () => ((window as unknown as { violations: number }).violations += 1))
    })
    // The agency itself may be hostile.
    await page.route('**/api/v1/agency', (route) =>
      route.fulfill({ json: { agency: 'demo.example', name: PAYLOADS[0], banner: PAYLOADS[10], emergency_number: '911"><b onclick=ran()>', exit_url: 'javascript:window.ran()' } }),
    )
    await page.reload()
    await page.locator('.banner').waitFor()
    await pick(page)
    const staff = await story.telecommunicator()
    const session = await staff.take()
    // Texts of staff, and questions.
    for (let from = 0; from < PAYLOADS.length; from += 20) {
      const some = PAYLOADS.slice(from, from + 20).map((text, at) => {
        const medium = (['place', 'photo', 'video', 'audio'] as const)[at % 4] ?? 'place'
        return staff.do(session, at % 6 === 5 ? { kind: 'ask', medium, question: text.slice(0, 500) } : { kind: 'text', text })
      })
      await Promise.all(some)
    }
    // What staff type, the resident's own words, the words of a place, names of files.
    staff.send({ kind: 'real_time_text', session, typed: { message: 'e'.repeat(32), part: 0, from: 0, text: PAYLOADS.slice(0, 12).join('\n').slice(0, 1_900) } })
    for (const text of PAYLOADS.filter((_, at) => at % 30 === 0)) await write(page, text)
    await page.getByRole('button', { name: 'No', exact: true }).first().click()
    const file = await picture(page, 'x')
    await page.locator('.compose input[type=file]').setInputFiles(PAYLOADS.slice(0, 3).map((name) => ({ ...file, name: `${name.replace(/\0/g, '')}.jpg` })))
    await within('all of it stands on the page', async () => (await page.locator('ol > li').count()) >= 260, 40_000)
    // What would have run by itself has run once a word has gone to the gateway and come back, and a frame was painted.
    await write(page, 'after all of them')
    await safe(page, 'after all of them')
    await page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))))
    const found = await page.evaluate(() => {
      const { times, violations } = window as unknown as { times: number; violations: number }
      const made = document.querySelectorAll('main :is(script, iframe, object, embed, style, meta, template, math, form form)').length
      return { times, violations, made }
    })
    expect(found.times === 0 && found.violations === 0 && found.made === 0, `nothing ran, not ${JSON.stringify(found)}`)
  },

  async 'RE13 a photo of 100 MB is named, with the reason and what to do; the others go on'(story) {
    const page = await begin(story)
    const good = await picture(page, 'good')
    await page.evaluate(() => {
      const input = document.querySelector<HTMLInputElement>('.compose input[type=file]')
      const files = new DataTransfer()
      // 100 MB that take no memory until somebody reads them.
      const piece = new Blob([new Uint8Array(1_000_000)])
      files.items.add(new File(Array.from({ length: 100 }, () => piece), 'very\u202egpj.large.jpg', { type: 'image/jpeg' }))
      if (input !== null) input.files = files.files
      input?.dispatchEvent(new Event('change', { bubbles: true }))
    })
    const large = page.locator('li.mine', { has: page.locator('[data-refused=photo_too_large]') })
    await large.getByText('Take a new photo').waitFor()
    const words = await large.innerText()
    expect(words.includes('verygpj.large.jpg') && /105|100 MB/.test(words), `its name and size, not ${words}`)
    await page.locator('.compose input[type=file]').setInputFiles(good)
    await page.locator('[data-original=stored]').waitFor()
  },

  async 'RE3 an old page against a new gateway says so and keeps every word'(story) {
    const page = await story.visit()
    let refuse = false
    await page.routeWebSocket('**/ws/resident', (socket) => {
      if (refuse) return void socket.close({ code: 4301, reason: 'protocol' })
      const server = socket.connectToServer()
      server.onMessage((frame) => {
        socket.send(frame)
        // A message, an event and a field of a later version: {"kind":"later","x":1}.
        socket.send(Buffer.from('82a46b696e64a56c61746572a17801', 'hex'))
      })
      socket.onMessage((frame) => (refuse ? void socket.close({ code: 4301, reason: 'protocol' }) : server.send(frame)))
    })
    await page.reload()
    await pick(page)
    await write(page, 'unknown messages are passed over')
    await safe(page, 'unknown messages are passed over')
    refuse = true
    await write(page, 'written in an old page')
    await page.getByText('This page is too old.').waitFor()
    await page.locator('[data-waiting="1"]').waitFor()
    refuse = false
    await page.getByRole('button', { name: 'Load again' }).click()
    await safe(page, 'written in an old page')
  },

  async 'RE3 what a lost report did not send goes along with the new one'(story) {
    const page = await begin(story)
    await write(page, 'known to the first gateway')
    await safe(page, 'known to the first gateway')
    await story.gateway.down('SIGKILL')
    await write(page, 'never reached it')
    await page.locator('.compose input[type=file]').setInputFiles(await picture(page, 'roof'))
    await page.locator('[data-waiting="2"]').waitFor()
    await story.gateway.forget()
    await story.gateway.up()
    await page.getByRole('heading', { name: 'This report is closed' }).waitFor()
    await page.locator('[data-carried="2"]').waitFor()
    await page.getByText('known to the first gateway').waitFor()
    await page.getByRole('button', { name: 'New report' }).click()
    await page.getByText(/2.? things you wrote before go along/).waitFor()
    await pick(page)
    await safe(page, 'never reached it')
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await within('staff read it', () => Promise.resolve(staff.texts(session).join() === 'never reached it'))
    await page.locator('[data-original=stored]').waitFor()
  },

  async 'RE13 a token that dies in the middle of a photo is renewed and the photo arrives'(story) {
    const page = await begin(story)
    const tokens: string[] = []
    await page.route('**/api/v1/uploads/*', async (route) => {
      const request = route.request()
      tokens.push(request.headers()['authorization'] ?? '')
      if (request.method() === 'PATCH' && tokens.length <= 2) {
        return route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify({ code: 'token_expired', retry: 'after_change' }) })
      }
      return route.continue()
    })
    await page.locator('.compose input[type=file]').setInputFiles(await picture(page, 'door'))
    await page.locator('[data-original=stored]').waitFor()
    expect(new Set(tokens).size >= 2, 'a fresh token was asked for')
  },

  async 'AL8 a device whose clock is 3 hours wrong shows true ages, and whole times with their zone'(story) {
    const page = await before(story, () => {
      const true_now = Date.now
      Object.assign(window, { wrong_ms: 3 * 3_600_000 })
      Date.now = () => true_now() + (window as unknown as { wrong_ms: number }).wrong_ms
    })
    await pick(page)
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await write(page, 'what time is it')
    await safe(page, 'what time is it')
    await staff.do(session, { kind: 'text', text: 'help is near' })
    await item(page, 'help is near').waitFor()
    const times = await page.locator('li time').allInnerTexts()
    expect(times.length === 2 && times.every((time) => time === 'just now'), `true ages, not ${times.join()}`)
    const text = staff.log(session).find(({ event }) => event.kind === 'text')?.event
    expect(text?.kind === 'text' && text.age_ms < 5_000, 'a true age at the gateway')
    await page.getByRole('button', { name: 'Exact times' }).click()
    const exact = await item(page, 'help is near').locator('time').innerText()
    expect(/\d{2}:\d{2}:\d{2} \S+/.test(exact) && exact.includes(String(new Date().getFullYear())), `the whole time and its zone, not ${exact}`)
    // Offline, what waits stands behind what is there, at its own time.
    await page.context().setOffline(true)
    await write(page, 'and offline')
    await page.locator('[data-waiting="1"]').waitFor()
    await page.getByRole('button', { name: 'Exact times' }).click()
    expect((await page.locator('li time').last().innerText()) === 'just now', 'a true age of what waits')
  },

  async 'AL8 a clock that is set anew in the middle of a report changes no age'(story) {
    const page = await before(story, () => {
      const true_now = Date.now
      Object.assign(window, { wrong_ms: 0, ticks: 0 })
      Date.now = () => true_now() + (window as unknown as { wrong_ms: number }).wrong_ms
      const every = window.setInterval.bind(window)
      Object.assign(window, {
        setInterval: (run: () => void, ms: number) =>
          every(() => {
            run()
            if (ms === 1_000) (window as unknown as { ticks: number }).ticks += 1
          }, ms),
      })
    })
    await pick(page)
    await write(page, 'before it was set')
    await safe(page, 'before it was set')
    for (const hours of [2, -3]) {
      await page.evaluate((wrong_ms) => void Object.assign(window, { wrong_ms }), hours * 3_600_000)
      const text = `after it was set by ${hours}`
      await page.context().setOffline(true)
      await write(page, text)
      await page.locator('[data-waiting="1"]').waitFor()
      // Ages are counted anew with each tick of the page.
      const ticks = (): Promise<number> => page.evaluate(() => (window as unknown as { ticks: number }).ticks)
      const before_ticks = await ticks()
      await within('a tick of the page', async () => (await ticks()) > before_ticks)
      const waiting = await page.locator('li time').allInnerTexts()
      expect(waiting.every((time) => time === 'just now'), `true ages, not ${waiting.join()}`)
      await page.context().setOffline(false)
      await safe(page, text)
      const times = await page.locator('li time').allInnerTexts()
      expect(times.every((time) => time === 'just now'), `true ages, not ${times.join()}`)
    }
  },
}
