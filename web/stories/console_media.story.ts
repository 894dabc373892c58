// Pictures and sound: covered until somebody wants them, asked for one by one, the microphone only to talk.
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { consoleOf, jpeg, moves, residentGrants, residentWith, signIn } from './staff_hands.ts'

/** Whether sound comes out of the live picture, which is there and not muted: the microphone of a test browser beeps about once a second. */
function loud(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const video = document.querySelector('video')
    if (!(video?.srcObject instanceof MediaStream)) throw new Error('no live picture')
    if (video.muted) throw new Error('the live picture is muted')
    // Where nothing sends sound any more there is no track of it, and so nothing to hear.
    if (video.srcObject.getAudioTracks().length === 0) return false
    const context = new AudioContext()
    const meter = new AnalyserNode(context)
    context.createMediaStreamSource(video.srcObject).connect(meter)
    const samples = new Float32Array(meter.fftSize)
    let peak = 0
    for (let until = performance.now() + 1_500; performance.now() < until && peak < 0.05; ) {
      await new Promise((next) => requestAnimationFrame(next))
      meter.getFloatTimeDomainData(samples)
      peak = Math.max(peak, ...samples.map(Math.abs))
    }
    await context.close()
    return peak >= 0.05
  })
}

/** From now on every frame of the page is looked at: whether the live picture stands there, uncovered, as one that moves. */
function keepsLooking(page: Page): Promise<void> {
  return page.evaluate(() => {
    const gone = new Set<string>()
    Object.assign(window, { gone })
    const first = document.querySelector('video')
    const source = first?.srcObject
    const look = (): void => {
      const video = document.querySelector('video')
      if (!video) gone.add('no picture')
      else {
        if (video !== first || video.srcObject !== source) gone.add('another picture')
        if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) gone.add('black')
        const over = video.parentElement?.querySelector('p')?.textContent
        if (over !== undefined && over !== null) gone.add(over)
      }
      requestAnimationFrame(look)
    }
    look()
  })
}

/** What was seen instead of it. */
function seenGone(page: Page): Promise<string> {
  return page.evaluate(() => [...(window as unknown as { gone: Set<string> }).gone].join(', '))
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'TC9 TC10: a photo is asked for, refused, asked for again and arrives; it stays covered on hover, a key reveals it as an event, exposure is counted, and it can go to a colleague unseen': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const fetched: string[] = []
    tina.on('request', (request) => {
      if (request.url().includes('/photos/')) fetched.push(request.url().split('/').at(-1) ?? '')
    })
    const resident = await residentWith(story, 'there is smoke')
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('there is smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    const stands = (how: string): Promise<void> => tina.locator(`[data-ask=photo][data-stands=ask-${how}]`).waitFor()
    const card = resident.getByRole('region', { name: 'They ask for a photo.' })
    await stands('never')
    await tina.locator('body').press('f')
    await stands('asked')
    await card.getByRole('button', { name: 'No', exact: true }).click()
    await stands('refused')
    await card.waitFor({ state: 'detached' })
    await tina.locator('body').press('f')
    await stands('asked')
    const choosing = resident.waitForEvent('filechooser')
    await card.getByRole('button', { name: 'Yes, choose a photo' }).click()
    await (await choosing).setFiles(await jpeg(resident))
    await stands('arrived')
    await card.waitFor({ state: 'detached' })
    const reveal = tina.getByRole('button', { name: /^Show photo/ })
    await reveal.waitFor()
    await tina.getByText('original sealed').waitFor()
    await reveal.hover()
    await tina.getByText(/Revealed pictures .*0:00/).waitFor()
    expect(fetched.every((what) => what === 'preview'), `only the preview under the blur, not ${fetched.join(', ')}`)
    const blurred = await tina.locator('img.blurred').evaluate((image: HTMLImageElement) => image.naturalWidth)
    expect(blurred <= 12, `what lies under the cover is ${String(blurred)} pixels wide`)
    await tina.locator('body').press('g')
    const dialog = tina.getByRole('dialog', { name: /Hand photo .?1.? to a colleague/ })
    expect((await dialog.getByLabel(/^Note/).inputValue()).includes('Please look at photo'), 'the note says what for')
    await tina.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await tina.locator('body').press('r')
    await tina.getByRole('img', { name: /^Photo .* from the resident/ }).waitFor()
    await tina.getByText(/Revealed pictures .*0:0[1-9]/).waitFor()
    await tina.getByRole('button', { name: 'Cover' }).click()
    await tina.locator('body').press('g')
    expect(!(await dialog.getByLabel(/^Note/).inputValue()).includes('not opened'), 'the note does not say unopened of what was opened')
    await tina.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await tina.getByRole('tab', { name: /^Timeline/ }).click()
    await tina.getByRole('list', { name: 'Timeline' }).getByText('looked at a photo').waitFor()
  },

  'RE13 TC9: the preview of a photo is shown to who helps before a byte of its original has come; the original follows': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, 'there is smoke')
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('there is smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    const fetched: string[] = []
    tina.on('request', (request) => {
      if (request.url().includes('/photos/')) fetched.push(request.url().split('/').at(-1) ?? '')
    })
    // Not a byte of the original passes before it may: a page that waited for it first would never show anything.
    const held: (() => void)[] = []
    let open = false
    await resident.route('**/api/v1/uploads**', async (route) => {
      if (!open) await new Promise<void>((pass) => held.push(pass))
      await route.continue()
    })
    await resident.locator('.compose input[type=file]').setInputFiles(await jpeg(resident))
    await tina.getByText('preview only, original on its way').waitFor()
    await tina.getByRole('button', { name: /^Show photo/ }).click()
    const picture = tina.getByRole('img', { name: /^Photo .* from the resident/ })
    await picture.waitFor()
    expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth > 0), 'the preview is a picture')
    expect(fetched.every((what) => what === 'preview'), `nothing but the preview is there, not ${fetched.join(', ')}`)
    await within('the original knocks', () => Promise.resolve(held.length > 0))
    expect((await tina.getByText('original sealed').count()) === 0, 'the original has not come')
    open = true
    for (const pass of held) pass()
    await tina.getByText('original sealed').waitFor()
    expect(await picture.isVisible(), 'what was opened stays open')
  },

  'TC10: what a device cannot do stands beside the ask before anybody presses': async (story) => {
    const tina = await consoleOf(story, 'tina')
    await Reporter.report(story, { category: 'fire', text: 'smoke', device: { video: false, audio: true, place: false } })
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('smoke').waitFor()
    for (const medium of ['video', 'place']) await tina.locator(`[data-ask=${medium}][data-stands=ask-cannot]`).getByText('device says no').waitFor()
    for (const medium of ['audio', 'photo']) await tina.locator(`[data-ask=${medium}][data-stands=ask-never]`).waitFor()
    // It is what the device said when it began: it may be asked all the same.
    await tina.locator('[data-ask=video]').click()
    await tina.locator('[data-ask=video][data-stands=ask-asked]').waitFor()
  },

  'TC9: a picture that never comes is told within 8 s, with what to do instead': async (story) => {
    const tina = await consoleOf(story, 'tina')
    // The connection stands and no frame is ever shown: what a track without a picture looks like.
    await tina.evaluate(() => Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', { set: () => undefined, get: () => null }))
    const resident = await residentWith(story, 'there is smoke')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('there is smoke').waitFor()
    await tina.locator('[data-ask=video]:enabled').click()
    await residentGrants(resident, 'video')
    await tina.getByRole('button', { name: 'Show live picture' }).click()
    const pressed = Date.now()
    await tina.locator('[data-missing=true]').getByText('No picture has come yet.').waitFor()
    const took = Date.now() - pressed
    expect(took >= 7_000 && took <= 10_000, `told after some 8 s, not after ${String(took)} ms`)
    await tina.locator('[data-ask=photo]:enabled').waitFor()
    await tina.getByRole('button', { name: /^Stop receiving/ }).click()
    await tina.locator('[data-missing=true]').waitFor({ state: 'detached' })
  },

  'TC9 TC15: a photo goes to a colleague from the window of media, with what is asked of them': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const tom = await consoleOf(story, 'tom')
    const resident = await residentWith(story, 'there is smoke')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('there is smoke').waitFor()
    await resident.locator('.compose input[type=file]').setInputFiles(await jpeg(resident))
    await tina.getByText('original sealed').waitFor()
    const media = await tina.context().newPage()
    await media.goto(`${story.gateway.origin}/console/?panel=media`)
    await media.getByRole('button', { name: /^To a colleague/ }).click()
    const dialog = media.getByRole('dialog', { name: /Hand photo .?1.? to a colleague/ })
    await dialog.getByLabel('Who').selectOption('tom')
    await dialog.getByRole('button', { name: 'Transfer', exact: true }).click()
    await dialog.waitFor({ state: 'hidden' })
    await tom.getByText(/handed to you/).first().waitFor()
    await tom.locator('body').press('j')
    await tom.getByRole('log').getByText('there is smoke').waitFor()
    await tom.getByRole('tab', { name: /^Timeline/ }).click()
    await tom.getByRole('list', { name: 'Timeline' }).getByText(/Please look at photo .?1.?: it was not opened here/).waitFor()
    await tom.getByRole('button', { name: /^Show photo/ }).click()
    await tom.getByRole('img', { name: /^Photo .* from the resident/ }).waitFor()
  },

  'TC9 RE13: a HEIC photo is kept and cannot be shown; a file that is no photo is refused; both sides read which': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const resident = await residentWith(story, 'there is smoke')
    await tina.locator('[data-act=next]:enabled').waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('there is smoke').waitFor()
    const heic = await readFile(new URL('../../tests/pictures/small.heic', import.meta.url))
    const input = resident.locator('.compose input[type=file]')
    await input.setInputFiles({ name: 'hall.heic', mimeType: 'image/heic', buffer: heic })
    await resident.locator('li', { hasText: 'hall.heic' }).locator('[data-original=stored]').waitFor()
    await tina.getByText('original sealed, cannot be shown').waitFor()
    await input.setInputFiles({ name: 'list.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture at all') })
    await resident.locator('li', { hasText: 'list.jpg' }).getByText('This is not a photo we can take.').first().waitFor()
    await tina.getByText('This type of file is not taken.').waitFor()
  },

  'TC10 TC11: an ask shows asked, then refused or granted, then flowing; in a silent session what makes noise asks first': async (story) => {
    const tina = await consoleOf(story, 'tina')
    const one = await Reporter.report(story, { category: 'violence', text: 'he is here', silent: true })
    await tina.locator('#queue-panel [data-row]').first().getByText('SILENT').waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('he is here').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    await tina.locator('article').getByText('SILENT').first().waitFor()
    const ask = (medium: string, stands: string) => tina.locator(`[data-ask=${medium}][data-stands=${stands}]`).waitFor()
    await ask('place', 'ask-never')
    await tina.locator('body').press('p')
    await ask('place', 'ask-asked')
    await one.do({ kind: 'consent', medium: 'place', granted: false })
    await ask('place', 'ask-refused')
    await tina.locator('body').press('p')
    await ask('place', 'ask-asked')
    await one.do({ kind: 'consent', medium: 'place', granted: true })
    await ask('place', 'ask-granted')
    await one.at(40, -100)
    await ask('place', 'ask-flowing')
    await tina.locator('body').press('v')
    await ask('video', 'ask-asked')
    await tina.locator('body').press('d')
    await tina.getByText('This resident must not be heard').first().waitFor()
    await ask('audio', 'ask-never')
    await tina.locator('body').press('d')
    await ask('audio', 'ask-asked')
    const talk = tina.getByRole('button', { name: /^Talk/ })
    await tina.locator('body').press('k')
    await tina.getByRole('button', { name: /^Talk all the same/ }).waitFor()
    expect((await talk.getAttribute('aria-pressed')) === 'false', 'nobody talks yet')
  },

  'TC17 TC9 RE6: two-way audio; the console asks for no camera, and for the microphone only on talk; the resident is heard until one tap': async (story) => {
    const tina = await story.visit('/console/', { viewport: { width: 1440, height: 900 }, locale: 'en-US', permissions: ['microphone'] })
    await tina.addInitScript(() => {
      const asked: string[] = []
      Object.assign(window, { asked })
      const before = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
      navigator.mediaDevices.getUserMedia = (wanted) => {
        asked.push(Object.keys(wanted ?? {}).join('+'))
        return before(wanted)
      }
    })
    await tina.reload()
    await signIn(tina, 'tina')
    const asked = (): Promise<string[]> => tina.evaluate(() => (window as unknown as { asked: string[] }).asked)
    const resident = await residentWith(story, 'there is smoke')
    await tina.locator('#queue-panel [data-row]').first().waitFor()
    await tina.locator('body').press('n')
    await tina.getByRole('log').getByText('there is smoke').waitFor()
    await tina.locator('[data-ask=place]:enabled').waitFor()
    await tina.locator('body').press('v')
    await residentGrants(resident, 'video')
    await tina.getByRole('button', { name: 'Show live picture' }).click()
    await tina.locator('video[data-pictured=true]').waitFor()
    expect(await tina.locator('video').evaluate((video: HTMLVideoElement) => video.muted), 'a revealed picture is mute')
    expect((await asked()).length === 0, 'looking opens neither camera nor microphone')
    await moves(tina)
    await keepsLooking(tina)
    await tina.locator('body').press('k')
    await tina.getByRole('button', { name: /^Stop talking/ }).waitFor()
    await within('the microphone, and it alone', async () => (await asked()).join() === 'audio')
    await within('the resident hears', () =>
      resident.evaluate(() => {
        const source = document.querySelector('audio')?.srcObject
        return source instanceof MediaStream && source.getAudioTracks().some((track) => !track.muted)
      }),
    )
    await moves(tina)
    await tina.locator('body').press('k')
    await tina.getByRole('button', { name: /^Talk/ }).waitFor()
    expect((await asked()).join() === 'audio', 'asked once')
    await moves(tina)
    expect((await seenGone(tina)) === '', `the picture never goes away while talk begins and ends: ${await seenGone(tina)}`)
    await resident.getByText(/1.? telecommunicator/).first().waitFor()

    // The other way: the resident is heard when both want it, and not longer.
    const microphone = (how: string): Promise<void> => tina.locator(`[data-ask=audio][data-stands=ask-${how}]`).waitFor()
    await tina.locator('body').press('d')
    await microphone('asked')
    await residentGrants(resident, 'audio')
    await microphone('flowing')
    await tina.getByRole('button', { name: 'Sound on', exact: true }).click()
    await within('the beep of the microphone is heard', () => loud(tina))
    await resident.getByRole('button', { name: 'Stop microphone' }).click()
    await microphone('stopped')
    await resident.getByText('Your camera is on').waitFor()
    await within('silence', async () => !(await loud(tina)))
    await moves(tina)
    // Sound that came and went never took the picture away, not even for a moment.
    await tina.getByRole('tab', { name: /^Timeline/ }).click()
    const timeline = tina.getByRole('list', { name: 'Timeline' })
    await timeline.getByText(/ended: .?stopped by the resident/).first().waitFor()
    expect((await timeline.getByText(/ended: .?link lost/).count()) === 0, 'no live medium was lost')
  },
}
