// The resident page in a real browser against a real gateway. Titles begin with the rule they prove.
import { expect, within, type Story } from './harness.ts'
import { begin, EXIT, item, picture, safe, write } from './resident_hands.ts'
import { accessible, tooWide } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE4 what the agency says stands in the language of the page, and what it says once stands as it is'(story) {
    const page = await story.visit('/', { locale: 'fr-FR' })
    const said = page.locator('.banner')
    await said.getByText('Aucun secours n’est envoyé').waitFor()
    expect((await said.locator('[lang=fr]').count()) === 1, 'its language is told to who has it read aloud')
    await page.getByRole('button', { name: 'العربية' }).click()
    await said.getByText('لن يُرسَل أحد').waitFor()
    await page.getByRole('button', { name: 'English' }).click()
    await said.getByText('Nobody is sent').waitFor()
    const once = await story.visit('/a/harbour.example/', { locale: 'fr-FR' })
    await once.locator('.banner').getByText('This reaches the harbour.').waitFor()
  },

  async 'RE4 one tap starts a report; every screen has the banner and an emergency link'(story) {
    const page = await story.visit()
    await page.locator('.banner').waitFor()
    await page.locator('a[href^="tel:"]').first().waitFor()
    await page.getByRole('button', { name: 'Fire or smoke' }).click()
    await page.locator('#text').waitFor()
    await page.locator('.banner').waitFor()
    expect((await page.locator('header a[href^="tel:"]').count()) === 1, 'an emergency link on the second screen')
  },

  async 'RE1 RE2 a text, a photo and a place climb to safe, then delivered, then seen'(story) {
    const page = await begin(story, '/', { permissions: ['geolocation'], geolocation: { latitude: 40, longitude: -100, accuracy: 25 } })
    await write(page, 'Smoke on the stairs')
    await safe(page, 'Smoke on the stairs')
    await page.getByRole('button', { name: 'Yes, share my place' }).click()
    await safe(page, 'My place')
    await page.locator('.compose input[type=file]').setInputFiles(await picture(page, 'stairs'))
    await item(page, 'stairs.jpg').locator('[data-original=stored]').waitFor()
    const items = ['Smoke on the stairs', 'My place', 'stairs.jpg']
    for (const one of items) await item(page, one).locator('[data-safety=safe]').waitFor()
    for (const one of items) await item(page, one).locator('[data-attention=none]').waitFor()
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await page.getByText('A person is with you now.').waitFor()
    await within('staff read it', () => Promise.resolve(staff.texts(session).includes('Smoke on the stairs')))
    const up_to = staff.log(session).at(-1)?.seq ?? 0
    staff.send({ kind: 'delivered', session, up_to })
    for (const one of items) await item(page, one).locator('[data-attention=delivered]').waitFor()
    await staff.do(session, { kind: 'seen', up_to })
    for (const one of items) await item(page, one).locator('[data-attention=seen]').waitFor()
    await staff.do(session, { kind: 'text', text: 'Is everybody out?' })
    await item(page, 'Is everybody out?').waitFor()
  },

  async 'RE3 what is written without a network arrives once, in order, when it is back'(story) {
    const page = await begin(story)
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await page.context().setOffline(true)
    for (const text of ['one', 'two', 'three']) await write(page, text)
    await page.locator('[data-waiting="3"]').waitFor()
    await page.locator('.away').waitFor()
    expect((await page.locator('[data-safety=device]').count()) === 3, 'three items on this device')
    await page.context().setOffline(false)
    for (const text of ['one', 'two', 'three']) await safe(page, text)
    await within('staff read all three', () => Promise.resolve(staff.texts(session).length >= 3))
    expect(staff.texts(session).join() === 'one,two,three', `each once and in order, not ${staff.texts(session).join()}`)
  },

  async 'RE3 a reload in the middle, without a network, goes on with the same report'(story) {
    const page = await begin(story)
    await write(page, 'before the reload')
    await safe(page, 'before the reload')
    await within('the page is under its worker', async () => new URL(page.url()).search.startsWith('?report'))
    await within('its copies are there', () =>
      page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).some(({ active }) => active?.state === 'activated')),
    )
    await page.context().setOffline(true)
    await write(page, 'written offline')
    await page.locator('[data-waiting="1"]').waitFor()
    await page.reload()
    await page.locator('[data-waiting="1"]').waitFor()
    await page.context().setOffline(false)
    await safe(page, 'before the reload')
    await safe(page, 'written offline')
    expect((await page.locator('ol > li', { hasText: 'written offline' }).count()) === 1, 'shown once')
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await within('staff read both', () => Promise.resolve(staff.texts(session).length === 2))
  },

  async 'RE3 RE9 a crash of the gateway loses nothing that was safe and doubles nothing'(story) {
    const page = await begin(story)
    await write(page, 'safe before the crash')
    await safe(page, 'safe before the crash')
    await story.gateway.down('SIGKILL')
    await write(page, 'written while it was down')
    await page.locator('.away').waitFor()
    await story.gateway.up()
    await safe(page, 'written while it was down')
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await within('staff read both', () => Promise.resolve(staff.texts(session).length >= 2))
    expect(staff.texts(session).join() === 'safe before the crash,written while it was down', staff.texts(session).join())
  },

  async 'RE14 a moving place goes out with its accuracy and age'(story) {
    const geolocation = { latitude: 52.37, longitude: 4.89, accuracy: 18 }
    const page = await begin(story, '/', { permissions: ['geolocation'], geolocation })
    await page.getByRole('button', { name: 'Yes, share my place' }).click()
    await page.getByText('Shared.').waitFor()
    await page.locator('[data-place]').waitFor()
    const staff = await story.telecommunicator()
    const session = await staff.take()
    const fixes = () => staff.log(session).flatMap(({ event }) => (event.kind === 'located' ? [event.location] : []))
    await within('the first fix', () => Promise.resolve(fixes().length === 1))
    expect(Math.abs((fixes()[0]?.uncertainty_m ?? 0) - 18) < 0.01, 'its accuracy')
    expect(fixes()[0]?.method === 'device', `how it was found: a browser does not say, ${String(fixes()[0]?.method)}`)
    // On the way all the time: the device tells no more often than a fix says something new.
    let steps = 0
    await within('a second fix after moving', async () => {
      steps += 1
      await page.context().setGeolocation({ ...geolocation, latitude: 52.37 + steps * 0.001 })
      return fixes().length >= 2
    })
    // What is found without a link is as old as it waited when it arrives.
    const before = fixes().length
    await page.context().setOffline(true)
    await write(page, 'still on the way')
    await page.locator('.away').waitFor()
    const waits = (number: number): Promise<void> => within(`${String(number)} things that wait`, async () => {
      steps += 1
      await page.context().setGeolocation({ ...geolocation, latitude: 52.37 + steps * 0.001 })
      return (await page.locator(`[data-waiting="${String(number)}"]`).count()) > 0
    })
    await waits(2)
    const found = Date.now()
    await waits(3)
    const waited = Date.now() - found
    await page.context().setOffline(false)
    await within('a fix as old as it waited', () => Promise.resolve(fixes().slice(before).some(({ age_ms }) => age_ms >= waited)))
    await page.getByRole('button', { name: 'Stop sharing' }).click()
    await within('the stop in the log', () =>
      Promise.resolve(staff.log(session).some(({ event }) => event.kind === 'consented' && event.medium === 'place' && !event.granted)),
    )
  },

  async 'RE13 two photos arrive, preview first, originals after'(story) {
    const page = await begin(story)
    const staff = await story.telecommunicator()
    const session = await staff.take()
    const files = [await picture(page, 'front'), await picture(page, 'back')]
    await page.locator('.compose input[type=file]').setInputFiles(files)
    await within('both originals are stored', async () => (await page.locator('[data-original=stored]').count()) === 2, 40_000)
    const count = (kind: string): number => staff.log(session).filter(({ event }) => event.kind === kind).length
    await within('staff know of both', () => Promise.resolve(count('photo_stored') === 2))
    const events = staff.log(session).map(({ event }) => event)
    const announced = events.filter((event) => event.kind === 'photo_announced')
    const stored = events.filter((event) => event.kind === 'photo_stored')
    expect(announced.length === 2 && announced.every(({ preview }) => preview), 'two announcements with previews')
    expect(stored.length === 2, 'two originals')
    expect(stored.map(({ size_bytes }) => size_bytes).join() === files.map(({ buffer }) => buffer.length).join(), 'every byte')
  },

  async 'RE6 the camera flows after a yes and one tap stops it'(story) {
    const page = await begin(story)
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await page.getByRole('button', { name: 'Camera' }).click()
    await page.getByRole('button', { name: 'Yes, show my camera' }).click()
    await page.locator('[data-live=flowing]').waitFor()
    await page.getByText('Nobody watches yet.').waitFor()
    await staff.hear('live', (live) => live.session === session && live.video)
    await page.locator('[data-stop]').click()
    await page.locator('video').waitFor({ state: 'detached' })
    await within('the stop in the log', () =>
      Promise.resolve(staff.log(session).some(({ event }) => event.kind === 'consented' && event.medium === 'video' && !event.granted)),
    )
  },

  async 'RE5 an ask is a card of its own with yes and no'(story) {
    const page = await begin(story)
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await staff.do(session, { kind: 'ask', medium: 'audio', question: 'May I listen?' })
    const card = page.locator('section.card', { hasText: 'They ask to hear your microphone' })
    await card.getByText('May I listen?').waitFor()
    await card.getByRole('button', { name: 'No', exact: true }).click()
    await card.waitFor({ state: 'detached' })
    await within('the answer in the log', () =>
      Promise.resolve(staff.log(session).some(({ event }) => event.kind === 'consented' && !event.granted && event.ask !== undefined)),
    )
  },

  async 'RE10 text goes out while it is typed, both ways'(story) {
    const page = await begin(story)
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await page.locator('#text').pressSequentially('someone is at the do', { delay: 20 })
    await staff.hear('real_time_text', ({ typed }) => typed.text.length > 0)
    staff.send({ kind: 'real_time_text', session, typed: { message: 'e'.repeat(32), part: 0, from: 0, text: 'are you al' } })
    await page.getByText('are you al').waitFor()
  },

  async 'RE12 quick exit blanks the page, leaves nothing and does not come back'(story) {
    const page = await begin(story)
    await page.context().route(EXIT, (route) => route.fulfill({ body: 'weather' }))
    await write(page, 'they are in the next room')
    await safe(page, 'they are in the next room')
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await page.getByRole('button', { name: 'Exit now' }).click()
    await page.waitForURL(EXIT)
    await within('the log says so', () =>
      Promise.resolve(staff.log(session).some(({ event }) => event.kind === 'left' && event.quick_exit)),
    )
    await page.goBack().catch(() => null)
    expect(!page.url().startsWith(story.gateway.origin), 'Back does not return to the report')
    await page.goto(story.gateway.origin)
    await page.getByRole('heading', { name: 'What is happening?' }).waitFor()
  },

  async 'RE12 three presses of Shift leave as well'(story) {
    const page = await begin(story)
    await page.context().route(EXIT, (route) => route.fulfill({ body: 'weather' }))
    for (let press = 0; press < 3; press += 1) await page.keyboard.press('Shift')
    await page.waitForURL(EXIT)
  },

  async 'RE11 silent mode leaves nothing on the device'(story) {
    const page = await begin(story, '/?silent')
    await write(page, 'I cannot talk')
    await safe(page, 'I cannot talk')
    const traces = await page.evaluate(async () => ({
      databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length,
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      local: localStorage.length + sessionStorage.length,
    }))
    expect(Object.values(traces).every((count) => count === 0), `no traces, not ${JSON.stringify(traces)}`)
    expect((await page.title()) === 'Notes', 'a plain title')
  },

  async 'RE11 silent mode chosen on the first screen leaves no database, and yes is one tap'(story) {
    const page = await story.visit()
    await page.getByRole('button', { name: 'I cannot talk' }).click()
    await within('no database is left', () => page.evaluate(async () => (await indexedDB.databases()).length === 0))
    await page.getByRole('button', { name: 'Someone is attacked' }).click()
    await page.getByRole('button', { name: 'Yes', exact: true }).click()
    await item(page, 'Yes').locator('[data-safety=safe]').waitFor()
  },

  async 'AL2 the page speaks French'(story) {
    const page = await story.visit('/', { locale: 'fr-FR' })
    await page.getByRole('heading', { name: 'Que se passe-t-il' }).waitFor()
    expect((await page.locator('html').getAttribute('lang')) === 'fr', 'lang on the page')
    await page.getByRole('button', { name: 'Feu ou fumée' }).click()
    await page.getByRole('button', { name: 'Envoyer', exact: true }).waitFor()
  },

  async 'AL6 nothing scrolls sideways at 320 px and at 400 % zoom'(story) {
    for (const viewport of [{ width: 320, height: 640 }, { width: 320, height: 256 }]) {
      const page = await begin(story, '/', { viewport })
      await write(page, 'averyveryveryveryveryveryveryveryveryverylongwordthatnobodywouldtype '.repeat(3))
      await page.getByRole('button', { name: 'Camera' }).click()
      const over = await tooWide(page)
      expect(over <= 0, `no sideways scroll at ${viewport.width} × ${viewport.height}, not ${over} px`)
    }
  },

  async 'AL axe finds nothing serious, light and dark'(story) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await story.visit('/', { colorScheme })
      await page.locator('.banner').waitFor()
      await accessible(page, `first screen, ${colorScheme}`)
      await page.getByRole('button', { name: 'Something else' }).click()
      await write(page, 'a few words')
      await safe(page, 'a few words')
      await page.getByRole('button', { name: 'Camera' }).click()
      await accessible(page, `report, ${colorScheme}`)
    }
  },

  async 'a report is left, gone on with, and closed'(story) {
    const page = await begin(story)
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await page.getByRole('button', { name: 'Leave the report' }).click()
    await page.getByRole('button', { name: 'Yes, leave' }).click()
    await page.getByRole('heading', { name: 'You left the report' }).waitFor()
    await page.getByRole('button', { name: 'Come back' }).click()
    await write(page, 'I am back')
    await safe(page, 'I am back')
    await staff.do(session, { kind: 'close', disposition: 'advice_given', note: '' })
    await page.getByRole('heading', { name: 'This report is closed' }).waitFor()
    await page.getByRole('button', { name: 'New report' }).click()
    await page.getByRole('heading', { name: 'What is happening?' }).waitFor()
  },
}
