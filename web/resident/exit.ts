// Quick exit: the page is blank at once, then it goes away and Back does not return.
import type { Resident } from '../sdk/src/resident.ts'

/** Presses of Shift within this many ms count together. */
const TOGETHER_MS = 1_500
/** Where to go when no agency is known: a page that says nothing. */
const NEUTRAL = 'about:blank'

/** Leaves. */
export async function quickExit(resident: Resident, address: string | undefined): Promise<void> {
  document.title = ''
  document.body.replaceChildren()
  await resident.quickExit()
  location.replace(address !== undefined && /^https?:\/\//.test(address) ? address : NEUTRAL)
}

/** Calls when Shift was pressed three times, alone. */
export function onThreeShifts(leave: () => void): () => void {
  let pressed: number[] = []
  const listen = (event: KeyboardEvent): void => {
    if (event.key !== 'Shift') {
      pressed = []
      return
    }
    if (event.repeat) return
    pressed = [...pressed, event.timeStamp].filter((at) => event.timeStamp - at < TOGETHER_MS)
    if (pressed.length >= 3) leave()
  }
  addEventListener('keydown', listen)
  return () => removeEventListener('keydown', listen)
}
