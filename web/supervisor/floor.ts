// What the parts of the floor share. Owns nothing but names.

/** Which sessions are listed. */
export type Kind = 'all' | 'waiting' | 'owned' | 'orphaned' | 'abandoned' | 'closed'

/** Single keys and the list they open. */
export const KEYS: Readonly<Record<string, Kind>> = { w: 'waiting', o: 'orphaned', a: 'abandoned' }

const KEYS_OFF = 'callbox-supervisor-keys-off'

/** Whether single keys are on; remembered. */
export function keysOn(): boolean {
  try {
    return localStorage.getItem(KEYS_OFF) === null
  } catch {
    return true
  }
}

/** Switches single keys on or off. */
export function setKeysOn(on: boolean): void {
  try {
    if (on) localStorage.removeItem(KEYS_OFF)
    else localStorage.setItem(KEYS_OFF, '1')
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
}

/** Whether a key press is meant for a field, or is a shortcut of the browser. */
export function isTyping(event: KeyboardEvent): boolean {
  const { target } = event
  const field = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  return field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing
}
