// What a newcomer types, for real: `cargo xtask run --demo` on free ports with data of its own, until Ctrl-C. Three pages, a sign-in, a
// made-up resident in the queue, and an end in order; what it prints is what the README says. `npm run first-run`; part of `cargo xtask
// test`. The last line printed is exactly `N passed, N failed`.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

if (globalThis.WebSocket === undefined) {
  // Node 20 has it behind a flag.
  const again = spawnSync(process.execPath, ['--experimental-websocket', '--no-warnings', ...process.argv.slice(1)], { stdio: 'inherit' })
  process.exit(again.status ?? 1)
}

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const { Staff, freePort } = (await runnerImport(at('../stories/harness.ts'), { logLevel: 'error', configFile: false })).module

/** Longest wait for the welcome, in ms: what has changed is compiled first. */
const BUILT_WITHIN_MS = 600_000
/** Longest end after Ctrl-C, in ms: residents leave, the gateway drains. */
const ENDED_WITHIN_MS = 30_000
const FIRST_WORDS = 'Callbox is ready.'
const LAST_WORDS = 'Ctrl-C stops everything; once more stops at once.'
/** Where the gateway listens when nothing is set: the README's addresses. */
const USUAL = '127.0.0.1:8911'

const folder = mkdtempSync(join(tmpdir(), 'callbox-first-run-'))
const [http, admin, media] = [await freePort(), await freePort(), await freePort()]
const origin = `http://127.0.0.1:${http}`
const settings = {
  CALLBOX_SERVER__LISTEN: `127.0.0.1:${http}`,
  CALLBOX_ADMIN__LISTEN: `127.0.0.1:${admin}`,
  CALLBOX_MEDIA__LISTEN: `127.0.0.1:${media}`,
  CALLBOX_STORAGE__DATA_DIR: join(folder, 'data'),
}
const others = Object.entries(process.env).filter(([name]) => !name.startsWith('CALLBOX_'))
const cargo = process.env.CARGO ?? 'cargo'
const child = spawn(cargo, ['xtask', 'run', '--demo'], {
  cwd: at('../..'),
  env: { ...Object.fromEntries(others), ...settings },
  stdio: ['ignore', 'pipe', 'inherit'],
})
let said = ''
child.stdout.on('data', (chunk) => {
  said += chunk
  process.stdout.write(chunk)
})
const ended = once(child, 'exit')

let passed = 0
let staff = null
try {
  await check('it is ready and prints where its pages are', async () => {
    await within('the welcome', BUILT_WITHIN_MS, () => said.includes(LAST_WORDS))
    for (const page of ['/', '/console', '/supervisor']) expect(said.split(/\s+/).includes(`${origin}${page}`), `${origin}${page} is not printed`)
  })
  await check('each of the three is a built page', async () => {
    for (const page of ['/', '/console', '/supervisor']) {
      const answer = await fetch(`${origin}${page}`)
      expect(answer.status === 200, `${page} answered ${answer.status}`)
      expect((await answer.text()).includes('/assets/'), `${page} is not built`)
    }
  })
  await check('a sign-in that it prints works, and a made-up resident waits in the queue', async () => {
    expect(/^ {4}tina +telecommunicator +demo-tina-911$/m.test(said), 'no sign-in for tina')
    staff = await Staff.signIn(origin, 'tina')
    const waits = ({ rows, changed }) => (rows ?? changed)?.some(({ standing }) => standing === 'waiting') === true
    await within('a session that waits', ENDED_WITHIN_MS, () => staff.heard.some(waits))
    await staff.take()
  })
  await check('the README shows what it prints', () => {
    const printed = said.slice(said.indexOf(FIRST_WORDS), said.indexOf(LAST_WORDS) + LAST_WORDS.length)
    const shown = `\`\`\`\n${printed.replaceAll(`127.0.0.1:${http}`, USUAL)}\n\`\`\``
    expect(readFileSync(at('../../README.md'), 'utf8').includes(shown), `the README does not show:\n${shown}`)
  })
  await check('Ctrl-C ends it in order', async () => {
    staff.close()
    child.kill('SIGINT')
    const [code, signal] = await Promise.race([ended, later(ENDED_WITHIN_MS)])
    expect(code === 0, `it ended with ${code ?? signal}`)
    for (const port of [http, admin]) expect(await fetch(`http://127.0.0.1:${port}/`).then(() => false, () => true), `something still answers on ${port}`)
  })
} catch (error) {
  console.log(`FAILED ${error.message}`)
} finally {
  staff?.close()
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await Promise.race([ended, later(ENDED_WITHIN_MS)]).catch(() => child.kill('SIGKILL'))
  }
  rmSync(folder, { recursive: true, force: true })
}
const failed = passed === 5 ? 0 : 1
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed)

/** What comes after a check that fails would only fail too. */
async function check(title, tell) {
  try {
    await tell()
  } catch (error) {
    throw new Error(`${title}: ${error.message}`, { cause: error })
  }
  passed += 1
  console.log(`ok ${title}`)
}

function expect(holds, words) {
  if (!holds) throw new Error(words)
}

async function within(what, longest_ms, holds) {
  const deadline = Date.now() + longest_ms
  while (!holds()) {
    expect(child.exitCode === null, `it ended with ${child.exitCode}`)
    expect(Date.now() < deadline, `${what} did not come`)
    await new Promise((done) => setTimeout(done, 50))
  }
}

function later(ms) {
  return new Promise((_, fail) => setTimeout(fail, ms, new Error('it does not end')).unref())
}
