// The SDK as a stranger gets it: the packed archive in an empty folder, its example against a real gateway.
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createServer } from 'vite'
import { expect, freePort, within, type Story } from './harness.ts'
import { picture } from './resident_hands.ts'

const run = promisify(execFile)
const sdk = join(process.cwd(), 'sdk')
const modules = join(process.cwd(), 'node_modules')

/** The packed archive in a folder, as a stranger installs it. */
async function installed(folder: string): Promise<void> {
  const { stdout: packed } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: sdk })
  const archive = join(folder, packed.trim().split('\n').at(-1) ?? '')
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  // Its dependency comes from this tree, so that the story needs no network.
  const own = ['@msgpack/msgpack'].map((name) => join(modules, name))
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', ...own, archive], { cwd: folder })
}

/** A file of the README's page: the block whose first line names it. */
async function blockOf(name: string): Promise<string> {
  const blocks = (await readFile(join(sdk, 'README.md'), 'utf8')).matchAll(/```\w+\n(.*?)```/gs)
  const found = [...blocks].map(([, text]) => text ?? '').find((text) => text.split('\n')[0]?.includes(name))
  if (found === undefined) throw new Error(`the README has no ${name}`)
  return found
}

/** Everything that the README's page can do, at this origin. */
async function reports(story: Story, origin: string): Promise<void> {
  story.mayAsk(origin)
  const page = await story.visit('/assets/none', { permissions: ['geolocation', 'camera'], geolocation: { latitude: 40, longitude: -99, accuracy: 25 } })
  await page.goto(origin)
  const staff = await story.telecommunicator()
  const session = await staff.take()
  await page.getByLabel('What do you see?').fill('Smoke in the stairwell.')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByLabel('Photo').setInputFiles(await picture(page, 'stairs', 100))
  await page.getByRole('button', { name: 'Share my place' }).click()
  await page.getByRole('button', { name: 'Show my camera' }).click()
  for (const kind of ['text', 'photo_previewed', 'photo_stored', 'located', 'media_started']) {
    await within(`${kind} at the gateway`, () => Promise.resolve(staff.log(session).some(({ event }) => event.kind === kind)))
  }
  await page.getByText('All of it is safe.').waitFor()
  await page.reload()
  await page.getByText('Smoke in the stairwell.').waitFor()
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'SDK: the packed archive works in an empty folder, and its example of 40 lines reports to a real gateway': async (story) => {
    const tina = await story.telecommunicator('tina')
    const folder = await mkdtemp(join(tmpdir(), 'callbox-sdk-'))
    try {
      await installed(folder)
      await copyFile(join(folder, 'node_modules/@callbox/sdk/example.mjs'), join(folder, 'example.mjs'))
      expect((await readFile(join(folder, 'example.mjs'), 'utf8')).trim().split('\n').length <= 40, 'forty lines')
      const flags = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-websocket', '--no-warnings'] : []
      const { stdout } = await run('node', [...flags, 'example.mjs', story.gateway.origin], { cwd: folder, timeout: 30_000 })
      expect(/everything so far is safe/.test(stdout), `the example tells what it reached:\n${stdout}`)
      // What it wrote is at a console, once.
      const { rows } = await tina.hear('sessions_changed', ({ changed }) => changed.some((row) => row.category === 'hazard')).then(({ changed }) => ({ rows: changed }))
      const session = rows.find((row) => row.category === 'hazard')?.session ?? ''
      tina.send({ kind: 'do', id: 'f'.repeat(32), session, command: { kind: 'take' } })
      tina.send({ kind: 'follow', session, after: 0 })
      await within('its words', async () => tina.texts(session).length >= 1)
      const texts = tina.texts(session)
      expect(texts.join('|').split('A wire hangs under it.').length === 2, `said once: ${texts.join('|')}`)

      // A stranger's compiler finds the types.
      await writeFile(join(folder, 'typed.ts'), `import { Resident, type Report } from '@callbox/sdk/resident'\nimport { memoryKeep } from '@callbox/sdk/keep'\nimport { StaffClient } from '@callbox/sdk/staff'\nconst report: Report = new Resident({ origin: '', keep: memoryKeep() }).report.get()\nconst standing: string | null = report.standing\nexport { standing, StaffClient }\n`)
      await run('node', [join(modules, 'typescript/bin/tsc'), '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,dom', 'typed.ts', '--ignoreConfig'], { cwd: folder }).catch((reason: unknown) => {
        throw new Error(String((reason as { stdout?: string }).stdout ?? reason))
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },

  'SDK: the page of the README, as it is written there, reports with words, a photo, a place and the camera': async (story) => {
    const folder = await mkdtemp(join(tmpdir(), 'callbox-page-'))
    await installed(folder)
    for (const name of ['index.html', 'page.js']) await writeFile(join(folder, name), await blockOf(name))
    await writeFile(join(folder, 'vite.config.js'), (await blockOf('vite.config.js')).replace('http://127.0.0.1:8911', story.gateway.origin))
    const port = await freePort()
    const server = await createServer({ root: folder, configFile: join(folder, 'vite.config.js'), logLevel: 'silent', server: { port, strictPort: true, host: '127.0.0.1', watch: null } })
    try {
      await server.listen()
      await reports(story, `http://127.0.0.1:${String(port)}`)
    } finally {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    }
  },

  'SDK: the same page at an origin that the gateway lists needs no proxy: socket, photo and camera cross over': async (story) => {
    const folder = await mkdtemp(join(tmpdir(), 'callbox-apart-'))
    await installed(folder)
    await writeFile(join(folder, 'index.html'), await blockOf('index.html'))
    await writeFile(join(folder, 'page.js'), (await blockOf('page.js')).replace('origin: location.origin', `origin: '${story.gateway.origin}'`))
    const port = await freePort()
    const origin = `http://127.0.0.1:${String(port)}`
    const server = await createServer({ root: folder, configFile: false, logLevel: 'silent', server: { port, strictPort: true, host: '127.0.0.1', watch: null } })
    try {
      await server.listen()
      await story.gateway.down()
      await story.gateway.edit((text) => text.replace('[server]', `[server]\nallowed_origins = ["${origin}"]`))
      await story.gateway.up()
      await reports(story, origin)
    } finally {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    }
  },

  'the development server’s pages reach the gateway: a report, and a sign-in': async (story) => {
    const port = await freePort()
    process.env['CALLBOX_GATEWAY'] = story.gateway.origin
    const server = await createServer({ configFile: join(process.cwd(), 'vite.config.ts'), logLevel: 'silent', server: { port, strictPort: true, host: '127.0.0.1', watch: null } })
    try {
      await server.listen()
      const origin = `http://127.0.0.1:${String(port)}`
      story.mayAsk(origin)
      const page = await story.visit('/assets/none')
      await page.goto(origin)
      await page.getByRole('button', { name: 'Fire or smoke' }).click()
      await page.getByText('Nobody is at the desk right now.').waitFor()
      const status = await page.evaluate(() => fetch('/api/v1/sign-in', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ agency: 'demo.example', name: 'tina', passphrase: 'demo-tina-911' }),
      }).then((answer) => answer.status))
      expect(status === 200, `signed in, not ${String(status)}`)
    } finally {
      delete process.env['CALLBOX_GATEWAY']
      await server.close()
    }
  },
}
