// Proves that the type check can fail: svelte-check must find the error planted in tools/planted.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const web = fileURLToPath(new URL('..', import.meta.url))
const run = spawnSync(
  process.execPath,
  ['node_modules/svelte-check/bin/svelte-check', '--tsconfig', 'tools/planted/tsconfig.json', '--output', 'machine'],
  { cwd: web, encoding: 'utf8' },
)
const found = run.status !== 0 && /ERROR .*Planted\.svelte.*not assignable to type 'number'/.test(run.stdout.replaceAll('\\"', '"'))
console.log(found ? 'the planted error was found' : `the planted error was NOT found:\n${run.stdout}`)
process.exit(found ? 0 : 1)
