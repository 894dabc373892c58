// Runs the browser stories against a real gateway (`CALLBOX_BIN`): `node tools/stories.mjs [part of a title …]`.
// The last line printed is exactly `N passed, N failed`.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

if (globalThis.WebSocket === undefined) {
  // Node 20 has it behind a flag.
  const again = spawnSync(process.execPath, ['--experimental-websocket', '--no-warnings', ...process.argv.slice(1)], { stdio: 'inherit' })
  process.exit(again.status ?? 1)
}

const folder = fileURLToPath(new URL('../stories', import.meta.url))
const wanted = process.argv.slice(2)
const load = async (file) => (await runnerImport(join(folder, file), { logLevel: 'error', configFile: false })).module
const { Gateway, Story } = await load('harness.ts')
// No story takes longer, in ms, than this.
const LONGEST_MS = 90_000

let passed = 0
let failed = 0
for (const file of readdirSync(folder).filter((name) => name.endsWith('.story.ts')).sort()) {
  const { stories } = await load(file)
  const titles = Object.keys(stories).filter((title) => wanted.length === 0 || wanted.some((part) => title.includes(part) || file.includes(part)))
  if (titles.length === 0) continue
  for (const title of titles) {
    if (await run(stories[title])) console.log(`ok   ${title} ${took()}`)
    else console.log(`FAIL ${title} ${took()}\n${reason}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)

var began
var reason
function took() {
  return `(${((Date.now() - began) / 1000).toFixed(1)} s)`
}

/** Each story has a gateway of its own, so that no other story's session waits in its queues. */
async function run(story) {
  began = Date.now()
  reason = ''
  let gateway = null
  let stage = null
  let timer
  try {
    gateway = await Gateway.start()
    stage = new Story(gateway)
    const late = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error(`longer than ${LONGEST_MS} ms`)), LONGEST_MS)))
    await Promise.race([story(stage), late])
    if (stage.faults.length > 0) throw new Error(`faults of the page:\n${stage.faults.join('\n')}`)
    passed += 1
    return true
  } catch (error) {
    reason = `${error.stack ?? error}\n--- the pages showed ---\n${await stage?.shown()}\n--- the gateway said last ---\n${gateway?.said.slice(-1_500) ?? 'nothing'}`
    failed += 1
    return false
  } finally {
    clearTimeout(timer)
    await stage?.end()
    await gateway?.remove()
  }
}
