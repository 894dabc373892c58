// The resident page and the device under it: screen, camera, microphone, network, slow links.
import { expect, within, type Story } from './harness.ts'
import { before, begin, camera, item, pick, picture, safe, taken, write } from './resident_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE9 the screen stays on while a report is open, and again after the background'(story) {
    const page = await before(story, () => {
      const asked: string[] = []
      Object.assign(window, { asked, locks: [] as EventTarget[] })
      Object.defineProperty(navigator, 'wakeLock', {
        value: {
          request: (kind: string) => {
            asked.push(kind)
            const lock = Object.assign(new EventTarget(), { onrelease: null as (() => void) | null, release: () => Promise.resolve() })
            ;(window as unknown as { locks: EventTarget[] }).locks.push(lock)
            return Promise.resolve(lock)
          },
        },
      })
    })
    const asked = (): Promise<number> => page.evaluate(() => (window as unknown as { asked: string[] }).asked.length)
    await pick(page)
    await within('the lock was asked for', async () => (await asked()) === 1)
    expect((await page.locator('[data-notice=awake]').count()) === 0, 'no notice while it is held')
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      const { locks } = window as unknown as { locks: { onrelease: (() => void) | null }[] }
      locks.at(-1)?.onrelease?.()
      Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await within('the lock was asked for again', async () => (await asked()) === 2)
  },

  async 'RE9 a refused wake lock is told'(story) {
    const page = await before(story, () => {
      const refuse = (): Promise<never> => Promise.reject(new DOMException('no', 'NotAllowedError'))
      Object.defineProperty(navigator, 'wakeLock', { value: { request: refuse } })
    })
    await pick(page)
    await page.getByText('Keep this page open and the screen on.').waitFor()
  },

  async 'RE9 a camera that the device took away comes back by itself on return'(story) {
    const page = await begin(story)
    await camera(page)
    await page.locator('[data-live=flowing]').waitFor()
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      const video = document.querySelector('video')
      const track = (video?.srcObject as MediaStream | undefined)?.getVideoTracks()[0]
      track?.stop()
      track?.dispatchEvent(new Event('ended'))
    })
    await page.getByText('It comes back by itself.').waitFor()
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await page.getByText('It comes back by itself.').waitFor({ state: 'detached' })
    await within('the picture moves again', () =>
      page.evaluate(() => ((document.querySelector('video')?.srcObject as MediaStream | null)?.getVideoTracks()[0]?.readyState ?? '') === 'live'),
    )
    expect((await page.locator('[data-live=flowing]').count()) === 1, 'still flowing')
  },

  async 'RE9 each change of network, also the second, brings an ICE restart and loses no text'(story) {
    const { page, staff, session } = await taken(story)
    await page.evaluate(() => {
      const offers: string[] = []
      Object.assign(window, { offers })
      const set = RTCPeerConnection.prototype.setLocalDescription
      RTCPeerConnection.prototype.setLocalDescription = async function (this: RTCPeerConnection) {
        await (set as () => Promise<void>).call(this)
        offers.push(/a=ice-ufrag:(\S+)/.exec(this.localDescription?.sdp ?? '')?.[1] ?? '')
      }
    })
    const offers = (): Promise<string[]> => page.evaluate(() => (window as unknown as { offers: string[] }).offers)
    await camera(page)
    await page.locator('[data-live=flowing]').waitFor()
    expect((await offers()).length === 1, 'one offer to begin with')
    for (const change of [1, 2]) {
      // The socket lives: the same connection looks for its new way.
      await page.evaluate(() => dispatchEvent(new Event('online')))
      await within(`an ICE restart after change ${change}`, async () => (await offers()).length === change + 1)
      await page.locator('[data-live=flowing]').waitFor()
    }
    expect(new Set(await offers()).size === 3, 'new ICE credentials each time')
    // Wi-Fi away and cell there: the socket dies without a word.
    await page.context().setOffline(true)
    await write(page, 'written between two networks')
    await page.locator('[data-waiting]').waitFor()
    await page.locator('.away').waitFor()
    await page.context().setOffline(false)
    await safe(page, 'written between two networks')
    await within('a fresh offer', async () => new Set(await offers()).size >= 4)
    await within('staff read it once', () => Promise.resolve(staff.texts(session).join() === 'written between two networks'))
    await within('video flows again', () => Promise.resolve(staff.heard.filter((one) => one.kind === 'live' && one.video).length > 0))
  },

  async 'RE7 who watches stands on the picture; the camera flips and has its lamp'(story) {
    const { page } = await taken(story)
    await page.evaluate(() => {
      const media = navigator.mediaDevices
      const ask = media.getUserMedia.bind(media)
      const wishes: unknown[] = []
      Object.assign(window, { wishes })
      media.getUserMedia = async (wish) => {
        wishes.push(wish?.video)
        const stream = await ask({ video: true })
        for (const track of stream.getVideoTracks()) {
          track.getCapabilities = () => ({ torch: true }) as MediaTrackCapabilities
          track.applyConstraints = (asked) => Promise.resolve(void wishes.push(asked))
        }
        return stream
      }
    })
    const wishes = (): Promise<string> => page.evaluate(() => JSON.stringify((window as unknown as { wishes: unknown[] }).wishes))
    await camera(page)
    await page.getByText('Nobody watches yet.').waitFor()
    await page.locator('[data-live=flowing]').waitFor()
    await page.getByRole('button', { name: 'Other camera' }).click()
    await within('the other side was asked for', async () => (await wishes()).includes('"facingMode":"user"'))
    await page.getByRole('button', { name: 'Light' }).click()
    await page.locator('button[aria-pressed=true]', { hasText: 'Light' }).waitFor()
    expect((await wishes()).includes('"torch":true'), 'the lamp was switched')
  },

  async 'RE5 a denied camera is told, with what to do instead, and text goes on'(story) {
    const page = await before(story, () => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))
    })
    await pick(page)
    await camera(page)
    await page.locator('[data-failed=denied]').waitFor()
    const card = page.locator('.card', { has: page.locator('[data-failed]') })
    await card.getByText('may not use the camera').waitFor()
    await card.getByRole('button', { name: 'Send a photo' }).waitFor()
    await write(page, 'no camera here')
    await safe(page, 'no camera here')
  },

  async 'RE5 a denied microphone is told by its name, and nothing offers a picture for a voice'(story) {
    const page = await before(story, () => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))
    })
    await pick(page)
    await page.getByRole('button', { name: 'Mic', exact: true }).click()
    await page.getByRole('button', { name: 'Yes, let them hear' }).click()
    const card = page.locator('.card', { has: page.locator('[data-failed=denied]') })
    await card.getByText('may not use the microphone').waitFor()
    expect((await card.getByRole('button').count()) === 0, 'no photo instead of a voice')
  },

  async 'RE7 a camera that never starts is told and can be given up; one without a picture too'(story) {
    const page = await before(story, () => {
      const quick = window.setTimeout
      // Seconds pass as tenths: the page waits 8 s for the device and 6 s for a picture.
      window.setTimeout = ((run: TimerHandler, ms?: number) => quick(run, ms !== undefined && ms >= 6_000 && ms <= 8_000 ? ms / 10 : ms)) as typeof setTimeout
      Object.assign(window, { dark: false })
      navigator.mediaDevices.getUserMedia = () =>
        (window as unknown as { dark: boolean }).dark
          ? Promise.resolve(document.createElement('canvas').captureStream(0))
          : new Promise(() => undefined)
    })
    await pick(page)
    await camera(page)
    await page.locator('[data-opening=slow]').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('[data-opening]').waitFor({ state: 'detached' })
    await page.evaluate(() => Object.assign(window, { dark: true }))
    await camera(page)
    await page.locator('[data-dark]').waitFor()
  },

  async 'RE6 after a stop nothing flows until a new yes, and a viewer is refused'(story) {
    const { page, staff, session } = await taken(story)
    await camera(page)
    await page.locator('[data-live=flowing]').waitFor()
    await page.getByRole('button', { name: 'Stop camera' }).click()
    await page.locator('video').waitFor({ state: 'detached' })
    await within('the stop in the log', () =>
      Promise.resolve(staff.log(session).some(({ event }) => event.kind === 'consented' && event.medium === 'video' && !event.granted)),
    )
    staff.send({ kind: 'media_offer', id: 'f'.repeat(32), session, sdp: 'v=0', talk: false })
    const refused = await staff.hear('error', ({ id }) => id === 'f'.repeat(32))
    expect(['no_media', 'no_consent', 'media_refused'].includes(refused.code), `refused, with ${refused.code}`)
    await page.getByRole('button', { name: 'Camera', exact: true }).click()
    await page.getByText('May they see your camera, live?').waitFor()
    expect((await page.locator('video').count()) === 0, 'nothing flows before the yes')
  },

  async 'RE8 a slow link sends words first; the switch of the person wins and is remembered'(story) {
    const page = await before(story, () => {
      const network = Object.assign(new EventTarget(), { effectiveType: '2g', saveData: false })
      Object.defineProperty(navigator, 'connection', { value: network })
    })
    await pick(page)
    await page.locator('[data-notice=less]').waitFor()
    await page.getByRole('button', { name: 'Camera', exact: true }).click()
    await page.getByText('A photo gets through better than video.').waitFor()
    await page.getByRole('button', { name: 'No', exact: true }).last().click()
    await page.getByText('More choices').click()
    await page.getByLabel('Send everything').check()
    await page.locator('[data-notice=less]').waitFor({ state: 'detached' })
    await page.reload()
    await page.locator('#text').waitFor()
    await page.getByText('More choices').click()
    expect(await page.getByLabel('Send everything').isChecked(), 'the choice is remembered')
    expect((await page.locator('[data-notice=less]').count()) === 0, 'and wins over the guess')
    await page.getByLabel('Send less').check()
    await page.locator('[data-notice=less]').waitFor()
    const file = await picture(page, 'small')
    await page.locator('.compose input[type=file]').setInputFiles(file)
    await page.locator('[data-original=stored]').waitFor()
    await item(page, 'small.jpg').locator('[data-safety=safe]').waitFor()
  },

  async 'RE8 for people who sign the picture goes before the sound'(story) {
    const page = await begin(story)
    await page.evaluate(() => {
      const kept: Record<string, unknown>[] = []
      Object.assign(window, { kept })
      const set = RTCRtpSender.prototype.setParameters
      RTCRtpSender.prototype.setParameters = function (parameters) {
        kept.push({ kind: this.track?.kind, ...parameters.encodings[0] })
        return set.call(this, parameters)
      }
    })
    const last = (): Promise<{ priority: string; maxBitrate: number; active: boolean } | undefined> =>
      page.evaluate(() => (window as unknown as { kept: { kind: string }[] }).kept.filter(({ kind }) => kind === 'video').at(-1) as never)
    await page.getByText('More choices').click()
    await page.getByLabel('Send less').check()
    await camera(page)
    await page.locator('[data-live=flowing]').waitFor()
    await within('a bound for the picture', async () => (await last())?.maxBitrate === 120_000)
    expect((await last())?.priority === 'low', 'behind the sound')
    await page.getByLabel('I sign').check()
    await within('more for the picture', async () => (await last())?.maxBitrate === 250_000)
    expect((await last())?.priority === 'high', 'before the sound')
  },
}
