// Whether a page is older than its gateway: the name of its script changes with its content, and the content policy that it was opened with
// lets it fetch pictures of maps from where they came at that time.
//
// Owns: the question. Must not: load anything. Used by: the console, the supervisor's page, the wallboard.
import type { StaffWelcome } from '../../sdk/src/staff.ts'
import type { Store, Unsubscribe } from '../../sdk/src/store.ts'

/** The script of a page's HTML. */
function scriptOf(html: string): string | undefined {
  return /<script[^>]*type="module"[^>]*src="([^"]+)"/.exec(html)?.[1]
}

/** Asks the gateway. No answer counts as no. */
export async function newerPage(): Promise<boolean> {
  const own = document.querySelector<HTMLScriptElement>('script[type=module][src]')?.getAttribute('src')
  try {
    const response = await fetch(location.pathname, { cache: 'no-store', credentials: 'omit' })
    if (!response.ok || !own) return false
    const served = scriptOf(await response.text())
    return served !== undefined && served !== own
  } catch {
    return false
  }
}

/** Calls back when pictures of maps come from elsewhere than when this page was first welcomed: only a page that is loaded anew may fetch them. */
export function tilesMoved(welcome: Pick<Store<StaffWelcome | undefined>, 'subscribe'>, moved: () => void): Unsubscribe {
  let first: string | undefined
  return welcome.subscribe((now) => {
    if (!now) return
    const template = now.desk?.map_tiles?.template
    const origin = template === undefined ? '' : new URL(template).origin
    first ??= origin
    if (origin !== '' && origin !== first) moved()
  })
}
