// Chromium with a fake camera and microphone.
//
// Owns: how it is started, and that nobody finds what another left in it. Must not: open a page. Used by: the stories and the tools.
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

/** How Chromium is started. */
const started = (more: readonly string[] = []): { executablePath: string; headless: boolean; args: string[] } => ({
  executablePath: process.env['CALLBOX_CHROMIUM'] ?? '/usr/bin/chromium',
  headless: true,
  args: [...ARGUMENTS, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...more],
})

/** The one Chromium of this process. Starting one takes longer than most stories; it ends with the process. */
let shared: Promise<Browser> | null = null

/** Opens a context of its own: storage, cache, permissions and network are empty, and go away with it. */
export async function browser(options: Options = {}): Promise<BrowserContext> {
  if (options.args) return ownBrowser(options)
  shared ??= launched()
  return (await shared).newContext(options)
}

async function launched(): Promise<Browser> {
  const running = await chromium.launch(started())
  // One that has crashed fails the story that was in it, not those after it.
  running.on('disconnected', () => (shared = null))
  return running
}

/** Opens a context in a Chromium of its own, where what is measured or switched off is the whole program; its profile is new and empty. */
export async function ownBrowser(options: Options = {}): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'callbox-profile-'))
  const context = await chromium.launchPersistentContext(profile, { ...options, ...started(options.args) })
  context.on('close', () => void rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => undefined))
  return context
}

/** One browser for many contexts: each has nothing of the others, and opens faster than a browser of its own. */
export function fresh(): Promise<Browser> {
  return chromium.launch(started())
}
