// How the console looks and reads: themes, sizes, directions, targets, what is spoken.
import type { Page } from 'playwright-core'
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'
import { accessible, areas, consoleOf, signIn, tooWide } from './staff_hands.ts'

/** A console with sessions of all kinds, one of them taken. */
async function busy(story: Story, options: Parameters<typeof consoleOf>[2] = {}): Promise<Page> {
  const tina = await consoleOf(story, 'tina', options)
  await tina.getByLabel('My state').selectOption('available')
  const one = await Reporter.report(story, { category: 'fire', text: 'il y a de la fumée', language: 'fr' })
  await tina.locator('#queue-panel [data-row]').first().waitFor()
  await tina.locator('body').press('n')
  await tina.getByRole('log').getByText('il y a de la fumée').waitFor()
  await one.at(40, -100)
  await Reporter.report(story, { category: 'medical', text: 'she is unconscious', silent: true })
  await Reporter.report(story, { category: 'other', text: 'noise' })
  one.type('et on voit')
  await tina.locator('article.typing').waitFor()
  await tina.locator('[data-alarms="2"]').waitFor()
  return tina
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'AL1 AL3 AL4 AL8: what is spoken and what is not, targets, no motion, absolute times': async (story) => {
    const tina = await busy(story, { reducedMotion: 'reduce' })
    const found = await tina.evaluate(() => {
      const shown = (element: Element): boolean => element.checkVisibility() && !element.classList.contains('visually-hidden')
      const small = [...document.querySelectorAll('button, a, select, input, textarea, summary')].filter(shown).flatMap((element) => {
        // A map's own controls and what a label makes larger have their own size.
        const { width, height } = (element.closest('label') ?? element).getBoundingClientRect()
        return width > 0 && (width < 24 || height < 24) ? [`${element.outerHTML.slice(0, 80)} ${String(width)}×${String(height)}`] : []
      })
      const tall = ['next', 'take'].flatMap((act) => [...document.querySelectorAll(`[data-act=${act}]`)].map((one) => one.getBoundingClientRect().height))
      const typing = document.querySelector('article.typing')
      return {
        small, tall, moving: document.getAnimations().length,
        typing: typing?.getAttribute('aria-live'),
        status: document.querySelectorAll('[role=status]').length,
        figures: [...document.querySelectorAll('.figure')].some((figure) => figure.closest('[role=status], [aria-live=polite]')?.checkVisibility() === true && /\d:\d\d/.test(figure.textContent)),
        times: [...document.querySelectorAll('time')].every((time) => /\d{4}.*\d:\d\d/.test(time.title)),
      }
    })
    expect(found.small.length === 0, `no target under 24 px: ${found.small.join('\n')}`)
    expect(found.tall.every((height) => height >= 48), `take is at least 48 px: ${found.tall.join()}`)
    expect(found.moving === 0, 'nothing moves')
    expect(found.typing === 'off' && found.status > 2, 'typing is not spoken, states are')
    expect(!found.figures, 'no counter stands in a live region')
    expect(found.times, 'each time carries its date and zone')
  },

  'AL5: which of several sessions lies open is seen in every theme, not by a shade alone': async (story) => {
    const tina = await consoleOf(story, 'tina')
    for (const text of ['the first', 'the second']) {
      await Reporter.report(story, { category: 'fire', text })
      await tina.locator('#queue-panel [data-row]').first().waitFor()
      await tina.locator('body').press('n')
      await tina.getByRole('log').getByText(text).waitFor()
    }
    const own = tina.getByRole('navigation', { name: 'My sessions' }).getByRole('button')
    for (const theme of ['light', 'dark', 'contrast']) {
      await tina.getByLabel('Theme').selectOption(theme)
      const [other, open] = await own.evaluateAll((all) => all.map((one) => getComputedStyle(one).boxShadow))
      expect(other === 'none' && open !== 'none', `${theme}: a line under the one that lies open, not ${String(open)}`)
    }
  },

  ...Object.fromEntries((['light', 'dark', 'contrast', 'forced'] as const).map((theme) => [
    `AL5 AL6: nothing serious for axe in any state, ${theme}`,
    async (story: Story): Promise<void> => {
      const tina = await busy(story, theme === 'forced' ? { forcedColors: 'active' } : {})
      if (theme !== 'forced') await tina.getByLabel('Theme').selectOption(theme)
      await tina.waitForFunction(() => document.getAnimations().length === 0)
      await accessible(tina, 'session and offers')
      await tina.locator('body').press('?')
      await accessible(tina, 'keys')
      await tina.keyboard.press('Escape')
      await tina.locator('body').press('z')
      await tina.getByRole('slider').fill('0')
      await accessible(tina, 'sound')
      await tina.keyboard.press('Escape')
      await tina.getByText('SOUND OFF').waitFor()
      await tina.locator('body').press('s')
      await accessible(tina, 'SOUND OFF and ready sentences')
      await tina.keyboard.press('Escape')
      await tina.keyboard.press('Escape')
      await tina.locator('#queue-panel [data-row]').first().click()
      await tina.context().setOffline(true)
      await tina.getByText('Connection lost.').waitFor()
      await accessible(tina, 'link lost')
    },
  ])),

  'AL6: at 400 % zoom and 200 % text nothing is cut and nothing scrolls sideways': async (story) => {
    const tina = await busy(story)
    for (const [viewport, size] of [[{ width: 320, height: 256 }, 1], [{ width: 320, height: 640 }, 1], [{ width: 640, height: 450 }, 1], [{ width: 1440, height: 900 }, 2]] as const) {
      await tina.setViewportSize(viewport)
      // Text alone twice as large, as a browser's text zoom does it.
      if (size > 1) await tina.evaluate((by) => {
        const all = [...document.querySelectorAll<HTMLElement>('body *')].map((one) => [one, getComputedStyle(one)] as const).map(([one, { fontSize, lineHeight }]) => [one, parseFloat(fontSize), parseFloat(lineHeight)] as const)
        for (const [one, font, line] of all) {
          one.style.fontSize = `${String(font * by)}px`
          if (Number.isFinite(line)) one.style.lineHeight = `${String(line * by)}px`
        }
      }, size)
      for await (const area of areas(tina, viewport.width)) {
        const over = await tooWide(tina)
        expect(over <= 1, `${area} at ${String(viewport.width)} px, text × ${String(size)}: ${String(over)} px too wide`)
        const cut = await tina.evaluate(() => [...document.querySelectorAll('button, strong, h1, h2')].flatMap((element) =>
          element.checkVisibility() && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== 'visible' ? [element.outerHTML.slice(0, 90)] : []))
        expect(cut.length === 0, `nothing cut in ${area} at ${String(viewport.width)} px: ${cut.join('\n')}`)
      }
    }
    await tina.setViewportSize({ width: 320, height: 640 })
    // The keys reach what stands in another tab.
    await tina.locator('#area-tab-queue').click()
    await tina.locator('#area-tab-queue').press('p')
    await tina.locator('[data-ask=place]:not([data-stands=ask-never])').waitFor()
  },

  'AL6: from 1280 px on the bar of who is available is one line, in English and French and every theme': async (story) => {
    for (const [locale, connected] of [['en-US', 'Connected'], ['fr-FR', 'Connecté']] as const) {
      const page = await story.visit('/console/', { viewport: { width: 1280, height: 800 }, locale })
      await signIn(page, 'tina', connected)
      const bar = page.locator('header').first()
      await bar.locator('select').first().selectOption('available')
      for (const theme of ['system', 'light', 'dark', 'contrast']) {
        await bar.locator('select').last().selectOption(theme)
        for (const width of [1280, 1440]) {
          await page.setViewportSize({ width, height: 800 })
          await within(`one line in ${locale}, ${theme}, ${String(width)} px`, () => bar.evaluate((header) => header.getBoundingClientRect().height < 56))
        }
      }
    }
  },

  'AL6: in a window below 1280 px the session fills it, and the composer stands at its end': async (story) => {
    const tina = await busy(story)
    for (const [width, height] of [[1024, 768], [1279, 1000], [820, 1180]] as const) {
      await tina.setViewportSize({ width, height })
      await tina.locator('#area-tab-session').click()
      const [under, left] = await tina.locator('#composer').evaluate((composer) => {
        const end = (selector: string): number => composer.closest(selector)?.getBoundingClientRect().bottom ?? 0
        return [end('main') - end('article'), innerHeight - end('main')]
      })
      expect(under === 0, `nothing is empty under the session at ${String(width)} × ${String(height)}, not ${String(under)} px`)
      expect((left ?? 0) < 60, `below it is the strip at the end alone, not ${String(left)} px`)
    }
  },

  'AL6: at 400 % zoom the bar is one line with a menu that has the rest of it, so that the work stands on the first screen': async (story) => {
    const tina = await busy(story)
    await tina.setViewportSize({ width: 320, height: 256 })
    await tina.evaluate(() => scrollTo(0, 0))
    const above = await tina.locator('#area-panel').evaluate((node) => node.getBoundingClientRect().top)
    expect(above <= 140, `the work begins on the first screen at 400 %: after ${String(above)} of 256 px`)
    const stays = await tina.evaluate(() => [...document.querySelectorAll('.page *')].filter((node) => getComputedStyle(node).position === 'sticky').reduce((sum, node) => sum + node.getBoundingClientRect().height, 0))
    expect(stays <= 85, `what stays in view takes a third of it at most: ${String(stays)} of 256 px`)
    const menu = tina.getByRole('button', { name: /Menu$/ })
    expect((await menu.textContent())?.includes('Available') === true, 'the own state is said beside it')
    await menu.focus()
    await tina.keyboard.press('Enter')
    for (const name of ['My state', 'Language of this page', 'Theme']) await tina.getByLabel(name).waitFor()
    for (const name of [/^Sound/, /^Keys/, 'Sign out']) await tina.getByRole('button', { name }).waitFor()
    expect((await tooWide(tina)) <= 0, 'nor is the open menu too wide')
    await accessible(tina, 'the open menu')
    await tina.getByRole('button', { name: 'Sign out' }).focus()
    await tina.keyboard.press('Escape')
    expect(await menu.evaluate((node) => node === document.activeElement), 'Esc closes it and gives the focus back')
  },
}
