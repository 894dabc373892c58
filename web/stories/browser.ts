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

/** The browser as people have it. */
const WHOLE = '/usr/bin/chromium'
/** The same engine without windows, tabs and profiles: a page is open in less than half of the time. */
const ENGINE = '/usr/bin/chromium-headless-shell'

/** How Chromium is started. */
const started = (program: string, more: readonly string[] = []): { executablePath: string; headless: boolean; args: string[] } => ({
  executablePath: process.env['CALLBOX_CHROMIUM'] ?? program,
  headless: true,
  args: [...ARGUMENTS, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...more],
})

/** The Chromiums of this process. Starting one takes longer than most stories; they end with the process. */
const shared = new Map<string, Promise<Browser>>()

/** Opens a context of its own: storage, cache, permissions and network are empty, and go away with it. */
export function browser(options: Options = {}): Promise<BrowserContext> {
  return opened(WHOLE, options)
}

/** The same without a browser around the page: for staff pages, and for who only looks at what stands on a page, hundreds of times. */
export function engine(options: Options = {}): Promise<BrowserContext> {
  return opened(ENGINE, options)
}

/** What a program is started with concerns all of it: such a context is never beside another. */
async function opened(program: string, options: Options): Promise<BrowserContext> {
  return options.args ? ownBrowser(options) : (await running(program)).newContext(options)
}

function running(program: string): Promise<Browser> {
  const one = shared.get(program) ?? launched(program)
  shared.set(program, one)
  return one
}

async function launched(program: string): Promise<Browser> {
  const one = await chromium.launch(started(program))
  // One that has crashed fails the story that was in it, not those after it.
  one.on('disconnected', () => shared.delete(program))
  return one
}

/** Opens a context in a Chromium of its own, where what is measured or switched off is the whole program; its profile is new and empty. */
export async function ownBrowser(options: Options = {}): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'callbox-profile-'))
  const context = await chromium.launchPersistentContext(profile, { ...options, ...started(WHOLE, options.args) })
  context.on('close', () => void rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => undefined))
  return context
}
