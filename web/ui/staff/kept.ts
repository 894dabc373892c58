// What this tab keeps over a reload: its sign-in and which session lies open; and what all windows of this browser keep.
//
// Owns: the tab's own storage (gone when the tab is closed; tokens are short-lived), and values in the browser's. Must not: hold a
// passphrase. What people wrote is in `drafts.ts`.
import type { SignedIn } from '../../sdk/src/staff.ts'

// Asked for each time: where storage is switched off, already naming it throws.
const TAB = (): Storage => sessionStorage
const BROWSER = (): Storage => localStorage

/** Reads the sign-in that a reload left behind; where the page is one agency's, only that agency's. */
export function keptSignIn(key: string, agency?: string): SignedIn | undefined {
  try {
    const text = keptText(key)
    const kept = text === undefined ? undefined : (JSON.parse(text) as SignedIn)
    return agency === undefined || kept?.agency === agency ? kept : undefined
  } catch {
    return undefined
  }
}

/** Keeps a sign-in, or forgets it with `undefined`. */
export function keepSignIn(key: string, signedIn: SignedIn | undefined): void {
  keepText(key, signedIn && JSON.stringify(signedIn))
}

/** Reads a short text that a reload left behind. */
export function keptText(key: string): string | undefined {
  return read(TAB, key)
}

/** Keeps a short text, or forgets it with `undefined`. */
export function keepText(key: string, text: string | undefined): void {
  write(TAB, key, text)
}

/** Reads a value that any window of this browser kept. */
export function remembered<T>(key: string, otherwise: T): T {
  try {
    return (JSON.parse(rememberedText(key) ?? 'null') as T | null) ?? otherwise
  } catch {
    return otherwise
  }
}

/** Keeps a value for all windows of this browser. */
export function remember(key: string, value: unknown): void {
  rememberText(key, JSON.stringify(value))
}

/** Reads a short text that any window of this browser kept. */
export function rememberedText(key: string): string | undefined {
  return read(BROWSER, key)
}

/** Keeps a short text for all windows of this browser, or forgets it with `undefined`. */
export function rememberText(key: string, text: string | undefined): void {
  write(BROWSER, key, text)
}

function read(storage: () => Storage, key: string): string | undefined {
  try {
    return storage().getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

function write(storage: () => Storage, key: string, text: string | undefined): void {
  try {
    if (text === undefined) storage().removeItem(key)
    else storage().setItem(key, text)
  } catch {
    // Storage is switched off or full: it holds until the page is left.
  }
}

/** Whether this browser keeps anything for the page: storage may be forbidden, or full. */
export function keeps(): boolean {
  const KEY = 'callbox-keeps'
  try {
    for (const storage of [sessionStorage, localStorage]) {
      storage.setItem(KEY, KEY)
      storage.removeItem(KEY)
    }
    return true
  } catch {
    return false
  }
}
