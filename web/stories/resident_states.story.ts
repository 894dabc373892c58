// The resident page in every state and look: nothing serious for axe, nothing sideways, never an error of the page.
import { expect, type Story } from './harness.ts'
import { inLook, LOOKS, statesOf } from './resident_states.ts'
import { accessible, parts, tooWide } from './staff_hands.ts'

/** No story holds more states of a look: each is a page that is loaded, brought there and looked at. */
const AT_ONCE = 12

export const stories: Record<string, (story: Story) => Promise<void>> = Object.fromEntries(
  LOOKS.flatMap((look) => parts(statesOf(look), AT_ONCE).map((names, part) => [
    `AL2 AL5 AL6: the resident page in every state has nothing serious for axe and nothing sideways: ${look.name}, ${String(part + 1)}`,
    async (story: Story) => {
      const { inState, end } = await inLook(story.gateway.origin, look)
      try {
        for (const name of names) {
          const where = `${name}, ${look.name}`
          const state = await inState(name).catch((error: unknown) => {
            throw new Error(`${where} is not reached: ${String(error)}`)
          })
          const wide = await tooWide(state.page)
          expect(wide <= 0, `${where}: ${String(wide)} px too wide`)
          await accessible(state.page, where)
          expect(state.faults.length === 0, `${where}: ${state.faults.join(' | ')}`)
          await state.end()
        }
      } finally {
        await end()
      }
    },
  ])),
)
