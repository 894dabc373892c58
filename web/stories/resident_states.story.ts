// The resident page in every state and look: nothing serious for axe, nothing sideways, never an error of the page.
import { expect, type Story } from './harness.ts'
import { inLook, LOOKS, seenAs, statesOf } from './resident_states.ts'
import { accessible, parts, tooWide } from './staff_hands.ts'

/** No story holds more states of a look: each is a page that is loaded, brought there and looked at. */
const AT_ONCE = 8
/** What of axe depends on colours and on room: the rest is said of a page once, whatever it looks like. */
const SEEN = ['color-contrast', 'scrollable-region-focusable']

export const stories: Record<string, (story: Story) => Promise<void>> = Object.fromEntries(
  LOOKS.filter(({ like }) => like === undefined).flatMap((look) => {
    const others = LOOKS.filter(({ like }) => like === look.name)
    return parts(statesOf(look), AT_ONCE).map((names, part) => [
      `AL2 AL5 AL6: the resident page in every state has nothing serious for axe and nothing sideways: ${[look, ...others].map(({ name }) => name).join(', ')}, ${String(part + 1)}`,
      async (story: Story) => {
        const { inState, end } = await inLook(story.gateway.origin, look)
        try {
          for (const name of names) {
            const state = await inState(name).catch((error: unknown) => {
              throw new Error(`${name}, ${look.name} is not reached: ${String(error)}`)
            })
            for (const as of [look, ...others.filter((other) => statesOf(other).includes(name))]) {
              const where = `${name}, ${as.name}`
              if (as !== look) await seenAs(state.page, as)
              const wide = await tooWide(state.page)
              expect(wide <= 0, `${where}: ${String(wide)} px too wide`)
              await accessible(state.page, where, as === look ? [] : SEEN)
              expect(state.faults.length === 0, `${where}: ${state.faults.join(' | ')}`)
            }
            await state.end()
          }
        } finally {
          await end()
        }
      },
    ])
  }),
)
