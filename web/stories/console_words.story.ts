// Words in every shape: ready ones, translated ones, hostile ones.
import { readFile } from 'node:fs/promises'
import { decode, encode } from '@msgpack/msgpack'
import type { ToStaff } from '../sdk/src/protocol.ts'
import { place, Reporter } from './crowd.ts'
import { expect, type Story } from './harness.ts'
import { areas, consoleOf, signIn, tooWide } from './staff_hands.ts'

/** 300 ways to write something that would run if it were taken for markup. */
function payloads(): string[] {
  const run = 'window.ran=1'
  const tags = ['img', 'svg', 'body', 'iframe', 'video', 'audio', 'input', 'details', 'object', 'math', 'style', 'link', 'marquee', 'embed', 'form']
  const events = ['onerror', 'onload', 'onfocus', 'ontoggle', 'onmouseover', 'onanimationstart']
  const made = tags.flatMap((tag) => events.flatMap((event) => [
    `<${tag} src=x ${event}=${run} autofocus open>`, `"><${tag}/src/${event}='${run}'>`, `'\`--><${tag} href="javascript:${run}" ${event}="${run}"></${tag}>`,
  ]))
  const plain = [`<script>${run}</script>`, `javascript:${run}`, `{@html '<script>${run}</script>'}`, `{{constructor.constructor('${run}')()}}`, `\${${run}}`,
    `<a href="data:text/html,<script>${run}</script>">x</a>`, `]]><script>${run}</script>`, `<!--><script>${run}</script>`, `<template><script>${run}</script></template>`, `\u0000<script>${run}</script>`,
    `<scr\u0000ipt>${run}</scr\u0000ipt>`, `＜script＞${run}＜/script＞`, `&lt;script&gt;${run}&lt;/script&gt;`, `%3Cscript%3E${run}%3C/script%3E`, `{ $owner }`, `<base href="//evil.example/">`,
    `<meta http-equiv=refresh content="0;url=javascript:${run}">`, `<svg><use href="data:image/svg+xml,<svg onload='${run}'/>"/></svg>`, `\u202E<script>${run}</script>`, `</textarea><script>${run}</script>`,
    `</title><script>${run}</script>`, `</style><script>${run}</script>`, `<x/onclick=${run}>`, `<isindex action=javascript:${run}>`, `<img src="x:\`${run}\`">`, `<svg/onload=${run}//`,
    `<iframe srcdoc="<script>parent.${run}</script>">`, `<img srcset=x onerror=${run}>`, `<object data="javascript:${run}">`, `<video><source onerror="${run}"></video>`]
  return [...made, ...plain].slice(0, 300)
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'AL2 AL6: colleagues whose names are scripts, turn around or never end stay text in the console, and widen nothing': async (story) => {
    for (const name of ['<img src=x onerror=window.ran=1>', '\u202Eeman eht\u202D', 'w'.repeat(120)]) {
      const tina = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
      await tina.routeWebSocket('**/ws/staff', (socket) => {
        socket.connectToServer().onMessage((frame) => {
          const message = decode(frame as Buffer) as ToStaff | null
          if (message?.kind !== 'colleagues') return void socket.send(frame)
          for (const person of message.people) if (person.staff === 'tom') person.name = name
          socket.send(Buffer.from(encode(message)))
        })
      })
      await tina.reload()
      await signIn(tina, 'tina')
      const tom = await story.telecommunicator('tom')
      const [his, hers] = [await Reporter.report(story, { category: 'fire', text: 'smoke', location: place(40, -100) }), await Reporter.report(story, { category: 'fire', text: 'more smoke', location: place(40, -100) })]
      await tom.do(hers.session, { kind: 'take' })
      await tom.do(hers.session, { kind: 'text', text: 'Who are you?' })
      await tom.do(hers.session, { kind: 'note', text: 'speaks softly' })
      await tom.do(hers.session, { kind: 'transfer', target: { to: 'person', staff: 'tina' }, note: '' })
      await tom.do(his.session, { kind: 'take' })
      await tina.locator('[data-act=next]:enabled').waitFor()
      await tina.locator('body').press('n')
      await tina.getByRole('log').getByText('Who are you?').waitFor()
      await tina.getByRole('log').getByText(name, { exact: true }).waitFor()
      await tina.locator('[data-near]').first().getByText(name).waitFor()
      await tina.locator('body').press('o')
      const dialog = tina.getByRole('dialog', { name: 'Transfer' })
      await dialog.getByRole('radio', { name: 'A person' }).check()
      await dialog.getByLabel('Who').selectOption('tom')
      for (const width of [1440, 320]) {
        await tina.setViewportSize({ width, height: 800 })
        expect((await tooWide(tina)) <= 0, `the page fits ${String(width)} px with ${name}`)
        const cut = await dialog.evaluate((node) => node.scrollWidth - node.clientWidth)
        expect(cut <= 0, `the dialog is ${String(cut)} px too wide at ${String(width)} px with ${name}`)
      }
      await tina.keyboard.press('Escape')
      for (const tab of ['Chat', /^Notes/, 'Place and media']) {
        await tina.getByRole('tab', { name: tab }).click()
        const wide = await tina.evaluate(() => [...document.querySelectorAll('[role=log], ol, [data-near], aside, .side')].map((node) => node.scrollWidth - node.clientWidth))
        expect(Math.max(0, ...wide) <= 0, `${String(tab)} is ${wide.join(', ')} px too wide with ${name}`)
      }
      expect((await tina.evaluate(() => (window as unknown as { ran?: number }).ran)) === undefined, 'nothing ran')
      for (const one of [his, hers]) await one.do({ kind: 'leave', quick_exit: false })
      await tina.context().close()
    }
  },
  'TC5 AL2: why a session has its priority stands in the language of the page, in the list, at its head and in the timeline, and follows the rules while they change': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('Language').selectOption('fr')
    await Reporter.report(story, { category: 'medical', text: 'he is not breathing' })
    const row = tina.locator('#queue-panel [data-row]').first()
    await row.click()
    await tina.getByRole('list', { name: 'Pourquoi cette priorité' }).getByText('Quelqu’un ne respire plus, ou à peine').waitFor()
    await row.click()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('he is not breathing').waitFor()
    await tina.locator('[data-act=why]').click()
    const why = tina.locator('header').getByRole('list', { name: 'Pourquoi cette priorité' })
    await why.getByText('Quelqu’un ne respire plus, ou à peine').waitFor()
    await tina.locator('body').press('l')
    await tina.getByRole('list', { name: 'Chronologie' }).getByText(/a donné la priorité.*ne respire plus/).waitFor()
    // What the agency puts into other words is told to a page that is open; another language than its own is English.
    const rules = await readFile(new URL('../../config/triage.toml', import.meta.url), 'utf8')
    await story.gateway.rules(rules.replace('Quelqu’un ne respire plus, ou à peine', 'Ne respire plus'))
    await why.getByText('Ne respire plus', { exact: true }).waitFor()
    await tina.getByLabel('Langue').selectOption('en')
    await tina.locator('header').getByRole('list', { name: 'Why this priority' }).getByText('Somebody does not breathe, or hardly').waitFor()
  },

  'TC14: ready sentences by key in the resident\'s language; system lines come and go with h': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const one = await Reporter.report(story, { category: 'fire', text: 'il y a de la fumée', language: 'fr' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('il y a de la fumée').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    await tina.locator('body').press('s')
    await tina.getByRole('region', { name: 'Ready sentences' }).getByText('Les secours sont en route').waitFor()
    await tina.keyboard.press('2')
    await tina.keyboard.press('Alt+3')
    expect((await tina.locator('#composer').inputValue()) === 'Les secours sont en route vers vous. Êtes-vous en sécurité là où vous êtes\u00a0?', `French, and at the cursor: ${await tina.locator('#composer').inputValue()}`)
    await tina.keyboard.press('Enter')
    await tina.getByRole('log').getByText('Les secours sont en route').waitFor()
    expect(one.heard.some((message) => message.kind === 'entry' && message.event.kind === 'text' && message.event.text.startsWith('Les secours')), 'it arrived')
    await tina.keyboard.press('Escape')
    await tina.keyboard.press('l')
    const timeline = tina.getByRole('list', { name: 'Timeline' })
    await timeline.getByText(/gave priority/).waitFor()
    await tina.locator('body').press('h')
    await timeline.getByText(/gave priority/).waitFor({ state: 'hidden' })
    await timeline.getByText('took the session').waitFor()
    await tina.locator('body').press('h')
    await timeline.getByText(/gave priority/).waitFor()
    await tina.getByLabel('Show').selectOption('messages')
    await timeline.getByText('took the session').waitFor({ state: 'hidden' })
    await timeline.getByText(/il y a de la fumée/).waitFor()
  },

  'AL2: a translation stands beside its original and says that a machine made it; French page; right to left': async (story) => {
    const tina = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'fr-FR' })
    // The browser's translator, where it has one, is another program: here it is one that marks what it was given.
    await tina.addInitScript(() => Object.assign(window, { Translator: {
      availability: () => Promise.resolve('available'),
      create: () => Promise.resolve({ translate: (text: string) => Promise.resolve(`[fr] ${text}`) }),
    } }))
    await tina.reload()
    await tina.locator('[name=agency]').fill('demo.example')
    await tina.locator('[name=name]').fill('tina')
    await tina.locator('[name=passphrase]').fill('demo-tina-911')
    await tina.locator('button[type=submit]').click()
    await tina.getByText('Connecté', { exact: true }).waitFor()
    expect((await tina.locator('html').getAttribute('lang')) === 'fr', 'lang')
    await Reporter.report(story, { category: 'fire', text: 'smoke in the hall', language: 'en' })
    await tina.locator('#queue-panel [data-row]').first().getByText('Urgent').waitFor()
    await tina.locator('body').press('n')
    const message = tina.getByRole('log').locator('article').filter({ hasText: 'smoke in the hall' }).first()
    await message.waitFor()
    await tina.getByText(/L'habitant écrit en .?anglais/).waitFor()
    await tina.getByRole('button', { name: 'Traduire' }).click()
    await message.getByText('[fr] smoke in the hall').waitFor()
    await message.getByText('traduit par une machine').waitFor()
    expect((await message.locator('p.text').innerText()) === 'smoke in the hall', 'the original stays')
    for (const viewport of [{ width: 1440, height: 900 }, { width: 320, height: 640 }]) {
      await tina.setViewportSize(viewport)
      await tina.evaluate(() => (document.documentElement.dir = 'rtl'))
      for await (const area of areas(tina, viewport.width)) {
        const over = await tooWide(tina)
        expect(over <= 0, `right to left at ${String(viewport.width)} px ${area}: ${String(over)} px too wide`)
      }
    }
  },

  'AL2: a language whose words cannot be fetched is told, the page stays as it is, and takes it later': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const words = /\/assets\/console-[^/]+\.ftl$/
    await tina.route(words, (route) => route.abort())
    const choice = tina.getByLabel('Language of this page')
    await choice.selectOption('fr')
    await tina.getByRole('alert').getByText('Français').waitFor()
    expect((await choice.inputValue()) === 'en', 'the choice shows what the page speaks')
    expect((await tina.locator('html').getAttribute('lang')) === 'en', 'lang')
    await tina.unroute(words)
    await choice.selectOption('fr')
    await tina.getByText('Connecté', { exact: true }).waitFor()
    expect((await tina.getByRole('alert').count()) === 0, 'nothing is wrong any more')
  },

  'AL2 AL6: 300 payloads, bidi tricks and emoji storms stay text, run nothing, and break no line': async (story) => {
    const tina = await consoleOf(story, 'tina')
    tina.on('dialog', (dialog) => story.faults.push(`a dialog: ${dialog.message()}`))
    const all = payloads()
    expect(all.length === 300 && new Set(all).size === 300, '300 different ones')
    const one = await Reporter.report(story, {
      category: 'fire', text: all[0] ?? '', contact: '<img src=x onerror=window.ran=1>', language: 'en',
      location: { ...place(40, -100), words: '"><svg onload=window.ran=1>' },
    })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    for (let from = 1; from < all.length; from += 20) await one.say(all.slice(from, from + 20).join('\n'))
    one.type('<script>window.ran=1</script>')
    await tina.locator('article.typing').waitFor()
    await one.say('\u202Eevil \u2067\u202Dthe name\u2066')
    await one.say('🚒🔥👨‍👩‍👧‍👦'.repeat(600))
    await one.say(`z${'\u0301\u0323\u0488'.repeat(400)}algo`)
    await one.say('a'.repeat(7_900))
    await one.say('the last one')
    const log = tina.getByRole('log')
    await log.getByText('the last one').waitFor()
    for (const payload of [all[0], all[150], all[299]]) expect(((await log.innerText()).replace(/\s+/g, ' ')).includes((payload ?? '').replace(/\s+/g, ' ').slice(0, 40)), `it stands there as text: ${payload ?? ''}`)
    await tina.getByRole('tab', { name: /^Timeline/ }).click()
    await tina.getByRole('list', { name: 'Timeline' }).getByText(/the last one/).waitFor()
    await tina.getByRole('tab', { name: /^Chat/ }).click()
    const harm = await tina.evaluate(() => ({
      ran: (window as unknown as { ran?: number }).ran,
      elements: document.querySelectorAll('[role=log] :is(img, script, iframe, object, embed, style, link, form, base, meta, video, audio)').length,
      wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      log: Math.max(...[...document.querySelectorAll('[role=log] article')].map((one) => one.getBoundingClientRect().right)) - (document.querySelector('[role=log]')?.getBoundingClientRect().right ?? 0),
    }))
    expect(harm.ran === undefined && harm.elements === 0, `nothing ran and nothing became markup: ${JSON.stringify(harm)}`)
    expect(harm.wide <= 0 && harm.log <= 0, `nothing is wider than its place: ${JSON.stringify(harm)}`)
    await tina.locator('#composer').fill('still works')
    await tina.locator('#composer').press('Enter')
    await log.getByText('still works').waitFor()
  },
}
