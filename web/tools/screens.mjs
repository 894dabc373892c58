// Takes a picture of the resident page in every state and look: `node tools/screens.mjs FOLDER [look or state …]`. Needs built pages and
// Chromium; no gateway, one in memory plays. What the stories say about the same states is in `stories/resident_states.story.ts`.
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import { serve } from './serve.mjs'

const [folder = 'screens', ...only] = process.argv.slice(2)
await mkdir(folder, { recursive: true })
const states = fileURLToPath(new URL('../stories/resident_states.ts', import.meta.url))
const { inState, LOOKS, STATES } = (await runnerImport(states, { logLevel: 'error', configFile: false })).module
const server = await serve()
for (const look of LOOKS) {
  for (const state of Object.keys(STATES)) {
    if (only.length > 0 && !only.includes(look.name) && !only.includes(state)) continue
    const { page, faults, end } = await inState(server.origin, look, state)
    await page.screenshot({ path: `${folder}/${look.name}-${state}.png` })
    for (const fault of faults) console.log(`${look.name}-${state}: ${fault}`)
    await end()
  }
}
server.close()
process.exit(0)
