// Photos over a bad network.
import { expect, within, type Story } from './harness.ts'
import { pick, picture, safe, write } from './resident_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
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
