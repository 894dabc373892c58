// Races, breaks and reloads at the console.
import type { Page } from 'playwright-core'
import { alone, expect, within, type Story } from './harness.ts'
import { consoleOf, residentSays, residentWith, signIn, staffSays } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC4 TC13: two consoles press take on one session; one has it, the other reads who; given back, the other takes it with everything in it': async (story) => {
    const words = `race ${String(Date.now())}`
    const tina = await consoleOf(story, 'tina')
    // What the gateway tells Tom can be held back: he presses before he can have heard that Tina was first.
    const tom = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    const held: (() => void)[] = []
    let holds = false
    await tom.routeWebSocket(/\/ws/, (page) => {
      page.connectToServer().onMessage((message) => {
        if (holds) held.push(() => page.send(message))
        else page.send(message)
      })
    })
    await tom.reload()
    await signIn(tom, 'tom')
    const resident = await residentWith(story, words)
    for (const page of [tina, tom]) await page.locator('#queue-panel [data-row]').filter({ hasText: 'Fire' }).last().click()
    const take = (page: Page) => page.getByRole('button', { name: /^Take this one/ })
    await take(tom).waitFor()
    holds = true
    await take(tina).click()
    await tina.getByRole('log').getByText(words).waitFor()
    await take(tom).click()
    holds = false
    for (const tell of held) tell()
    await tom.getByText(/Already taken: .*Tina/).waitFor()
    expect((await tom.getByRole('log').count()) === 0, 'he who was second sees nothing of the session')
    expect(await tina.getByRole('log').getByText(words).isVisible(), 'she who was first keeps it')

    // She gives it back: it waits again for everybody, and nothing of it is lost.
    await staffSays(tina, 'Stay outside')
    await resident.getByRole('list').getByText('Stay outside', { exact: true }).waitFor()
    await residentSays(resident, 'I am outside')
    await tina.getByRole('log').getByText('I am outside', { exact: true }).waitFor()
    await tina.getByRole('tab', { name: /^Notes/ }).click()
    await tina.locator('#note').fill('speaks softly')
    await tina.getByRole('button', { name: 'Add note' }).click()
    await tina.getByRole('list', { name: 'Notes' }).getByText('speaks softly').waitFor()
    await tina.getByRole('button', { name: 'Give back', exact: true }).click()
    await tina.getByText('You do not own this session any more.').waitFor()
    await resident.getByRole('list').getByText('You are back in line. You keep your place.').waitFor()
    await tom.locator('#queue-panel [data-row]').filter({ hasText: 'Fire' }).getByText(/2.?\smessages/).waitFor()
    await tom.locator('[data-act=next]:enabled').waitFor()
    await tom.locator('body').press('n')
    for (const said of [words, 'Stay outside', 'I am outside']) await tom.getByRole('log').getByText(said, { exact: true }).waitFor()
    await tom.getByRole('tab', { name: /^Notes/ }).click()
    await tom.getByRole('list', { name: 'Notes' }).getByText('speaks softly').waitFor()
    await tina.getByText(/Tom.? has this session now/).waitFor()
  },
  'TC16: a lost link shows within 5 s, keeps data and draft, and comes back without a click': alone(async (story) => {
    const words = `before the break ${String(Date.now())}`
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, words)
    await tina.locator('#queue-panel [data-row]').filter({ hasText: 'Fire' }).last().click()
    await tina.keyboard.press('t')
    await tina.getByRole('log').getByText(words).waitFor()
    await tina.locator('#composer').fill('half a sentence')
    await tina.context().setOffline(true)
    await tina.getByText('Connection lost.').waitFor({ timeout: 5_500 })
    expect(await tina.getByRole('log').getByText(words).isVisible(), 'what was there stays')
    expect(await tina.getByRole('button', { name: 'Send', exact: true }).isDisabled(), 'sending is off')
    await residentSays(resident, 'said during the break')
    await tina.context().setOffline(false)
    await tina.getByText('Connection lost.').waitFor({ state: 'hidden' })
    await tina.getByRole('log').getByText('said during the break').waitFor()
    expect((await tina.locator('#composer').inputValue()) === 'half a sentence', 'the draft stays')
    await tina.locator('#composer').press('Enter')
    await resident.getByText('half a sentence').first().waitFor()
  }),
  'TC15: a reload keeps the sign-in and the owned session': async (story) => {
    const words = `before the reload ${String(Date.now())}`
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, words)
    await tina.locator('#queue-panel [data-row]').filter({ hasText: 'Fire' }).last().click()
    await tina.keyboard.press('t')
    await tina.getByRole('log').getByText(words).waitFor()
    await tina.reload()
    await tina.getByRole('log').getByText(words).waitFor()
    await staffSays(tina, 'still here')
    await resident.getByText('still here').first().waitFor()
  },
  'AL8: a clock that is hours wrong, and one that is set anew in the middle, change no wait and sound no alarm': async (story) => {
    const wrong = (hours: number) => ({ wrongMs: hours * 3_600_000 })
    const tina = await story.visit('/assets/none', { viewport: { width: 1440, height: 900 }, locale: 'en-US' })
    await tina.context().addInitScript((at) => {
      const real = Date.now.bind(Date)
      Object.assign(window, at)
      Date.now = () => real() + (window as unknown as { wrongMs: number }).wrongMs
    }, wrong(-3))
    await tina.goto(`${story.gateway.origin}/console/`)
    await signIn(tina, 'tina')
    await residentWith(story, 'there is smoke')
    await tina.locator('[data-act=next]:enabled').waitFor()
    const wait = (): Promise<string> => tina.locator('#queue-panel [data-row]').first().innerText()
    const seconds = async (): Promise<number> => {
      const [, minutes = '99', rest = '99'] = /(\d+):(\d\d)/.exec(await wait()) ?? []
      return Number(minutes) * 60 + Number(rest)
    }
    expect((await seconds()) < 30, `a wait of seconds, not ${await wait()}`)
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('there is smoke').waitFor()
    await residentWith(story, 'another one')
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.evaluate((at) => void Object.assign(window, at), wrong(2))
    const before = await seconds()
    await within('the wait ticks on', async () => (await seconds()) > before)
    expect((await seconds()) < 60, `a wait of seconds, not ${await wait()}`)
    expect((await tina.getByText('nothing heard from the resident').count()) === 0, 'nobody seems silent for hours')
    await tina.getByText(/open .?0:/).waitFor()
  },
}
