// A fresh Chromium profile with a fake camera and microphone.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'

type Options = NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>

const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
]

const PROGRAM = { executablePath: process.env['CALLBOX_CHROMIUM'] ?? '/usr/bin/chromium', headless: true }
const NO_SANDBOX = process.getuid?.() === 0 ? ['--no-sandbox'] : []

/** Opens a context; its profile is new and empty, and goes away with it. */
export async function browser(options: Options = {}): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'callbox-profile-'))
  const context = await chromium.launchPersistentContext(profile, {
    ...PROGRAM,
    ...options,
    args: [...ARGUMENTS, ...NO_SANDBOX, ...(options.args ?? [])],
  })
  context.on('close', () => void rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => undefined))
  return context
}

/** One browser for many contexts: each has nothing of the others, and opens faster than a browser of its own. */
export function fresh(): Promise<Browser> {
  return chromium.launch({ ...PROGRAM, args: [...ARGUMENTS, ...NO_SANDBOX] })
}
