// The queue: it holds still under the hand, says why, and stays quick when it is long.
import { crowd, place, Reporter } from './crowd.ts'
import { alone, expect, within, type Story } from './harness.ts'
import { EXIT } from './resident_hands.ts'
import { consoleOf, residentWith } from './staff_hands.ts'

/** Sessions that wait in the long queue. */
const LONG = 500
/** What happens in it in a second. */
const EVENTS_PER_S = 10
/** How long the page is watched, in ms. */
const WATCHED_MS = 8_000
/** A frame's work may take this long, in ms. */
const FRAME_MAX_MS = 50

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC3: the tabs of a session stay where they are while it opens and words come': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const one = await Reporter.report(story, { category: 'other', text: 'one' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.evaluate(() => {
      const places = new Set<string>()
      Object.assign(window, { places })
      const look = (): void => {
        const tabs = [...document.querySelectorAll('#session-tab-notes, #session-tab-timeline')]
        if (tabs.length > 0) places.add(tabs.map((tab) => Math.round(tab.getBoundingClientRect().x)).join(' '))
        requestAnimationFrame(look)
      }
      look()
    })
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('one').waitFor()
    await tina.locator('#session-tab-notes').click()
    await one.say('two')
    await tina.locator('#session-tab-chat').getByText(/1.? new/).waitFor()
    await one.say('three')
    await tina.locator('#session-tab-chat').getByText(/2.? new/).waitFor()
    await tina.locator('#session-tab-chat').click()
    await tina.getByRole('log').getByText('three').waitFor()
    const places = await tina.evaluate(() => [...(window as unknown as { places: Set<string> }).places])
    expect(places.length === 1, `notes and timeline stood at ${places.join(', then ')}`)
  },

  'TC3: nothing moves under the pointer: new rows wait behind "n new", gone ones keep their place, and no dialog opens': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    for (const text of ['one', 'two', 'three']) await Reporter.report(story, { category: 'other', text })
    const rows = tina.locator('#queue-panel [data-row]')
    await rows.nth(2).waitFor()
    await rows.nth(1).hover()
    const before = await rows.nth(1).boundingBox()
    const under = await rows.nth(1).getAttribute('data-session')
    const focus = await tina.evaluate(() => document.activeElement?.tagName)
    await Reporter.report(story, { category: 'medical', text: 'he is not breathing' })
    await Reporter.report(story, { category: 'medical', text: 'she is unconscious' })
    await tina.getByText(/^.?2.? new$/).waitFor()
    // The strip tells of priority 1 at once, without a dialog.
    await tina.getByText(/Medical.? waits/).first().waitFor()
    expect((await tina.getByRole('dialog').count()) === 0, 'never a dialog')
    expect((await tina.evaluate(() => document.activeElement?.tagName)) === focus, 'focus does not move')
    // Somebody else takes the first row: it says so in its place.
    const tom = await story.telecommunicator('tom')
    const first = (await rows.nth(0).getAttribute('data-session')) ?? ''
    await tom.do(first, { kind: 'take' })
    await rows.nth(0).getByText(/taken by .?Tom/).waitFor()
    expect((await rows.nth(1).getAttribute('data-session')) === under, 'the same session lies under the pointer')
    const after = await rows.nth(1).boundingBox()
    expect(before?.y === after?.y && before?.x === after?.x, `it did not move: ${JSON.stringify([before, after])}`)
    await tina.locator('body').press('.')
    await rows.first().getByText('Life at risk').waitFor()
    await tina.mouse.move(800, 400)
    await within('the list goes on by itself when it is let go', async () => (await rows.count()) === 4)
  },

  'RE12: who left by quick exit is not to be contacted unasked: the row, its press, the head and the timeline say so': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, 'he is in the next room')
    await resident.context().route(EXIT, (route) => route.fulfill({ body: 'weather' }))
    await tina.locator('#queue-panel [data-row]').getByText('1 message').waitFor()
    await resident.getByRole('button', { name: 'Exit now' }).click()
    await resident.waitForURL(EXIT)
    await tina.locator('#queue-tab-abandoned').click()
    const row = tina.locator('#queue-panel [data-row]')
    await row.getByText('left by quick exit').waitFor()
    await row.click()
    const panel = tina.locator('#queue-panel')
    await panel.getByText('Left by quick exit: do not contact back unasked.').waitFor()
    expect((await panel.getByText('to contact back').count()) === 0, 'no press that invites to contact back')
    await panel.getByRole('button', { name: 'Take, without contacting back' }).click()
    await tina.locator('[data-session-of]').getByText('Left by quick exit: do not contact back unasked.').waitFor()
    await tina.getByRole('tab', { name: /^Timeline/ }).click()
    await tina.locator('#session-panel').getByText('left by quick exit: do not contact back unasked').waitFor()
  },

  'TC4 TC5: an offer shows its seconds left; priority is number, word and shape with its reasons one key away; a change asks for a reason': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    await Reporter.report(story, { category: 'medical', text: 'she is unconscious' })
    await tina.locator('[data-alarms="1"]').getByText(/0:\d\d.? left/).waitFor()
    const row = tina.locator('#queue-panel [data-row]').first()
    await row.getByText('Life at risk').waitFor()
    expect((await row.locator('svg path').count()) === 1 && (await row.locator('svg text').textContent()) === '1', 'a diamond with its number')
    await row.getByText(/of .?0:\d\d|over/).waitFor()
    await row.focus()
    await tina.keyboard.press('Enter')
    await tina.getByRole('list', { name: 'Why this priority' }).getByText('Somebody cannot be woken').waitFor()
    await tina.keyboard.press('t')
    await tina.getByRole('log').waitFor()
    const last = tina.getByText(/^The last one came at .?\d\d:\d\d:\d\d/)
    await last.waitFor()
    expect(/\d{4}.*\d:\d\d/.test((await last.getAttribute('title')) ?? ''), 'with its date and zone')
    await tina.locator('body').press('y')
    await tina.locator('article').getByText('Somebody cannot be woken').waitFor()
    await tina.locator('body').press('w')
    const dialog = tina.getByRole('dialog')
    await dialog.getByRole('radio', { name: /Urgent/ }).check()
    expect(await dialog.getByRole('button', { name: 'Change', exact: true }).isDisabled(), 'no change without a reason')
    await dialog.getByLabel(/^Why/).fill('awake now')
    await dialog.getByRole('button', { name: 'Change', exact: true }).click()
    await tina.locator('article').getByText('awake now').waitFor()
  },

  'TC13: an abandoned session stays in its own list with its place; a transfer carries everything and is complete when the other takes it': async (story) => {
    const [tina, tom] = await Promise.all([consoleOf(story, 'tina'), consoleOf(story, 'tom')])
    const gone = await Reporter.report(story, { category: 'traffic', text: 'a car in the ditch', location: place(40, -100), contact: '555-0100' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await gone.do({ kind: 'leave', quick_exit: false })
    await tina.getByRole('tab', { name: /^Abandoned 1/ }).click()
    const row = tina.locator('#queue-panel [data-row]').first()
    await row.getByText(/place/).waitFor()
    await row.click()
    await tina.getByRole('button', { name: /^Take, to contact back/ }).click()
    await tina.getByRole('log').getByText('a car in the ditch').waitFor()
    await tina.getByText(/Contact: .*555-0100/).waitFor()
    await tina.getByText('40.00000, -100.00000').first().waitFor()
    // To Tom: it sounds there though he is not available, and he sees all of it.
    await tina.locator('body').press('o')
    const dialog = tina.getByRole('dialog', { name: 'Transfer' })
    await dialog.getByRole('radio', { name: 'A person' }).check()
    const who = dialog.getByLabel('Who')
    expect(/Tom.*Just signed in/.test((await who.getByRole('option').allInnerTexts()).join(', ')), 'a colleague stands there by name and state')
    await who.selectOption('tom')
    await dialog.getByLabel(/^Note/).fill('please call back')
    await dialog.getByRole('button', { name: 'Transfer', exact: true }).click()
    await tom.getByText(/Traffic.*: handed to you/).first().waitFor()
    await tom.locator('body').press('j')
    await tom.getByRole('log').getByText('a car in the ditch').waitFor()
    await tom.getByText('40.00000, -100.00000').first().waitFor()
    await tina.getByText('You do not own this session any more.').or(tina.getByText(/has this session now/)).first().waitFor()
  },

  'TC13: a session is handed to whoever is signed in, by name and state, and to who is not by their sign-in name; what nobody has is refused': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await residentWith(story, 'smoke on the stairs')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke on the stairs').waitFor()
    await tina.locator('body').press('o')
    const dialog = tina.getByRole('dialog', { name: 'Transfer' })
    await dialog.getByRole('radio', { name: 'A person' }).check()
    // Nobody else is there: somebody can be named all the same.
    const typed = dialog.getByLabel('Sign-in name')
    await typed.waitFor()
    expect((await dialog.getByLabel('Who').count()) === 0, 'nobody to choose')
    await consoleOf(story, 'tom')
    const who = dialog.getByLabel('Who')
    await who.waitFor()
    const all = (await who.getByRole('option').allInnerTexts()).join(', ')
    expect(all.includes('Tom') && !all.includes('Tina'), `colleagues and not oneself: ${all}`)
    await who.selectOption({ label: 'Somebody who is not signed in …' })
    await typed.fill('nobody')
    await dialog.getByRole('button', { name: 'Transfer', exact: true }).click()
    await dialog.getByRole('alert').getByText(/./).waitFor()
    await typed.fill('Sam')
    await dialog.getByRole('button', { name: 'Transfer', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await tina.locator('#queue-panel [data-row]').first().getByText(/for\s.?sam/).waitFor()
  },

  [`TC3 AL8: typing and the queue stay quick with ${String(LONG)} sessions waiting and ${String(EVENTS_PER_S)} events a second`]: alone(async (story) => {
    const tina = await consoleOf(story, 'tina')
    const mine = await Reporter.report(story, { category: 'fire', text: 'smoke in the cellar' })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke in the cellar').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    const all = await crowd(story, LONG, (n) => ({
      category: (['medical', 'fire', 'traffic', 'hazard', 'other', 'welfare'] as const)[n % 6] ?? 'other', text: `report ${String(n)}`,
    }))
    await tina.getByRole('tab', { name: new RegExp(`^Waiting.*${String(LONG)}`) }).waitFor()
    await tina.evaluate(() => {
      const frames: number[] = []
      Object.assign(window, { frames })
      new PerformanceObserver((list) => frames.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' })
    })
    let event = 0
    const pulse = setInterval(() => {
      event += 1
      const one = all[(event * 37) % all.length]
      one?.send(event % 2 === 0 ? { kind: 'text', text: `more ${String(event)}`, age_ms: 0 } : { kind: 'locate', location: place(40 + event / 1e4, -100) })
    }, 1_000 / EVENTS_PER_S)
    story.later(() => clearInterval(pulse))
    const until = Date.now() + WATCHED_MS
    while (Date.now() < until) await tina.locator('#composer').pressSequentially('we are on our way ', { delay: 60 })
    await mine.say('thank you')
    await tina.getByRole('log').getByText('thank you').waitFor()
    clearInterval(pulse)
    const frames = await tina.evaluate(() => (window as unknown as { frames: number[] }).frames)
    const worst = Math.max(0, ...frames)
    console.log(`     ${String(frames.length)} tasks over ${String(FRAME_MAX_MS)} ms in ${String(WATCHED_MS / 1000)} s with ${String(event)} events, the longest ${worst.toFixed(0)} ms`)
    expect(frames.length <= 2, `at most 2 long tasks on a busy machine, not ${String(frames.length)}: ${frames.map((ms) => ms.toFixed(0)).join(', ')}`)
  }),
}
