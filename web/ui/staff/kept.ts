// The sign-in of this tab, so that a reload does not ask again.
//
// Owns: one entry in the tab's own storage (gone when the tab is closed; tokens are short-lived). Must not: hold a passphrase.
import type { SignedIn } from '../../sdk/src/staff.ts'

/** Reads what a reload left behind. */
export function keptSignIn(key: string): SignedIn | undefined {
  try {
    const text = sessionStorage.getItem(key)
    return text === null ? undefined : (JSON.parse(text) as SignedIn)
  } catch {
    return undefined
  }
}

/** Keeps, or forgets with `undefined`. */
export function keepSignIn(key: string, signedIn: SignedIn | undefined): void {
  try {
    if (signedIn) sessionStorage.setItem(key, JSON.stringify(signedIn))
    else sessionStorage.removeItem(key)
  } catch {
    // Storage is switched off: a reload asks again.
  }
}
