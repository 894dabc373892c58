// Silent mode on the page: nothing is left on the device, and a reload stays silent.
import { rootOf } from '../ui/address.ts'
import type { App } from './app.svelte.ts'
import { removed } from './traces.ts'

/** Begins silent mode. In the middle of a report the telecommunicator reads of it. */
export async function goSilent(app: App): Promise<void> {
  const told = app.report.phase === 'open'
  await app.resident.goSilent()
  await removed()
  history.replaceState(null, '', `${rootOf(location.pathname)}/?silent`)
  if (told) await app.resident.say(app.say('silent-told'))
}
