// Silent mode, quick exit, and what is left on the device.
import { expect, within, type Story } from './harness.ts'
import { before, begin, EXIT, item, pick, safe, traces, write } from './resident_hands.ts'

const none = (left: Record<string, number>): boolean => Object.values(left).every((count) => count === 0)

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE11 silent mode calls no sound, no vibration, no notification, no wake lock and no storage'(story) {
    const page = await before(
      story,
      () => {
        const called: string[] = []
        Object.assign(window, { called })
        const spy = (what: string) => (): never => {
          called.push(what)
          throw new DOMException(what, 'NotAllowedError')
        }
        Object.defineProperty(navigator, 'vibrate', { value: spy('vibrate') })
        Object.defineProperty(navigator, 'wakeLock', { value: { request: spy('wake lock') } })
        Object.defineProperty(window, 'AudioContext', { value: spy('audio') })
        Object.defineProperty(window, 'Notification', { value: { requestPermission: spy('notification') } })
        IDBFactory.prototype.open = spy('database')
        Storage.prototype.setItem = spy('storage')
        CacheStorage.prototype.open = spy('cache')
        ServiceWorkerContainer.prototype.register = spy('worker')
        const play = HTMLMediaElement.prototype.play
        HTMLMediaElement.prototype.play = function () {
          if (this instanceof HTMLAudioElement) called.push('sound')
          return play.call(this)
        }
      },
      {},
      '/?silent',
    )
    const answer = await page.evaluate(async () => {
      const response = await fetch('/?silent')
      return { kept: response.headers.get('cache-control'), title: /<title>(.*)<\/title>/.exec(await response.text())?.[1] }
    })
    expect(answer.kept === 'no-store', `the browser keeps no copy of the page, not ${answer.kept}`)
    expect(answer.title === 'Notes', `a plain title from the first byte on, not ${answer.title}`)
    await pick(page)
    await page.getByText('Copies wait in memory only').waitFor()
    await page.getByRole('button', { name: 'Yes', exact: true }).click()
    await item(page, 'Yes').locator('[data-safety=safe]').waitFor()
    const staff = await story.telecommunicator()
    await staff.do(await staff.take(), { kind: 'text', text: 'Nod if you are alone' })
    await item(page, 'Nod if you are alone').waitFor()
    const called = await page.evaluate(() => (window as unknown as { called: string[] }).called)
    expect(called.length === 0, `nothing called, not ${called.join()}`)
    expect(none(await traces(page)), 'nothing left')
    const look = await page.evaluate(() => ({
      title: document.title,
      icon: document.querySelector<HTMLLinkElement>('link[rel=icon]')?.href,
      manifest: document.querySelectorAll('link[rel=manifest]').length,
      dark: getComputedStyle(document.documentElement).backgroundColor,
    }))
    expect(look.title === 'Notes' && look.icon === 'data:,' && look.manifest === 0, `plain title and icon, not ${JSON.stringify(look)}`)
    expect(look.dark === 'rgb(0, 0, 0)', 'dim')
  },

  async 'RE11 silent mode switched on in the middle keeps what is unsafe in memory, wipes the rest, and staff read of it'(story) {
    const page = await begin(story)
    await write(page, 'safe before')
    await safe(page, 'safe before')
    await within('the worker is there', async () => ((await traces(page))['workers'] ?? 0) === 1)
    await page.context().setOffline(true)
    await write(page, 'not safe yet')
    await page.locator('[data-waiting]').waitFor()
    await page.getByText('More choices').click()
    await page.getByRole('button', { name: 'I cannot talk' }).click()
    await within('nothing is left on the device', async () => none(await traces(page)))
    expect(new URL(page.url()).search === '?silent', 'a reload stays silent')
    await page.context().setOffline(false)
    await safe(page, 'not safe yet')
    const staff = await story.telecommunicator()
    const session = await staff.take()
    await within('staff read of it', () => Promise.resolve(staff.texts(session).some((text) => text.startsWith('I cannot talk now'))))
    expect(none(await traces(page)), 'and nothing came back')
  },

  async 'RE12 quick exit is first in the tab order, tells screen readers, stops everything and leaves nothing'(story) {
    const page = await begin(story)
    let looked = (): void => undefined
    const isLookedAt = new Promise<void>((done) => (looked = done))
    await page.context().route(EXIT, async (route) => {
      // The page is looked at in between.
      await isLookedAt
      await route.fulfill({ body: 'weather' })
    })
    await page.getByRole('button', { name: 'Camera', exact: true }).click()
    await page.getByRole('button', { name: 'Yes, show my camera' }).click()
    await page.locator('[data-live=flowing]').waitFor()
    await within('the worker is there', async () => ((await traces(page))['workers'] ?? 0) === 1)
    await page.evaluate(() => {
      const video = document.querySelector('video')
      Object.assign(window, { track: (video?.srcObject as MediaStream).getVideoTracks()[0] })
      ;(document.activeElement as HTMLElement | null)?.blur()
    })
    const first = await page.evaluate(() => document.querySelector('a[href], button, input, select, textarea, [tabindex]')?.textContent.trim())
    expect(first === 'Exit now', `exit is first, not ${first}`)
    await page.keyboard.press('Shift')
    await page.keyboard.press('Shift')
    await page.getByText('Press Shift once more').waitFor({ state: 'attached' })
    await page.evaluate(() => {
      addEventListener('keydown', () => {
        const { track } = window as unknown as { track: MediaStreamTrack }
        const alert = document.querySelector('[role=alert]')
        const seen = (alert?.getBoundingClientRect().width ?? 0) <= 1 && document.body.children.length === 1
        Object.assign(window, { left: { seen, title: document.title, alert: alert?.textContent ?? '', track: track.readyState } })
      })
    })
    await page.keyboard.press('Shift')
    const left = await page.evaluate(() => (window as unknown as { left: { seen: boolean; title: string; alert: string; track: string } }).left)
    looked()
    expect(left.seen && left.title === '' && left.track === 'ended', `blank at once and the camera off, not ${JSON.stringify(left)}`)
    expect(left.alert === 'You have left the page.', 'told to screen readers')
    await page.waitForURL(EXIT)
    await page.goto(`${story.gateway.origin}/assets/theme-2.js`)
    const rest = await traces(page)
    expect(none(rest), `nothing left, not ${JSON.stringify(rest)}`)
  },

  async 'RE3 the page opens without a network, goes on, and no staff page is under its worker'(story) {
    const page = await begin(story)
    await within('the page is under its worker', async () => new URL(page.url()).search.startsWith('?report'))
    await within('its copies are there', () =>
      page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).some(({ active }) => active?.state === 'activated')),
    )
    // What a browser asks of a page that can be installed: a manifest with both sizes, each a picture of that size.
    const icons = await page.evaluate(async () => {
      const { icons } = (await (await fetch('/manifest.webmanifest')).json()) as { icons: { src: string; sizes: string }[] }
      return Promise.all(icons.filter(({ src }) => src.endsWith('.png')).map(async ({ src, sizes }) => {
        const { width, height } = await createImageBitmap(await (await fetch(src)).blob())
        return `${sizes} ${width}x${height}`
      }))
    })
    expect(icons.join() === '192x192 192x192,512x512 512x512', `icons of their sizes, not ${icons.join()}`)
    await write(page, 'before')
    await safe(page, 'before')
    await story.gateway.down('SIGKILL')
    await write(page, 'written before the reload, with no gateway')
    await page.locator('[data-waiting="1"]').waitFor()
    await page.reload()
    await page.locator('#text').waitFor()
    await page.locator('header a[href^="tel:"]').waitFor()
    await page.locator('[data-waiting="1"]').waitFor()
    await write(page, 'written in a page that was loaded without a network')
    await page.locator('[data-waiting="2"]').waitFor()
    await story.gateway.up()
    await safe(page, 'written before the reload, with no gateway')
    await safe(page, 'written in a page that was loaded without a network')
    for (const text of ['written before the reload', 'loaded without a network']) expect((await item(page, text).count()) === 1, `once: ${text}`)
    const console_page = await page.context().newPage()
    await console_page.goto(`${story.gateway.origin}/console/`)
    expect(await console_page.evaluate(() => navigator.serviceWorker.controller === null), 'the console has no worker')
  },
}
