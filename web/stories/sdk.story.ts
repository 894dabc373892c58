// The SDK as a stranger gets it: the packed archive in an empty folder, its example against a real gateway.
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, within, type Story } from './harness.ts'

const run = promisify(execFile)
const sdk = join(process.cwd(), 'sdk')
const modules = join(process.cwd(), 'node_modules')

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'SDK: the packed archive works in an empty folder, and its example of 40 lines reports to a real gateway': async (story) => {
    const tina = await story.telecommunicator('tina')
    const folder = await mkdtemp(join(tmpdir(), 'callbox-sdk-'))
    try {
      const { stdout: packed } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: sdk })
      const archive = join(folder, packed.trim().split('\n').at(-1) ?? '')
      await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
      // Its two dependencies come from this tree, so that the story needs no network.
      const own = ['@msgpack/msgpack'].map((name) => join(modules, name))
      await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', ...own, archive], { cwd: folder })
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
}
