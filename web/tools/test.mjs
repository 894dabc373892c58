// Runs the unit tests; the last line printed is exactly `N passed, N failed`.
import { startVitest } from 'vitest/node'

// vitest prints failures with `Map.groupBy`, which Node 20 does not have yet.
Map.groupBy ??= (items, key) => {
  const groups = new Map()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}

const vitest = await startVitest('test', process.argv.slice(2), { watch: false })
const tests = vitest.state.getFiles().flatMap(collect)
const broken = vitest.state.getFiles().filter((file) => file.result?.state === 'fail' && collect(file).length === 0)
const errors = vitest.state.getUnhandledErrors().length
const passed = tests.filter((test) => test.result?.state === 'pass').length
const failed = tests.filter((test) => test.result?.state !== 'pass').length + broken.length + errors
await vitest.close()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)

function collect(task) {
  return task.type === 'test' ? [task] : (task.tasks ?? []).flatMap(collect)
}
