// One lane of the stories: tells those that `tools/stories.mjs` names, one after the other, in a Chromium of its own.
// Asked for nothing by name, it says the list of all stories; otherwise whether the story passed, and its lines.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'node:util'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'

/** No story takes longer, in ms, than this. */
const LONGEST_MS = 90_000
const folder = fileURLToPath(new URL('../stories', import.meta.url))
const server = await createServer({
  configFile: false, logLevel: 'error', appType: 'custom', optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
})
const load = (file) => server.ssrLoadModule(join(folder, file))
const { Gateway, Story } = await load('harness.ts')

let lines = []
console.log = (...words) => lines.push(format(...words))
process.on('disconnect', () => process.exit(0))
process.on('message', async ({ file, title }) => {
  if (title === undefined) return process.send(await list())
  const began = Date.now()
  lines = []
  const reason = await failure((await load(file)).stories[title])
  const seconds = ((Date.now() - began) / 1_000).toFixed(1)
  const said = [...lines, `${reason === null ? 'ok  ' : 'FAIL'} ${title} (${seconds} s)`, ...(reason === null ? [] : [reason])]
  process.send({ passed: reason === null, said: said.join('\n') })
})

/** Every story, in the order of the files. */
async function list() {
  const all = []
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.story.ts')).sort()) {
    const { stories } = await load(file)
    all.push(...Object.entries(stories).map(([title, { alone }]) => ({ file, title, alone: alone === true })))
  }
  return all
}

/** Tells a story; why it failed, if it did. Each that needs one has a gateway of its own, so that no other story's session waits in its queues. */
async function failure(tell) {
  let gateway = null
  let stage = null
  let timer
  try {
    // One that names no stage plays on the development pages alone.
    if (tell.length > 0) {
      gateway = await Gateway.start()
      stage = new Story(gateway)
    }
    const late = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error(`longer than ${LONGEST_MS} ms`)), LONGEST_MS)))
    await Promise.race([tell(stage), late])
    if (stage?.faults.length > 0) throw new Error(`faults of the page:\n${stage.faults.join('\n')}`)
    return null
  } catch (error) {
    return `${error.stack ?? error}\n--- the pages showed ---\n${(await stage?.shown()) ?? 'nothing'}\n--- the gateway said last ---\n${gateway?.said.slice(-1_500) ?? 'nothing'}`
  } finally {
    clearTimeout(timer)
    await stage?.end()
    await gateway?.remove()
  }
}
