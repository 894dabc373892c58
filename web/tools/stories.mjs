// Runs the browser stories against a real gateway (`CALLBOX_BIN`): `node tools/stories.mjs [part of a title …]`.
// They are told in lanes, side by side; those marked `alone` come after the others, one by one. What a story prints stands together.
// The last line printed is exactly `N passed, N failed`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

/** Stories told at once, one for each core. More would make each slower than what it waits for. */
const LANES = availableParallelism()
const LANE = fileURLToPath(new URL('story_lane.mjs', import.meta.url))
// Node 20 has it behind a flag.
const execArgv = globalThis.WebSocket === undefined ? ['--experimental-websocket', '--no-warnings'] : []

const wanted = process.argv.slice(2)
const isWanted = ({ title, file }) => wanted.length === 0 || wanted.some((part) => title.includes(part) || file.includes(part))
const count = { passed: 0, failed: 0 }

const first = lane()
const stories = (await answer(first, {})).filter(isWanted)
const together = stories.filter((story) => !story.alone)
const apart = stories.filter((story) => story.alone)
const others = Array.from({ length: Math.min(LANES, together.length) - 1 }, async () => {
  const other = lane()
  await tell(other, together)
  await end(other)
})
await Promise.all([tell(first, together), ...others])
await tell(first, apart)
await end(first)
console.log(`${count.passed} passed, ${count.failed} failed`)
process.exit(count.failed > 0 || count.passed === 0 ? 1 : 0)

/** Tells what is left of a list. */
async function tell(lane, list) {
  for (let story = list.shift(); story !== undefined; story = list.shift()) {
    const { passed, said } = await answer(lane, story)
    count[passed ? 'passed' : 'failed'] += 1
    console.log(said)
  }
}

function lane() {
  return fork(LANE, { execArgv }).once('exit', died)
}

/** What a lane answers to a question. */
async function answer(lane, question) {
  lane.send(question)
  const [said] = await once(lane, 'message')
  return said
}

/** Whatever breaks out of a story takes the run with it. */
function died(code, signal) {
  console.log(`a lane ended in the middle of its work: ${signal ?? code}`)
  console.log(`${count.passed} passed, ${count.failed + 1} failed`)
  process.exit(1)
}

async function end(lane) {
  lane.off('exit', died)
  lane.disconnect()
  await once(lane, 'exit')
}
