// Languages, reading, waiting, real-time text, and what assistive technology hears of the resident page.
import type { Page } from 'playwright-core'
import { LOST } from '../sdk/src/real_time_text.ts'
import { alone, expect, within, type Story } from './harness.ts'
import { focused, go } from './keyboard.ts'
import { begin, camera, item, pick, safe, taken, write } from './resident_hands.ts'
import { accessible, consoleOf } from './staff_hands.ts'
import { latestOf, noteTyping } from './typed_times.ts'

/** Elements that stand out of the page sideways, and words that are cut. */
async function spills(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth > clientWidth) found.push(`the page by ${scrollWidth - clientWidth} px`)
    for (const element of document.querySelectorAll<HTMLElement>('button, a, label, h1, h2, p, li')) {
      const { left, right, width } = element.getBoundingClientRect()
      if (width <= 1 || element.closest('.visually-hidden') !== null) continue
      if (left < -1 || right > clientWidth + 1) found.push(element.innerText.slice(0, 40))
      const { overflowX } = getComputedStyle(element)
      if (overflowX === 'hidden' && element.scrollWidth > element.clientWidth + 1) found.push(`cut: ${element.innerText.slice(0, 40)}`)
    }
    // A word of a button stands on one line.
    for (const button of document.querySelectorAll('.button')) {
      const texts = document.createTreeWalker(button, NodeFilter.SHOW_TEXT)
      for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
        for (const word of (text.nodeValue ?? '').matchAll(/\p{L}{2,}/gu)) {
          const range = document.createRange()
          range.setStart(text, word.index)
          range.setEnd(text, word.index + word[0].length)
          if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) found.push(`broken: ${word[0]}`)
        }
      }
    }
    return found
  })
}

/** Walks through the page's states and looks at each. */
async function walk(page: Page, look: (where: string) => Promise<void>): Promise<void> {
  await page.locator('.banner').waitFor()
  await look('first screen')
  await pick(page)
  await write(page, '123')
  await safe(page, '123')
  await page.locator('.add .button').nth(1).click()
  await page.locator('details summary').click()
  await look('report with a question and all choices')
  await page.locator('section.leave button').click()
  await page.locator('section.leave button').first().click()
  await page.locator('main h1').waitFor()
  await look('left')
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'AL2 the page speaks Arabic, right to left, and nothing is cut; axe finds nothing serious'(story) {
    const page = await story.visit('/', { locale: 'ar', viewport: { width: 360, height: 740 } })
    await walk(page, async (where) => {
      expect((await page.locator('html').getAttribute('dir')) === 'rtl', `right to left: ${where}`)
      const found = await spills(page)
      expect(found.length === 0, `nothing cut, ${where}: ${found.join(' | ')}`)
      expect(!/[A-Za-z]{4,}/.test(await page.locator('main h1, main h2').allInnerTexts().then((all) => all.join(' '))), `its own words: ${where}`)
      await accessible(page, `${where}, Arabic`)
    })
  },

  async 'AL2 the page speaks Spanish, and changes its language in the middle of a report'(story) {
    const page = await story.visit('/', { locale: 'es-MX' })
    await page.getByRole('heading', { name: '¿Qué ocurre?' }).waitFor()
    await pick(page)
    await page.getByRole('button', { name: 'Enviar', exact: true }).waitFor()
    expect((await page.locator('html').getAttribute('lang')) === 'es', 'lang on the page')
    await write(page, 'hay humo')
    await safe(page, 'hay humo')
    await page.getByRole('button', { name: 'العربية' }).click()
    await within('right to left', async () => (await page.locator('html').getAttribute('dir')) === 'rtl')
    await item(page, 'hay humo').waitFor()
    const mine = await item(page, 'hay humo').locator('.text').evaluate((element) => getComputedStyle(element).direction)
    expect(mine === 'ltr', 'a Spanish text keeps its own direction')
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('button', { name: 'Send', exact: true }).waitFor()
  },

  async 'AL2 who cannot read the page finds their language at the top of it, on every screen and in silent mode, by hand and by keys'(story) {
    for (const [path, viewport] of [['/', { width: 390, height: 844 }], ['/?silent', { width: 320, height: 640 }], ['/', { width: 320, height: 256 }]] as const) {
      const page = await story.visit(path, { viewport })
      const choice = page.getByRole('group', { name: 'Language', exact: true })
      const español = choice.getByRole('button', { name: 'Español' })
      await español.waitFor()
      const boxes = await choice.getByRole('button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ bottom, width, height }) => ({ bottom, width, height })))
      expect(boxes.length === 4 && boxes.every(({ bottom, width, height }) => bottom <= viewport.height && width >= 48 && height >= 48), `in sight and large enough: ${JSON.stringify(boxes)}`)
      // Exit and call stand before it, and nothing else.
      for (let press = 0; press < 4; press += 1) await page.keyboard.press('Tab')
      await within('the focus is on it', () => español.evaluate((button) => button === document.activeElement))
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: '¿Qué ocurre?' }).waitFor()
      await page.getByRole('group', { name: 'Idioma' }).getByRole('button', { name: 'Español', pressed: true }).waitFor()
      await page.getByRole('listitem').first().getByRole('button').click()
      await page.getByRole('button', { name: 'Enviar', exact: true }).waitFor()
      await page.evaluate(() => scrollTo(0, 0))
      const top = await page.getByRole('button', { name: 'العربية' }).evaluate((button) => button.getBoundingClientRect().bottom)
      expect(top <= viewport.height, `at the top of the report, too: ${String(top)} px`)
    }
  },

  async 'RE12 AL6 at 400 % zoom exit, stop and call stay in view, in one row that leaves the page its room, in four languages'(story) {
    for (const locale of ['en-US', 'fr-CA', 'es-MX', 'ar']) {
      const page = await story.visit('/', { locale, viewport: { width: 320, height: 256 }, permissions: ['geolocation'], geolocation: { latitude: 40, longitude: -99, accuracy: 25 } })
      await pick(page)
      await page.locator('section.card .act').first().click()
      await page.locator('[data-stop]').waitFor()
      for (const to of [0, 400, 100_000]) {
        await page.evaluate((top) => scrollTo(0, top), to)
        const bar = await page.locator('header').evaluate((element) => element.getBoundingClientRect().bottom)
        expect(bar <= 64, `${locale}: most of 256 px is the report's, not ${String(bar)} px the bar's`)
        const boxes = await page.locator('header .button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ top, bottom, left, right, height }) => ({ top, bottom, left, right, height })))
        expect(boxes.length === 3 && boxes.every(({ top, bottom, left, right, height }) => top >= 0 && bottom <= 64 && left >= 0 && right <= 320 && height >= 48), `${locale} at ${String(to)}: ${JSON.stringify(boxes)}`)
      }
      await page.locator('[data-stop]').click()
      await page.locator('[data-stop]').waitFor({ state: 'detached' })

      // Whoever tries the line out has the same, and the word that it is a test.
      const test = await story.visit('/?test', { locale, viewport: { width: 320, height: 256 } })
      await test.locator('header .test').waitFor()
      for (const to of [0, 100_000]) {
        await test.evaluate((top) => scrollTo(0, top), to)
        const { top, bottom } = await test.locator('header').evaluate((element) => element.getBoundingClientRect())
        expect(top === 0 && bottom <= 96, `${locale} at ${String(to)}: the bar of a test from ${String(top)} to ${String(bottom)}`)
        for (const what of ['.exit', '.call', '.test']) expect(await test.locator(`header ${what}`).isVisible(), `${locale}: ${what}`)
      }
    }
  },

  async 'AL6 320 px, 400 % zoom and 200 % text: nothing cut, nothing sideways, in four languages'(story) {
    for (const [locale, viewport] of [
      ['en-US', { width: 320, height: 640 }],
      ['fr-FR', { width: 320, height: 256 }],
      ['es-MX', { width: 320, height: 640 }],
      ['ar', { width: 320, height: 640 }],
    ] as const) {
      const page = await story.visit('/', { locale, viewport })
      await walk(page, async (where) => {
        for (const size of ['100%', '200%']) {
          await page.evaluate((text) => (document.documentElement.style.fontSize = text), size)
          const found = await spills(page)
          expect(found.length === 0, `nothing cut: ${locale}, ${viewport.height} px high, text ${size}, ${where}: ${found.join(' | ')}`)
        }
        await page.evaluate(() => (document.documentElement.style.fontSize = ''))
      })
      await page.context().close()
    }
  },

  async 'AL axe finds nothing serious in dark, high contrast, forced colours and silent mode'(story) {
    for (const [path, options] of [
      ['/', { colorScheme: 'dark' }],
      ['/', { contrast: 'more' }],
      ['/', { forcedColors: 'active' }],
      ['/?silent', {}],
    ] as const) {
      const page = await story.visit(path, options)
      await walk(page, (where) => accessible(page, `${where}, ${path} ${JSON.stringify(options)}`))
      await page.context().close()
    }
  },

  async 'AL6 while something is shared exit, stop and call stand in one row at 390 px, and no hint is squeezed, in four languages'(story) {
    for (const locale of ['en-US', 'fr-CA', 'es-MX', 'ar']) {
      const page = await story.visit('/', { locale, permissions: ['geolocation'], geolocation: { latitude: 40, longitude: -99, accuracy: 25 } })
      const hint = await page.locator('#silent-hint').evaluate((element) => element.clientWidth)
      expect(hint >= 140, `${locale}: a hint of ${String(hint)} px`)
      await pick(page)
      await page.locator('section.card .act').first().click()
      await page.locator('[data-stop]').waitFor()
      const tops = await page.locator('header .button').evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().top)))
      expect(tops.length === 3 && new Set(tops).size === 1, `${locale}: one row, not ${tops.join()}`)
    }
  },

  async 'AL3 the whole report goes by keyboard alone, with the focus in sight at each step'(story) {
    const page = await story.visit('/', { viewport: { width: 390, height: 700 } })
    await page.getByRole('heading', { level: 1 }).waitFor()
    await go(page, /^Exit now/)
    await go(page, /^Call/)
    await go(page, /Road crash/)
    await page.keyboard.press('Enter')
    await page.locator('#text').waitFor()
    await go(page, /^text$/)
    await page.keyboard.type('Two cars, one person hurt')
    await go(page, /^Send$/)
    await page.keyboard.press('Enter')
    await safe(page, 'Two cars, one person hurt')
    await go(page, /^Camera/)
    await page.keyboard.press('Enter')
    await page.getByText('May they see your camera, live?').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('May they see your camera, live?').waitFor({ state: 'detached' })
    expect(/^Camera/.test(await focused(page)), `Esc gives the focus back, not to ${await focused(page)}`)
    await go(page, /Leave the report/)
    await page.keyboard.press('Enter')
    await page.getByText('Leave this report?').waitFor()
    expect(/Yes, leave/.test(await focused(page)), `the focus goes along, not to ${await focused(page)}`)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'You left the report' }).waitFor()
  },

  async 'AL1 AL4 only finished words are spoken, and nothing moves'(story) {
    const { page, staff, session } = await taken(story, { reducedMotion: 'reduce' })
    await page.evaluate(() => {
      const spoken: string[] = []
      Object.assign(window, { spoken })
      const note = (node: Node): void => {
        const region = (node instanceof Element ? node : node.parentElement)?.closest('[role=status], [role=alert], [aria-live]')
        if (region) spoken.push(region.textContent.trim())
      }
      new MutationObserver((changes) => changes.forEach(({ target }) => note(target))).observe(document.body, { subtree: true, childList: true, characterData: true })
    })
    staff.send({ kind: 'real_time_text', session, typed: { message: 'a'.repeat(32), part: 0, from: 0, text: 'are you sa' } })
    await page.locator('.typing').waitFor()
    const before = await page.evaluate(() => (window as unknown as { spoken: string[] }).spoken.join('|'))
    expect(!before.includes('are you sa'), 'typing is not spoken')
    expect((await page.locator('.typing').getByText('The telecommunicator is typing').count()) === 1, 'it says whose it is')
    await staff.do(session, { kind: 'text', text: 'are you safe?' })
    await item(page, 'are you safe?').waitFor()
    await within('the finished message is spoken, with who said it', () =>
      page.evaluate(() => (window as unknown as { spoken: string[] }).spoken.some((words) => words.includes('Telecommunicator') && words.includes('are you safe?'))),
    )
    const moving = await page.evaluate(() => document.getAnimations().length)
    expect(moving === 0, `nothing moves, not ${moving}`)
  },

  async 'AL5 receipts, asks and items are words and shapes, never colour alone'(story) {
    const page = await begin(story)
    await write(page, 'green is not enough')
    await safe(page, 'green is not enough')
    for (const one of await page.locator('li.mine .one').all()) {
      expect((await one.innerText()).trim().length > 2 && (await one.locator('svg').count()) === 1, 'a word and a shape')
    }
    for (const button of await page.locator('button:visible, a:visible').all()) {
      expect(((await button.getAttribute('aria-label')) ?? (await button.innerText())).trim().length > 1, 'a name')
    }
  },

  'RE10 real-time text leaves within 300 ms, both ways at once while talking; a loss shows its mark': alone(async (story) => {
    const { page, staff, session } = await taken(story)
    await camera(page)
    await page.locator('[data-live=flowing]').waitFor()
    await noteTyping(page, '#text')
    staff.send({ kind: 'real_time_text', session, typed: { message: 'b'.repeat(32), part: 0, from: 0, text: 'stay ' } })
    await page.locator('#text').pressSequentially('they are coming up the stairs', { delay: 40 })
    // Part 1 is lost on its way.
    staff.send({ kind: 'real_time_text', session, typed: { message: 'b'.repeat(32), part: 2, from: 5, text: 'low' } })
    await page.getByText(`stay ${LOST}low`).waitFor()
    const latest = await latestOf(page)
    expect(latest <= 300, `every character within 300 ms, not ${Math.round(latest)}`)
    const heard = staff.heard.flatMap((one) => (one.kind === 'real_time_text' ? [one.typed] : []))
    expect(heard.length > 1 && heard.at(-1)?.text !== undefined, 'staff read it while it is typed')
    // "Send when finished" is a choice.
    await page.getByLabel('Send as I type').uncheck()
    const count = staff.heard.length
    await page.locator('#text').pressSequentially(' quietly', { delay: 20 })
    await write(page, 'a finished one')
    await safe(page, 'a finished one')
    const after = staff.heard.slice(count).flatMap((one) => (one.kind === 'real_time_text' && one.typed.text !== '' ? [one.typed.text] : []))
    expect(after.length === 0, `nothing left before it was finished, not ${after.join()}`)
  }),

  'RE10 what both sides type at once leaves within 300 ms, the console as the resident page, and each reads the other while it is typed': alone(async (story) => {
    const page = await begin(story)
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.locator('#composer').waitFor()
    for (const [side, field] of [[page, '#text'], [tina, '#composer']] as const) await noteTyping(side, field)
    const [told, asked] = ['they are coming up the stairs', 'stay quiet and tell me which floor']
    await Promise.all([
      page.locator('#text').pressSequentially(told, { delay: 40 }),
      tina.locator('#composer').pressSequentially(asked, { delay: 40 }),
    ])
    await page.locator('.typing').getByText(asked).waitFor()
    await tina.locator('article.typing').getByText(told).waitFor()
    for (const [side, whose] of [[page, 'resident'], [tina, 'telecommunicator']] as const) {
      const latest = await latestOf(side)
      expect(latest <= 300, `every character of the ${whose} within 300 ms, not ${String(Math.round(latest))}`)
    }
  }),

  async 'RE15 the place in line, nobody at the desk, and what happens next are told'(story) {
    const first = await begin(story)
    await first.getByText('Nobody is at the desk right now.').waitFor()
    const second = await begin(story)
    const staff = await story.telecommunicator()
    await first.getByText(/You are number .?1.? in line/).waitFor()
    await second.getByText(/You are number .?2.? in line/).waitFor()
    await first.locator('[aria-current=step]', { hasText: 'waits in line' }).waitFor()
    const session = await staff.take()
    await first.locator('[aria-current=step]', { hasText: 'trained person' }).waitFor()
    await second.getByText(/You are number .?1.? in line/).waitFor()
    await staff.do(session, { kind: 'release' })
    await first.getByText('You are back in line.').first().waitFor()
  },

  async 'RE4 RE16 says what it is and when to call; one tap to the line; the link stays readable after the end'(story) {
    const page = await story.visit()
    await page.getByText(/Calling .?911.? is faster/).waitFor()
    expect((await page.locator('main ul button').count()) === 9 && (await page.locator('main input, main textarea').count()) === 0, 'one question')
    let taps = 0
    await page.exposeFunction('tapped', () => (taps += 1))
    await page.evaluate(() => addEventListener('click', () => (window as unknown as { tapped(): void }).tapped()))
    await pick(page)
    expect(taps === 1, `one tap, not ${taps}`)
    await write(page, 'all is well again')
    await safe(page, 'all is well again')
    const staff = await story.telecommunicator()
    await staff.do(await staff.take(), { kind: 'close', disposition: 'advice_given', note: '' })
    await page.getByRole('heading', { name: 'This report is closed' }).waitFor()
    await page.locator('header a[href^="tel:"]').waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'This report is closed' }).waitFor()
    await item(page, 'all is well again').waitFor()
    await page.locator('.banner').waitFor()
  },

  async 'RE2 a gateway that hangs is still trying, never failed nor sent'(story) {
    const page = await begin(story)
    story.gateway.freeze(true)
    await write(page, 'is anybody there')
    await page.locator('.away').waitFor()
    const words = (await page.locator('.status, main ol').allInnerTexts()).join(' ').toLowerCase()
    expect(words.includes('still trying') && words.includes('on this device'), 'still trying')
    const wrong = /.{30}\b(failed|sent|error)\b/s.exec(words)
    expect(wrong === null, `neither failed nor sent, not ${wrong?.[0] ?? ''}`)
    story.gateway.freeze(false)
    await safe(page, 'is anybody there')
  },
}
