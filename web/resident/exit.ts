// Quick exit: the page is blank at once, then it goes away and Back does not return.
import type { Resident } from '../sdk/src/resident.ts'
import { removed } from './traces.ts'

/** Presses of Shift within this many ms count together. */
const TOGETHER_MS = 1_500
/** Where to go when no agency is known: a page that says nothing. */
const NEUTRAL = 'about:blank'

/** Leaves. `said` is spoken by screen readers while the page goes away; it does not show. */
export async function quickExit(resident: Resident, address: string | undefined, said: string): Promise<void> {
  const word = document.createElement('p')
  word.className = 'visually-hidden'
  word.setAttribute('role', 'alert')
  document.title = ''
  document.body.replaceChildren(word)
  word.textContent = said
  // The copies of the page's own files go beside the last word, and hold nothing up.
  void removed()
  await resident.quickExit()
  location.replace(address !== undefined && /^https?:\/\//.test(address) ? address : NEUTRAL)
}

/** Calls when Shift was pressed three times, alone; `pressed` hears how many presses are missing. */
export function onThreeShifts(leave: () => void, missing: (presses: number) => void): () => void {
  let pressed: number[] = []
  const listen = (event: KeyboardEvent): void => {
    if (event.key !== 'Shift') {
      pressed = []
      return
    }
    if (event.repeat) return
    pressed = [...pressed, event.timeStamp].filter((at) => event.timeStamp - at < TOGETHER_MS)
    // One press begins every capital letter: only the second one says something.
    if (pressed.length === 2) missing(1)
    if (pressed.length >= 3) leave()
  }
  addEventListener('keydown', listen)
  return () => removeEventListener('keydown', listen)
}
