// One call for help that people all over the world copy: each copy carries its suspicion with reasons, keeps its place, and the one in town carries none.
import { expect, within, type Story } from './harness.ts'
import { place, Reporter } from './crowd.ts'
import { accessible, areas, consoleOf, supervisorOf, tooWide } from './staff_hands.ts'

const CALL = 'Please send somebody to Ferry Lane 9, my friend is being followed by three men right now'
const WORLD = [[43.61, -116.2], [39.9, 116.4], [51.5, -0.12], [-33.87, 151.21]] as const

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC5: suspicion is a number with a word, a shape and its reasons one key away; it hides nothing, changes no order, and no resident learns of it': async (story) => {
    await story.gateway.with('[agency.area]\nlatitude = 37.1\nlongitude = -94.9\nradius_km = 40')
    const tina = await consoleOf(story, 'tina')
    await tina.getByLabel('My state').selectOption('available')
    const reports: Reporter[] = []
    const says = async (at: readonly [number, number]): Promise<void> => {
      reports.push(await Reporter.report(story, { text: CALL, location: place(...at) }))
    }
    await says([37.098, -94.904])
    for (const far of WORLD) await says(far)
    await says([37.0985, -94.904])
    const ids = reports.map(({ session }) => session)
    const row = (n: number) => tina.locator(`[data-row][data-session="${ids[n] ?? ''}"]`)

    // Everybody is in the list, in the order in which they came; only the copies are marked, in words.
    for (const n of [1, 2, 3, 4]) await row(n).getByText('very doubtful').waitFor()
    await within('the list is in the order of their coming', async () => {
      const order = await tina.locator('[data-row]').evaluateAll((rows) => rows.map((one) => (one as HTMLElement).dataset['session'] ?? ''))
      return JSON.stringify(order) === JSON.stringify(ids)
    })
    for (const n of [0, 5]) expect((await row(n).locator('[data-suspicion]').count()) === 0, 'who is in town carries none')
    const mark = row(1).locator('[data-suspicion]')
    expect((await mark.locator('svg').count()) === 1 && (await mark.innerText()).includes('70'), 'a shape and a number')
    expect(/Suspicion\s+70\s+very doubtful/.test((await mark.textContent()) ?? ''), 'a screen reader hears what the number is')

    // Opened in the list it says why.
    await row(1).click()
    const why = tina.getByRole('list', { name: 'What makes this suspicion' })
    await why.getByText('The same words came from places far apart, all outside the area').waitFor()
    await why.getByText(/at least .*km beyond its edge/).waitFor()
    await accessible(tina, 'a suspicious session in the list')
    await row(1).click()

    // The next one is who came first, suspicious or not; at a session's head one key says why.
    await tina.locator('body').press('n')
    await tina.locator(`[data-session-of="${ids[0] ?? ''}"]`).waitFor()
    await tina.locator('body').press('n')
    const open = tina.locator(`[data-session-of="${ids[1] ?? ''}"]`)
    await open.waitFor()
    await open.getByText('very doubtful').first().waitFor()
    await tina.locator('body').press('y')
    await open.getByRole('list', { name: 'What makes this suspicion' }).getByText('The place is far outside the agency’s area'.replace('’', "'")).waitFor()
    for (const scheme of ['light', 'dark'] as const) {
      await tina.emulateMedia({ colorScheme: scheme })
      await accessible(tina, `why a session is suspicious, ${scheme}`)
    }
    await tina.setViewportSize({ width: 320, height: 640 })
    for await (const area of areas(tina, 320)) expect((await tooWide(tina)) <= 0, `nothing is cut at 320 px in ${area}`)

    // The supervisor reads the same.
    const sue = await supervisorOf(story)
    await sue.locator(`tr[data-session="${ids[2] ?? ''}"]`).getByText('very doubtful').waitFor()
    await sue.locator(`tr[data-session="${ids[2] ?? ''}"]`).getByRole('button', { name: /Why/ }).click()
    await sue.getByRole('list', { name: 'What makes this suspicion' }).waitFor()

    // Nothing that any resident was sent says so.
    const sent = JSON.stringify(reports.map(({ heard }) => heard))
    expect(!/suspic|suspect|doubt|far-outside/i.test(sent), 'residents are told nothing of it')
  },
}
