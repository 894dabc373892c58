// What the parts of the floor share. Owns nothing but names.
import { rememberedText, rememberText } from '../ui/staff/kept.ts'

/** Which sessions are listed. */
export type Kind = 'all' | 'waiting' | 'owned' | 'orphaned' | 'abandoned' | 'closed'

/** Single keys and the list they open. */
export const KEYS: Readonly<Record<string, Kind>> = { w: 'waiting', o: 'orphaned', a: 'abandoned' }

const KEYS_OFF = 'callbox-supervisor-keys-off'

/** Whether single keys are on; remembered. */
export function keysOn(): boolean {
  return rememberedText(KEYS_OFF) === undefined
}

/** Switches single keys on or off. */
export function setKeysOn(on: boolean): void {
  rememberText(KEYS_OFF, on ? undefined : '1')
}

/** Whether a key press is meant for a field, or is a shortcut of the browser. */
export function isTyping(event: KeyboardEvent): boolean {
  const { target } = event
  const field = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  return field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing
}
