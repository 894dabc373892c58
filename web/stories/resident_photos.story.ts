// Photos over a bad network.
import { expect, within, type Story } from './harness.ts'
import { pick, picture, placed, safe, taken, write } from './resident_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE13 a photo that says where it was taken: that place goes only with a yes, as claimed; a no, and a photo without one, send none'(story) {
    const { page, staff, session } = await taken(story)
    const places = (): { method: string; latitude: number; longitude: number; uncertainty_m: number }[] =>
      staff.log(session).flatMap(({ event }) => (event.kind === 'located' ? [event.location] : []))
    const choose = async (file: Awaited<ReturnType<typeof picture>>, count: number): Promise<void> => {
      await page.locator('.compose input[type=file]').setInputFiles(file)
      await within('the photo stands in the report', async () => (await page.locator('[data-original]').count()) === count)
    }
    const card = page.getByRole('region', { name: 'This photo says where it was taken. Send that place too?' })
    await choose(await picture(page, 'plain'), 1)
    const kitchen = placed(await picture(page, 'kitchen'), 37.1042, -94.9011, 12)
    await choose(kitchen, 2)
    await card.getByText('kitchen.jpg').waitFor()
    expect((await card.count()) === 1, 'the photo without a place is not asked about')
    await card.getByRole('button', { name: 'No', exact: true }).click()
    await card.waitFor({ state: 'detached' })
    await choose(kitchen, 3)
    await choose(placed(await picture(page, 'garden'), 37.2, -94.8, 25), 4)
    await card.getByText('garden.jpg').waitFor()
    expect((await card.count()) === 1, 'what was answered is not asked again')
    expect(places().length === 0, 'no place has gone without a yes')
    await card.getByRole('button', { name: 'Yes', exact: true }).click()
    await within('the place is with them', () => Promise.resolve(places().length === 1))
    const [place] = places()
    expect(place?.method === 'claimed' && Math.abs(place.latitude - 37.2) < 1e-4 && Math.abs(place.longitude + 94.8) < 1e-4 && place.uncertainty_m === 40, `claimed, where the photo says: ${JSON.stringify(place)}`)
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }).includes('garden.jpg')) === false, 'nothing of the questions is kept')
  },

  async 'RE13 RE3 a network lost in the middle of a photo, and a reload: it goes on where it stopped'(story) {
    const page = await story.visit()
    await pick(page)
    const heads: number[] = []
    const sent: number[] = []
    page.on('response', (response) => {
      const method = response.request().method()
      if (!response.url().includes('/api/v1/uploads/')) return
      if (method === 'HEAD') heads.push(Number(response.headers()['upload-offset']))
      if (method === 'PATCH') sent.push(Number(response.headers()['upload-offset']))
    })
    const cdp = await page.context().newCDPSession(page)
    const speed = (offline: boolean, uploadThroughput: number): Promise<unknown> =>
      cdp.send('Network.emulateNetworkConditions', { offline, latency: 20, downloadThroughput: -1, uploadThroughput })
    await cdp.send('Network.enable')
    const file = await picture(page, 'hall', 1_400)
    await speed(false, 150_000)
    await page.locator('.compose input[type=file]').setInputFiles(file)
    await page.locator('[data-original=uploading]').waitFor()
    await within('some pieces are through', () => Promise.resolve(sent.length >= 1 && (sent.at(-1) ?? 0) > 0), 20_000)
    await speed(true, 0)
    await write(page, 'text beside the photo')
    await page.locator('[data-waiting="2"]').waitFor()
    const before = sent.at(-1) ?? 0
    await speed(false, 400_000)
    await safe(page, 'text beside the photo')
    await within('it asks where it stopped', () => Promise.resolve(heads.length >= 1 && (heads[0] ?? 0) >= before), 20_000)
    await page.reload()
    await page.locator('[data-original=stored], [data-original=checking], [data-original=uploading]').first().waitFor()
    await page.locator('[data-original=stored]').waitFor({ timeout: 25_000 })
    expect(Math.max(...sent) === file.buffer.length, 'every byte')
    const staff = await story.telecommunicator()
    const session = await staff.take()
    const stored = (): number[] => staff.log(session).flatMap(({ event }) => (event.kind === 'photo_stored' ? [event.size_bytes] : []))
    await within('staff know of it once', () => Promise.resolve(stored().join() === String(file.buffer.length)))
  },
}
