// The resident page in every state and look: nothing serious for axe, nothing sideways, never an error of the page.
import { expect, type Story } from './harness.ts'
import { inState, LOOKS, STATES } from './resident_states.ts'
import { accessible, tooWide } from './staff_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = Object.fromEntries(
  LOOKS.map((look) => [
    `AL2 AL5 AL6: the resident page in every state has nothing serious for axe and nothing sideways: ${look.name}`,
    async (story: Story) => {
      for (const state of Object.keys(STATES)) {
        const { page, faults, end } = await inState(story.gateway.origin, look, state)
        try {
          const where = `${state}, ${look.name}`
          const wide = await tooWide(page)
          expect(wide <= 0, `${where}: ${String(wide)} px too wide`)
          await accessible(page, where)
          expect(faults.length === 0, `${where}: ${faults.join(' | ')}`)
        } finally {
          await end()
        }
      }
    },
  ]),
)
