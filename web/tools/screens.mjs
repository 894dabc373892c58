// Takes a picture of the resident page in every state and look: `node tools/screens.mjs FOLDER [look or state …]`. Needs built pages and
// Chromium; no gateway, one in memory plays. What the stories say about the same states is in `stories/resident_states.story.ts`.
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import { serve } from './serve.mjs'

const [folder = 'screens', ...only] = process.argv.slice(2)
await mkdir(folder, { recursive: true })
const states = fileURLToPath(new URL('../stories/resident_states.ts', import.meta.url))
const { inLook, LOOKS, statesOf } = (await runnerImport(states, { logLevel: 'error', configFile: false })).module
const server = await serve()
for (const look of LOOKS) {
  const names = statesOf(look).filter((name) => only.length === 0 || only.includes(look.name) || only.includes(name))
  for (const name of names) {
    const state = await inLook(server.origin, look, name)
    await state.page.screenshot({ path: `${folder}/${look.name}-${name}.png` })
    for (const fault of state.faults) console.log(`${look.name}-${name}: ${fault}`)
    await state.end()
  }
}
server.close()
process.exit(0)
