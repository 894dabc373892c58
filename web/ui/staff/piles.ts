// Marks of sessions on a flat map, those that would lie on one another as one pile.
//
// Owns: which sessions are one pile, and how large marks and labels are. Must not: know the map or the earth; places are in px.
// Used by: `overview_map.ts`.

/** A session at its place. */
export interface Mark { readonly session: string; readonly x: number; readonly y: number; readonly priority: number }

/** Sessions under one mark, which stands where the first of them is; most often one. */
export interface Pile {
  readonly sessions: readonly string[]
  readonly x: number
  readonly y: number
  /** The most urgent priority among them. */
  readonly top: number
}

/** Side of a mark in px. */
export const MARK_PX = 24
/** Least room between two marks in px: with less they hide one another, with more a quiet town is piles. */
const GAP_PX = 4

/** What stands on the label of so many sessions; nothing on a mark of one. */
export function countWords(sessions: number): string {
  return sessions === 1 ? '' : `×${String(sessions)}`
}

/** Width of a mark with so many sessions. */
export function widthPx(sessions: number): number {
  return sessions === 1 ? MARK_PX : MARK_PX + 14 + 9 * countWords(sessions).length
}

/** Height of a mark with so many sessions. */
export function heightPx(sessions: number): number {
  return sessions === 1 ? MARK_PX : MARK_PX + 8
}

/** These sessions under marks of which none touches another, the same ones in whatever order they come. */
export function piled(marks: readonly Mark[]): readonly Pile[] {
  const piles: Pile[] = []
  for (const alone of inOrder(marks)) {
    let pile = alone
    // A label that grew may touch another one: until it touches none.
    for (;;) {
      const place = piles.findIndex((other) => touch(pile, other))
      const [other] = place < 0 ? [] : piles.splice(place, 1)
      if (!other) break
      pile = other.sessions.length >= pile.sessions.length ? together(other, pile) : together(pile, other)
    }
    piles.push(pile)
  }
  return piles
}

/** Each by itself, those first around whom most others are: a pile stands in the thick of its crowd, and what is thinner gathers around it. */
function inOrder(marks: readonly Mark[]): readonly Pile[] {
  // Counted by squares of the room that a mark needs: its own one and those around it.
  const square = (px: number): number => Math.floor(px / (MARK_PX + GAP_PX))
  const inSquare = new Map<string, number>()
  const key = (x: number, y: number): string => `${String(x)} ${String(y)}`
  for (const { x, y } of marks) inSquare.set(key(square(x), square(y)), (inSquare.get(key(square(x), square(y))) ?? 0) + 1)
  const around = ({ x, y }: Mark): number => {
    let found = 0
    for (const right of [-1, 0, 1]) for (const down of [-1, 0, 1]) found += inSquare.get(key(square(x) + right, square(y) + down)) ?? 0
    return found
  }
  const counted = marks.map((mark) => ({ mark, crowd: around(mark) }))
  counted.sort((a, b) => b.crowd - a.crowd || (a.mark.session < b.mark.session ? -1 : 1))
  return counted.map(({ mark: { session, x, y, priority } }) => ({ sessions: [session], x, y, top: priority }))
}

/** Whether two marks lie on one another, or all but. */
export function touch(a: Pile, b: Pile): boolean {
  const [some, others] = [a.sessions.length, b.sessions.length]
  return Math.abs(a.x - b.x) < (widthPx(some) + widthPx(others)) / 2 + GAP_PX && Math.abs(a.y - b.y) < (heightPx(some) + heightPx(others)) / 2 + GAP_PX
}

/** Stays where the first one is: a label that wandered would gather up what lies on its way. */
function together(a: Pile, b: Pile): Pile {
  return { ...a, sessions: [...a.sessions, ...b.sessions], top: Math.min(a.top, b.top) }
}
