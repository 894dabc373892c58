// A fresh Chromium profile with a fake camera and microphone.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

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

/** Opens a context; its profile is new and empty. */
export async function browser(options = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'callbox-profile-'))
  return chromium.launchPersistentContext(profile, {
    executablePath: process.env['CALLBOX_CHROMIUM'] ?? '/usr/bin/chromium',
    headless: true,
    args: process.getuid?.() === 0 ? [...ARGUMENTS, '--no-sandbox'] : ARGUMENTS,
    ...options,
  })
}
