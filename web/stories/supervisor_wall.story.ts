// The wallboard: read from across a room, nobody's name on it, honest about its age.
import { expect, within, type Story } from './harness.ts'
import { accessible, consoleOf, residentWith, signIn } from './staff_hands.ts'

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
}

async function wallSignIn(page: Parameters<typeof signIn>[0]): Promise<void> {
  await page.locator('[name=agency]').fill('demo.example')
  await page.locator('[name=name]').fill('sue')
  await page.locator('[name=passphrase]').fill('demo-sue-911')
  await page.locator('button[type=submit]').click()
}
