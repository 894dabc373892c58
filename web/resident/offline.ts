// The page without a network: a service worker keeps the page's own files, so that a reload opens it and the outbox goes on.
//
// Owns: installing it for the resident page only. Must not: run in silent mode. The worker's scope is the address with
// `?report`, which no staff page and no silent page has. Used by: `main.ts`.
import { rootOf } from '../ui/address.ts'
import { removed } from './traces.ts'

/** Address of the page once it is under the worker, from where the agency's pages begin. */
const SCOPE = '/?report'
const WORKER = '/sw.js'

type Policy = { createScriptURL(url: string): string }
type Policies = { createPolicy(name: string, rules: Policy): Policy }

/** Installs the worker when the page is at rest, and gives the page the address that the worker answers for. */
export async function installed(wanted: () => boolean): Promise<void> {
  // Only where it can be: TLS or this very machine, and a build with a worker.
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return
  await atRest()
  if (!wanted()) return
  try {
    const scope = `${rootOf(location.pathname)}${SCOPE}`
    await navigator.serviceWorker.register(trusted(WORKER), { scope })
    if (!wanted()) return void (await removed())
    const { search } = location
    if (!search.startsWith('?report')) history.replaceState(history.state, '', `${scope}${search.replace(/^\?/, '&')}`)
  } catch {
    // Forbidden or full: the page works without.
  }
}

/** Our one policy for Trusted Types: nothing but our own worker. */
function trusted(url: string): string {
  const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes
  if (policies === undefined) return url
  const own = (wanted: string): string => {
    if (wanted !== WORKER) throw new TypeError('not our worker')
    return wanted
  }
  return policies.createPolicy('callbox-worker', { createScriptURL: own }).createScriptURL(url)
}

function atRest(): Promise<void> {
  return new Promise((done) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => done(), { timeout: 5_000 })
    else setTimeout(done, 2_000)
  })
}
