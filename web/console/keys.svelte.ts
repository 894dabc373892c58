// The single keys of the console: which key does what, remembered, changeable, to be switched off.
//
// Owns: the table of actions, the person's own keys, and the rule that a key is the press of the button that carries it: what is off on
// the screen is off on the keyboard too. Must not: work while somebody types. Used by: `Desk.svelte`, `KeySheet.svelte`, `Key.svelte`.
import { remember, remembered } from '../ui/staff/kept.ts'

/** Actions with their first keys, in the order of the sheet. Groups are words `key-group-…`. */
export const ACTIONS = {
  queue: { next: 'n', take: 't', acknowledge: 'a', go: 'j', fresh: '.', find: '/', invite: 'K' },
  session: { write: 'c', ready: 's', chat: 'm', notes: 'e', timeline: 'l', history: 'h', why: 'y', priority: 'w', transfer: 'o', responders: 'L', release: 'b', timer: ';', close: 'x', leave: '-' },
  asks: { place: 'p', photo: 'f', video: 'v', audio: 'd', talk: 'k' },
  beside: { adopt: 'u', reveal: 'r', hand: 'g', show: 'q', link: 'i', unlink: 'I' },
  desk: { available: 'A', sound: 'z', sheet: '?' },
} as const
/** One thing that a key does. */
export type Action = { [G in keyof typeof ACTIONS]: keyof (typeof ACTIONS)[G] }[keyof typeof ACTIONS]

const DEFAULTS = Object.assign({}, ...Object.values(ACTIONS)) as Record<Action, string>
const KEY = 'callbox-keys'

interface Kept { off: boolean; own: Partial<Record<Action, string>> }

function kept(): Kept {
  const { off, own } = remembered<Partial<Kept>>(KEY, {})
  return { off: off === true, own: typeof own === 'object' ? own : {} }
}

/** What became of a new key. */
export type Changed = 'changed' | 'taken' | 'unusable'

class Keys {
  #kept = $state<Kept>(kept())

  /** Whether single keys do nothing. */
  get off(): boolean {
    return this.#kept.off
  }

  /** The key of an action now. */
  of(action: Action): string {
    return this.#kept.own[action] ?? DEFAULTS[action]
  }

  /** The action of a key, if it has one. */
  action(key: string): Action | undefined {
    if (this.#kept.off) return undefined
    return (Object.keys(DEFAULTS) as Action[]).find((action) => this.of(action) === key)
  }

  /** Gives an action another key. */
  change(action: Action, key: string): Changed {
    if ([...key].length !== 1 || /^[\s1-9]$/.test(key)) return 'unusable'
    const other = (Object.keys(DEFAULTS) as Action[]).find((one) => one !== action && this.of(one) === key)
    if (other) return 'taken'
    this.#keep({ ...this.#kept, own: { ...this.#kept.own, [action]: key } })
    return 'changed'
  }

  /** Switches all single keys off or on. */
  switch(off: boolean): void {
    this.#keep({ ...this.#kept, off })
  }

  /** Back to the first keys. */
  reset(): void {
    this.#keep({ off: false, own: {} })
  }

  #keep(next: Kept): void {
    this.#kept = next
    remember(KEY, next)
  }
}

/** The keys of this person. */
export const keys = new Keys()

/** Whether single keys would write instead of act. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return !/^(checkbox|radio|button|range)$/.test(target.type)
  return target.matches('textarea, select') || target.isContentEditable
}

/** Presses the button on the screen that carries this action: `pressed`, `off` where it may not be pressed now, or `absent`. */
export function press(action: Action): 'pressed' | 'off' | 'absent' {
  const all = [...document.querySelectorAll<HTMLButtonElement | HTMLSelectElement>(`[data-act="${action}"]`)].filter((one) => one.checkVisibility())
  const button = all.find((one) => !one.disabled) ?? all[0]
  if (!button) return 'absent'
  if (button.disabled) return 'off'
  button.focus({ preventScroll: false })
  // A choice opens by its own keys once it has the focus.
  if (button.tagName !== 'SELECT') button.click()
  return 'pressed'
}
