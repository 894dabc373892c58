// What is kept over a reload: the token of the link that lies open in this tab, so that nobody is asked twice.
//
// Owns: its key, and that a token is of use for its own link only. Must not: outlive the tab. Used by: `App.svelte`.
import type { OpenedLink } from '../sdk/src/responder.ts'

const KEY = 'callbox-responder'

/** The opening of this link, if it was opened in this tab. */
export function kept(secret: string): OpenedLink | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as (OpenedLink & { secret?: string }) | null
    return found?.secret === secret ? found : undefined
  } catch {
    return undefined
  }
}

/** Keeps an opening, or forgets it. */
export function keep(secret: string, opened: OpenedLink | undefined): void {
  try {
    if (opened) sessionStorage.setItem(KEY, JSON.stringify({ ...opened, secret }))
    else sessionStorage.removeItem(KEY)
  } catch {
    // Storage is switched off: after a reload the name is asked for again.
  }
}
