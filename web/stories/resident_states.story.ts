// The resident page in every state and look: nothing serious for axe, nothing sideways, no small target, never an error of the page.
import type { Page } from 'playwright-core'
import { expect, type Story } from './harness.ts'
import { inLook, LOOKS, seenAs, statesOf } from './resident_states.ts'
import { accessible, parts, tooWide } from './staff_hands.ts'

/** No story holds more states of a look: each is a page that is loaded, brought there and looked at. */
const AT_ONCE = 8
/** What of axe depends on colours and on room: the rest is said of a page once, whatever it looks like. */
const SEEN = ['color-contrast', 'scrollable-region-focusable']

/** Smallest side of whatever is pressed, in CSS px. */
const TARGET_PX = 48

/** What is smaller: buttons, links, fields, what opens; a box with a label is as large as its label. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate((least) =>
    [...document.querySelectorAll<HTMLElement>('button, a, select, textarea, summary, input')].flatMap((element) => {
      const target = element.matches('[type=radio], [type=checkbox]') ? (element.closest('label') ?? element) : element
      const { width, height } = target.getBoundingClientRect()
      return width > 0 && (width < least - 0.5 || height < least - 0.5) ? [`${target.innerText || element.tagName} ${String(width)} × ${String(height)}`] : []
    }), TARGET_PX)
}

export const stories: Record<string, (story: Story) => Promise<void>> = Object.fromEntries(
  LOOKS.filter(({ like }) => like === undefined).flatMap((look) => {
    const others = LOOKS.filter(({ like }) => like === look.name)
    return parts(statesOf(look), AT_ONCE).map((names, part) => [
      `AL2 AL3 AL5 AL6: the resident page in every state has nothing serious for axe, nothing sideways and no target under 48 px: ${[look, ...others].map(({ name }) => name).join(', ')}, ${String(part + 1)}`,
      async (story: Story) => {
        for (const name of names) {
          const state = await inLook(story.gateway.origin, look, name).catch((error: unknown) => {
            throw new Error(`${name}, ${look.name} is not reached: ${String(error)}`)
          })
          try {
            for (const as of [look, ...others.filter((other) => statesOf(other).includes(name))]) {
              const where = `${name}, ${as.name}`
              if (as !== look) await seenAs(state.page, as)
              const wide = await tooWide(state.page)
              expect(wide <= 0, `${where}: ${String(wide)} px too wide`)
              const small = await smallTargets(state.page)
              expect(small.length === 0, `${where}: too small: ${small.join(' | ')}`)
              await accessible(state.page, where, as === look ? [] : SEEN)
              expect(state.faults.length === 0, `${where}: ${state.faults.join(' | ')}`)
            }
          } finally {
            await state.end()
          }
        }
      },
    ])
  }),
)
