// The wallboard: read from across a room, nobody's name on it, honest about its age.
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, residentWith, supervisorOf, type signIn } from './staff_hands.ts'

const ROOM = { viewport: { width: 1920, height: 1080 }, locale: 'en-US' }

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'SV5: the wallboard fits 1920 x 1080 with figures of 72 px and more, and holds no personal data': async (story) => {
    const words = 'nobody reads this on a wall'
    await consoleOf(story, 'tina').then((tina) => tina.getByLabel('My state').selectOption('available'))
    await residentWith(story, words)
    for (const colorScheme of ['light', 'dark'] as const) {
      const wall = await story.visit('/supervisor/?wallboard=1', { ...ROOM, colorScheme })
      await wallSignIn(wall)
      await wall.locator('tr[data-queue] td:nth-of-type(1)').getByText('1', { exact: true }).waitFor()
      const told = await wall.evaluate(() => {
        const page = document.documentElement
        const sizes = [...document.querySelectorAll('tbody td')].map((node) => parseFloat(getComputedStyle(node).fontSize))
        const cut = [...document.querySelectorAll('th, td, footer, h1')].filter((node) => {
          const { right, bottom } = node.getBoundingClientRect()
          return right > innerWidth || bottom > innerHeight || node.scrollWidth > node.clientWidth + 1
        })
        return {
          scrolls: page.scrollHeight > innerHeight || page.scrollWidth > innerWidth, smallest: Math.min(...sizes),
          text: document.body.innerText, controls: document.querySelectorAll('main button, main input, main select').length,
          cut: cut.map((node) => node.outerHTML.slice(0, 90)),
        }
      })
      expect(!told.scrolls && told.cut.length === 0, `all of it is on the screen: ${told.cut.join()}`)
      expect(told.smallest >= 72, `figures of 72 px, not ${String(told.smallest)}`)
      expect(!/tina|sue|nobody reads this/i.test(told.text), 'no name and no word of anybody')
      expect(told.controls === 0, 'nothing to press')
      await accessible(wall, `the wallboard, ${colorScheme}`)
    }
  },
  'SV5: a wallboard keeps no token of a supervisor, and the one it keeps reads the board and nothing else': async (story) => {
    const words = 'nobody reads this on a wall'
    await residentWith(story, words)
    const floor = await supervisorOf(story)
    const [wall] = await Promise.all([floor.context().waitForEvent('page'), floor.getByRole('link', { name: 'Wallboard' }).click()])
    // Whoever opens it from the floor is not asked again who they are.
    await wall.locator('tr[data-queue] td:nth-of-type(1)').getByText('1', { exact: true }).waitFor()
    const kept = await wall.evaluate(() => [...Object.values({ ...sessionStorage }), ...Object.values({ ...localStorage })].join(' ') as string)
    const tokens = kept.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g) ?? []
    expect(tokens.length === 1, `one token, not ${String(tokens.length)}`)
    const [token = ''] = tokens
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { role?: string; name?: string }
    expect(claims.role === 'wallboard' && claims.name === '', `a wallboard's, with nobody's name: ${JSON.stringify(claims)}`)
    expect(!/supervisor/.test(kept.replace(token, '')), `nothing of a supervisor: ${kept.replace(token, '')}`)
    const photo = `/api/v1/sessions/${'a'.repeat(32)}/photos/${'b'.repeat(32)}/copy`
    for (const [method, path] of [['GET', photo], ['POST', '/api/v1/sign-in/wallboard']] as const) {
      const { status } = await fetch(story.gateway.origin + path, { method, headers: { authorization: `Bearer ${token}` } })
      expect(status === 403, `${path} is refused, not ${String(status)}`)
    }
    await wall.reload()
    await wall.locator('tr[data-queue]').first().waitFor()
  },
  'SV5: figures older than 5 s turn grey and say how old they are, and come back by themselves': async (story) => {
    const wall = await story.visit('/supervisor/?wallboard=1', ROOM)
    await wallSignIn(wall)
    await wall.locator('tr[data-queue]').first().waitFor()
    expect((await wall.locator('main.old').count()) === 0, 'fresh at first')
    await story.gateway.down()
    await wall.locator('main.old').waitFor()
    await wall.getByText(/Figures are .*0:0[5-9].* old/).waitFor()
    await story.gateway.up()
    await within('fresh again', async () => (await wall.locator('main.old').count()) === 0, 30_000)
  },
  'SV5 TC16: a wallboard that is older than its gateway loads itself; the floor says so, and stays signed in': async (story) => {
    let old = true
    let loads = 0
    const wall = await story.visit('/supervisor/?wallboard=1', ROOM)
    const refused = async (page: typeof wall): Promise<void> => {
      await page.routeWebSocket(/\/ws\/staff/, (socket) => {
        if (old) socket.close({ code: 4301 })
        else socket.connectToServer()
      })
      await page.reload()
      page.on('load', () => (loads += 1))
    }
    await wall.clock.install()
    await refused(wall)
    await wallSignIn(wall)
    await wall.getByText('It loads by itself in a moment.').waitFor()
    old = false
    await wall.clock.fastForward(25_000)
    await wall.locator('tr[data-queue]').first().waitFor()
    expect(loads === 1, `it was loaded once, not ${String(loads)} times`)

    old = true
    const floor = await story.visit('/supervisor/', ROOM)
    await refused(floor)
    await wallSignIn(floor)
    await floor.getByText('You stay signed in').waitFor()
    old = false
    await floor.getByRole('button', { name: 'Load again' }).click()
    await floor.locator('[data-queue]').first().waitFor()
  },
  'SV1 TC16: after a break the floor says that a newer page is ready, and the wallboard loads it by itself': async (story) => {
    const floor = await supervisorOf(story)
    const wall = await story.visit('/supervisor/?wallboard=1', ROOM)
    await wallSignIn(wall)
    await wall.locator('tr[data-queue]').first().waitFor()
    let loads = 0
    wall.on('load', () => (loads += 1))
    for (const page of [floor, wall]) {
      await page.route('**/supervisor/', (route) => {
        if (route.request().resourceType() === 'document') return route.continue()
        return route.fulfill({ contentType: 'text/html', body: '<script type="module" src="/assets/newer-1.js"></script>' })
      })
    }
    await story.gateway.down()
    await floor.getByText('Connection lost.').waitFor()
    await story.gateway.up()
    await floor.getByText('A newer version of this page is ready.').waitFor()
    await floor.getByRole('button', { name: 'Load it now' }).waitFor()
    await within('the wallboard loads it', () => Promise.resolve(loads > 0))
  },
}

async function wallSignIn(page: Parameters<typeof signIn>[0]): Promise<void> {
  await page.locator('[name=agency]').fill('demo.example')
  await page.locator('[name=name]').fill('sue')
  await page.locator('[name=passphrase]').fill('demo-sue-911')
  await page.locator('button[type=submit]').click()
}
