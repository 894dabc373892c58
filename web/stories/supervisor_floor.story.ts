// The supervisor's floor: figures and what they mean, warnings before a breach, what needs a person in words, charts with tables.
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { decode, encode } from '../sdk/src/codec.ts'
import type { ToStaff } from '../sdk/src/protocol.ts'
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, jpeg, noStorage, residentWith, signIn, supervisorOf, tooWide } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'SV1: one live screen has every queue with its figures and everybody by state, and each figure says what it is one key away': async (story) => {
    const sue = await supervisorOf(story)
    const tile = sue.locator('article[data-queue="emergency"]')
    for (const figure of ['Waiting', 'Longest wait', 'In target', 'Abandoned']) await tile.getByText(figure, { exact: true }).waitFor()
    expect((await sue.locator('article[data-queue]').count()) === 4, 'four queues')
    const tina = await consoleOf(story, 'tina')
    const states = sue.getByRole('list', { name: 'People by state' })
    await tina.getByLabel('My state').selectOption('available')
    await states.getByText(/^1 Available/).waitFor()
    await tina.getByLabel('My state').selectOption('break')
    await states.getByText(/1 Break/).waitFor()
    await sue.getByRole('row').filter({ hasText: 'Tina' }).getByText('Break').waitFor()

    // The figures themselves: nobody waits; one is taken in time; another waits, and is taken.
    const figure = (place: number) => tile.locator(`dl > div:nth-child(${String(place)}) .big`)
    const stands = (place: number, words: string): Promise<void> => figure(place).getByText(words, { exact: true }).waitFor()
    const [waiting, longest, inTarget] = [1, 2, 3]
    const next = async (words: string): Promise<void> => {
      await tina.locator('[data-act=next]:enabled').waitFor()
      await tina.locator('body').press('n')
      await tina.getByRole('log').getByText(words, { exact: true }).waitFor()
    }
    for (const [place, words] of [[waiting, '0'], [longest, '–'], [inTarget, '–']] as const) await stands(place, words)
    await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await next('smoke')
    await stands(inTarget, '100 %')
    await stands(longest, '–')
    await Reporter.report(story, { category: 'fire', text: 'more of it' })
    await stands(waiting, '1')
    const seconds = async (): Promise<number> => Number((await figure(longest).innerText()).replace(':', '')) // from 0:00 to 0:59
    await within('the longest wait begins', async () => (await seconds()) >= 0)
    const since = await seconds()
    await within('the longest wait goes on', async () => (await seconds()) > since)
    await next('more of it')
    await stands(waiting, '0')
    await stands(longest, '–')

    await sue.locator('body').press('d')
    const meanings = sue.getByRole('dialog')
    await meanings.getByText('the share that was taken within the target of its priority').waitFor()
    await sue.keyboard.press('Escape')
    await tile.getByRole('button', { name: 'In target' }).click()
    await within('the asked figure has the focus', () => meanings.locator('.asked').evaluate((node) => node === document.activeElement && /In target/.test(node.textContent)))
    await meanings.getByText('Single keys work on this page').click()
    await sue.keyboard.press('Escape')
    await sue.locator('body').press('d')
    expect((await sue.getByRole('dialog').count()) === 0, 'single keys are off')
  },

  'SV1: with a few sessions and with many, every table of the floor is whole on screens from 1280 to 1920 px, in English and French': async (story) => {
    const floors = [await supervisorOf(story), await supervisorOf(story, { locale: 'fr-FR' }, 'Connecté')]
    const cut = (floor: Page): Promise<string[]> => floor.evaluate(() =>
      [...document.querySelectorAll('.scroll')].filter((table) => table.scrollWidth > table.clientWidth).map((table) => table.textContent))
    for (const more of [1, 9]) {
      for (let n = 0; n < more; n += 1) await Reporter.report(story, { category: 'traffic', text: 'a crash on the bridge' })
      for (const floor of floors) {
        await floor.getByText('100 %', { exact: true }).waitFor()
        for (const width of [1280, 1366, 1440, 1920]) {
          await floor.setViewportSize({ width, height: 900 })
          const tables = await cut(floor)
          expect(tables.length === 0, `nothing is cut at ${String(width)} px: ${tables.join(' | ')}`)
        }
      }
    }
  },

  'SV8: at 820 px the file of the figures is saved at the end of a line, beside since when they are, in English and French': async (story) => {
    for (const sue of [await supervisorOf(story), await supervisorOf(story, { locale: 'fr-FR' }, 'Connecté')]) {
      for (const width of [820, 1024]) {
        await sue.setViewportSize({ width, height: 1180 })
        const save = sue.getByRole('button', { name: 'CSV' })
        await save.and(sue.locator(':enabled')).waitFor()
        const [beside, atEnd] = await save.evaluate((button) => {
          const [here, since, panel] = [button, button.previousElementSibling, button.closest('section')].map((one) => one?.getBoundingClientRect() ?? new DOMRect())
          const middle = ({ top, bottom }: DOMRect): number => (top + bottom) / 2
          return here && since && panel ? [Math.abs(middle(here) - middle(since)) < 4, panel.right - here.right < 20] : []
        })
        expect(beside === true && atEnd === true, `at ${String(width)} px it stands beside the time (${String(beside)}), at the end (${String(atEnd)})`)
      }
    }
  },

  'SV2: a wait warns at 50, 75 and 90 % of its target, and priority 1 asks for a person from 50 % on': async (story) => {
    const sue = await supervisorOf(story)
    await sue.getByText('Nothing is near its target').waitFor()
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    // Each level lasts a second or more: they are collected in the page, so that none is missed by looking late.
    await sue.evaluate(() => {
      const seen: string[] = []
      Object.assign(window, { seen })
      new MutationObserver(() => {
        for (const node of document.querySelectorAll<HTMLElement>('[data-warning=wait]')) {
          const line = `${node.dataset['level'] ?? ''}${node.classList.contains('urgent') ? ' urgent' : ''}`
          if (!seen.includes(line)) seen.push(line)
        }
      }).observe(document.body, { subtree: true, childList: true, attributes: true })
    })
    await residentWith(story, 'he is not breathing, please help')
    await within('every level', async () => (await sue.evaluate(() => (window as unknown as { seen: string[] }).seen)).length >= 4)
    const seen = await sue.evaluate(() => (window as unknown as { seen: string[] }).seen)
    expect(['50 urgent', '75 urgent', '90 urgent', '100 urgent'].every((level) => seen.includes(level)), `each level once, not ${seen.join()}`)
    const line = sue.locator('[data-warning=wait]')
    await line.getByText('target missed').waitFor()
    await line.getByText('Life at risk').waitFor()
    await line.getByRole('button', { name: 'Show' }).click()
    await sue.getByRole('button', { name: 'All queues' }).waitFor()
    const mix = sue.getByRole('region', { name: 'Priority mix' })
    await mix.getByText('100 %').waitFor()
    for (const reference of ['5 %', '15 %', '80 %']) await mix.getByText(reference, { exact: true }).waitFor()
  },

  'SV7: what safe is worth and a queue that nobody serves stand as words at the top': async (story) => {
    const sue = await supervisorOf(story)
    const top = sue.getByRole('region', { name: 'What needs you' })
    await top.getByText('What “safe” is worth here:').waitFor()
    await top.getByText('written to this node’s disk').or(top.getByText("written to this node's disk")).waitFor()
    await residentWith(story, 'smoke over a roof')
    await top.locator('[data-warning=unstaffed]').getByText(/1 session waits.? and nobody is available for this queue/).waitFor()
    const first = await sue.locator('main').evaluate((main) => main.querySelector('section')?.getAttribute('aria-label'))
    expect(first === 'What needs you', 'nothing stands above it')
  },

  'SV6: alarms that sounded and time with pictures in view stand beside each person, with the goal and what they mean; so does who is next and how far anybody can be passed': async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const people = sue.getByRole('region', { name: 'People' })
    const cells = people.getByRole('row').filter({ hasText: 'Tina' }).locator('td')
    await cells.nth(3).getByText('0', { exact: true }).waitFor()
    await people.getByText(/Goal: under .*10.* alarms in ten minutes/).waitFor()
    const resident = await residentWith(story, 'smoke in the hall')
    await tina.locator('[data-alarms="1"]').waitFor()
    await within('the alarm is counted', async () => Number(await cells.nth(3).innerText()) >= 1, 30_000)
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke in the hall').waitFor()
    await resident.locator('.compose input[type=file]').setInputFiles(await jpeg(resident))
    await tina.getByText('original sealed').waitFor()
    await tina.locator('body').press('r')
    await tina.getByText(/Revealed pictures .*0:0[1-9]/).waitFor()
    await within('the time with a picture in view is told', async () => /0:(0[1-9]|[1-5]\d)/.test(await cells.nth(4).innerText()), 30_000)
    for (const width of [1440, 320]) {
      await sue.setViewportSize({ width, height: 900 })
      const cut = await people.locator('.scroll').evaluate((node) => node.scrollWidth - node.clientWidth)
      expect(cut <= 0, `no figure of a person is out of sight at ${String(width)} px: ${String(cut)} px are`)
    }
    await people.getByRole('button', { name: 'Alarms, 10 min' }).click()
    await sue.getByRole('dialog').getByText(/taken by the tenth take at the latest/).waitFor()
    await within('what they mean has the focus', () => sue.locator('dialog .asked').evaluate((node) => node === document.activeElement && /in memory only/.test(node.textContent)))
  },

  'SV8: each chart has its table, and the file of both cannot become a formula': async (story) => {
    const sue = await supervisorOf(story)
    const trend = sue.getByRole('region', { name: 'Since this page was opened' })
    await trend.locator('canvas').nth(3).waitFor()
    await within('two lines of the table', async () => (await trend.locator('tbody tr').count()) >= 2)
    await trend.getByRole('tab', { name: 'Longest wait' }).click()
    await trend.getByRole('cell', { name: '0:00' }).first().waitFor()
    const [file] = await Promise.all([sue.waitForEvent('download'), trend.getByRole('button', { name: 'Save as CSV' }).click()])
    const text = await readFile(await file.path(), 'utf8')
    expect(text.startsWith('time,queue,waiting,longest_wait_s,in_target_percent,answered_today,abandoned_today\r\n'), 'a head line')
    expect(/\r\n\d{4}-\d\d-\d\dT[^,]+,Fire and medical,0,0,,0,0\r\n/.test(text), `a line per queue: ${text.slice(0, 300)}`)
    const loaded = await sue.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => /chart/i.test(name)).length)
    expect(loaded > 0, 'charts come as a chunk of their own')
  },

  'AL1: on the supervisor page a new warning speaks, and seconds that tick do not': async (story) => {
    const sue = await supervisorOf(story)
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    await sue.evaluate(() => {
      const said: string[] = []
      Object.assign(window, { said })
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const node = (target instanceof Element ? target : target.parentElement)?.closest('[role=status],[aria-live]')
          const text = node?.textContent.trim()
          if (text) said.push(text)
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true })
    })
    await residentWith(story, 'a car and a bicycle have crashed')
    await sue.locator('[data-warning=wait][data-level="100"]').waitFor({ timeout: 60_000 })
    const said = await sue.evaluate(() => (window as unknown as { said: string[] }).said)
    expect(said.length >= 1 && said.length <= 8, `few words, not ${String(said.length)}: ${said.join(' | ')}`)
    expect(said.every((words) => !/\d:\d\d/.test(words)), 'no time is ever spoken')
  },

  'AL7: where the browser forbids storage the supervisor page works, and says once what a reload would cost': async (story) => {
    const sue = await story.visit('/supervisor/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    await sue.addInitScript(noStorage)
    await sue.reload()
    await signIn(sue, 'sue')
    await sue.getByText('This browser keeps nothing.').waitFor()
    await sue.locator('[data-keeps-nothing]').getByRole('button', { name: 'Dismiss' }).click()
    await sue.locator('[data-keeps-nothing]').waitFor({ state: 'detached' })
    await Reporter.report(story, { category: 'fire', text: 'smoke' })
    await sue.locator('tr[data-session]').getByRole('button', { name: 'Watch' }).click()
    await sue.getByRole('log').getByText('smoke').waitFor()
    await sue.getByLabel('Theme').selectOption('dark')
    expect((await sue.locator('[data-keeps-nothing]').count()) === 0, 'once')
  },

  'AL2: names that are scripts or turn around stay text on the supervisor page and the wall, run nothing, and widen no line': async (story) => {
    const names = ['\u202Eeman eht\u202D', '<img src=x onerror=window.ran=1>', `${'N'.repeat(60)} ${'w'.repeat(120)}`, 'javascript:window.ran=1', '\u2067قسم الطوارئ\u2066', '🚒🔥👨‍👩‍👧‍👦'.repeat(12)]
    const reason = '"><svg onload=window.ran=1>\u202Enosaer'
    const tina = await story.telecommunicator()
    const gone = await Reporter.report(story, { category: 'traffic', text: 'a car', contact: '<script>window.ran=1</script>\u202E0010 555' })
    const one = await Reporter.report(story, { category: 'fire', text: '<iframe srcdoc="<script>parent.ran=1</script>">' })
    await gone.do({ kind: 'leave', quick_exit: false })
    await tina.do(one.session, { kind: 'take' })
    await tina.do(one.session, { kind: 'set_priority', priority: 2, reason })
    const sue = await story.visit('/supervisor/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    // What the agency's own file calls its people and queues is trusted by nobody either.
    await sue.routeWebSocket('**/ws/staff', (socket) => {
      const server = socket.connectToServer()
      server.onMessage((frame) => {
        const message = decode(frame as Buffer) as ToStaff | null
        if (message?.kind === 'welcome') for (const [place, queue] of message.queues.entries()) queue.name = names[place % names.length] ?? ''
        const people = message?.kind === 'board' || message?.kind === 'colleagues' ? message.people : []
        for (const person of people) person.name = names[(person.staff.length + 1) % names.length] ?? ''
        socket.send(message && (message.kind === 'welcome' || people.length > 0) ? Buffer.from(encode(message)) : frame)
      })
    })
    await sue.reload()
    await signIn(sue, 'sue')
    for (const name of names.slice(0, 2)) await sue.getByText(name, { exact: true }).first().waitFor()
    const taken = sue.locator(`tr[data-session="${one.session}"]`)
    await within('the row says with whom it is', async () => {
      const owner = await taken.getByText('with ').innerText()
      return names.some((name) => owner.includes(name))
    })
    await taken.getByRole('button', { name: /Why/ }).click()
    await sue.getByText(reason).first().waitFor()
    await taken.getByRole('button', { name: 'Watch' }).click()
    await sue.getByRole('log').getByText('<iframe srcdoc=').waitFor()
    await sue.locator('tr[data-session]').filter({ hasText: 'abandoned' }).locator('[data-contact]').getByText('<script>window.ran=1</script>').waitFor()
    expect((await sue.locator('[data-contact] a').count()) === 0, 'what begins with no number is not called')
    await sue.locator('tr[data-session]').filter({ hasText: 'abandoned' }).getByRole('button', { name: 'Reassign' }).click()
    await sue.getByRole('dialog').locator('select').waitFor()
    for (const [where, viewport] of [['wide', { width: 1440, height: 900 }], ['narrow', { width: 320, height: 640 }]] as const) {
      await sue.setViewportSize(viewport)
      const wide = await tooWide(sue)
      expect(wide <= 0, `${where}: ${String(wide)} px too wide`)
      const cut = await sue.getByRole('dialog').evaluate((node) => node.scrollWidth - node.clientWidth)
      expect(cut <= 0, `the dialog, ${where}: ${String(cut)} px too wide`)
    }
    await sue.keyboard.press('Escape')
    await sue.setViewportSize({ width: 1920, height: 1080 })
    await sue.goto(`${story.gateway.origin}/supervisor/?wallboard=1`)
    for (const [field, value] of [['agency', 'demo.example'], ['name', 'sue'], ['passphrase', 'demo-sue-911']]) await sue.locator(`[name=${String(field)}]`).fill(String(value))
    await sue.locator('button[type=submit]').click()
    await sue.locator('tr[data-queue]').first().waitFor()
    expect((await tooWide(sue)) <= 0, 'the wall is no wider than its screen')
    expect((await sue.evaluate(() => (window as unknown as { ran?: number }).ran)) === undefined, 'nothing ran')
  },

  ...Object.fromEntries(
    ([['light', {}], ['dark', { colorScheme: 'dark' }], ['high contrast', { contrast: 'more' }]] as const).map(([name, options]) => [
      `AL3 AL5 AL6: the supervisor page in ${name}, in every state, at 320 px and right to left`,
      async (story: Story): Promise<void> => {
        const sue = await supervisorOf(story, options)
        await residentWith(story, 'axe looks at this')
        const line = sue.locator('tr[data-session]').first()
        await line.getByRole('button', { name: 'Watch', exact: true }).click()
        await sue.getByText('Watching: read only, audited').waitFor()
        await accessible(sue, 'watching')
        await line.getByRole('button', { name: 'Priority', exact: true }).click()
        await accessible(sue, 'the priority dialog')
        await sue.keyboard.press('Escape')
        await sue.getByRole('button', { name: /^What the figures mean/ }).click()
        await accessible(sue, 'the definitions')
        await sue.keyboard.press('Escape')
        const small = await sue.evaluate(() =>
          [...document.querySelectorAll('button, a, select')].filter((node) => {
            const { width, height } = node.getBoundingClientRect()
            return width > 0 && (width < 24 || height < 24)
          }).map((node) => node.outerHTML.slice(0, 120)),
        )
        expect(small.length === 0, `targets of 24 px: ${small.join()}`)
        for (const direction of ['ltr', 'rtl']) {
          await sue.evaluate((dir) => (document.documentElement.dir = dir), direction)
          for (const [width, height] of [[320, 640], [320, 256], [1440, 900]] as const) {
            await sue.setViewportSize({ width, height })
            const over = await tooWide(sue)
            expect(over <= 0, `nothing scrolls sideways at ${String(width)} px ${direction}, not by ${String(over)}`)
          }
        }
      },
    ]),
  ),
}
