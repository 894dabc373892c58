// The finished sessions that a page lists, newest first, as far as it has asked for them.
//
// Owns: page after page of them, and asking anew: when the link is back, when a hold, a request or a deletion comes to one that is
// followed, and every few seconds, because the gateway tells that to who follows, and a list of finished sessions to nobody. Must not: touch
// the socket. Used by: `console/`, `supervisor/`.
import type { SessionRow } from './protocol.ts'
import type { SessionView } from './staff-fold.ts'
import type { FollowedSession } from './staff-session.ts'
import type { StaffClient } from './staff.ts'
import { Store, type Unsubscribe } from './store.ts'

/** The list as it can be shown. */
export interface ClosedList {
  /** Whether the gateway has answered on this link: else "none" is not known. */
  readonly known: boolean
  readonly rows: readonly SessionRow[]
  /** There are older ones. */
  readonly more: boolean
}

/**
 * Pause before the list is asked for anew while somebody looks at it, in ms: whoever is the second person for an export or a deletion finds
 * it there. Shorter, and each supervisor who leaves the list open costs a read of the index every time.
 */
export const LOOK_AGAIN_MS = 5_000

/** One page's list of finished sessions. */
export class ClosedSessions {
  readonly list = new Store<ClosedList>({ known: false, rows: [], more: false })

  readonly #client: StaffClient
  readonly #failed: (reason: unknown) => void
  /** One question after the other, so that no older answer overwrites a newer one. */
  #turn: Promise<void> = Promise.resolve()
  /** How many are asked or about to be. */
  #questions = 0
  #refreshes = false

  constructor(client: StaffClient, failed: (reason: unknown) => void) {
    this.#client = client
    this.#failed = failed
  }

  /** Asks, and again whenever there is a reason to, until what it answers is called. */
  open(): Unsubscribe {
    const watched = new Map<FollowedSession, Unsubscribe>()
    const again = setInterval(() => {
      if (this.#client.link.get().at === 'open' && this.#questions === 0) this.#refresh()
    }, LOOK_AGAIN_MS)
    const ends = [
      () => clearInterval(again),
      this.#client.link.subscribe(({ at }) => {
        if (at === 'open') this.#refresh()
        else this.list.update((list) => ({ ...list, known: false }))
      }),
      this.#client.followed.subscribe((all) => {
        for (const [one, end] of watched) if (!all.includes(one) && watched.delete(one)) end()
        for (const one of all) if (!watched.has(one)) watched.set(one, this.#watch(one))
      }),
    ]
    return () => {
      for (const end of [...ends, ...watched.values()]) end()
    }
  }

  /** Asks for the page after what is listed. */
  older(): void {
    this.#next(() => this.#ask(this.list.get().rows, 0))
  }

  #watch(followed: FollowedSession): Unsubscribe {
    let before = followed.view.get()
    return followed.view.subscribe((view) => {
      const moved = custodyMoved(before, view)
      before = view
      if (moved && this.list.get().rows.some(({ session }) => session === followed.session)) this.#refresh()
    })
  }

  /** As many as are listed, from the first one on. */
  #refresh(): void {
    if (this.#refreshes) return
    this.#refreshes = true
    this.#next(() => {
      this.#refreshes = false
      return this.#ask([], this.list.get().rows.length)
    })
  }

  #next(work: () => Promise<void>): void {
    this.#questions += 1
    this.#turn = this.#turn.then(work).catch(this.#failed).finally(() => (this.#questions -= 1))
  }

  async #ask(known: readonly SessionRow[], wanted: number): Promise<void> {
    let rows = known
    for (;;) {
      const page = await this.#client.history(rows.at(-1)?.session)
      // The link went before the answer came: asked again when it is back.
      if (this.#client.link.get().at !== 'open') return
      rows = [...rows, ...page.rows]
      if (page.more && rows.length < wanted) continue
      this.list.set({ known: true, rows, more: page.more })
      return
    }
  }
}

/** Whether something changed that the row of a finished session shows. */
function custodyMoved(before: SessionView, now: SessionView): boolean {
  return before.holds !== now.holds || before.requests !== now.requests || before.photosDeleted !== now.photosDeleted || before.wordsDeleted !== now.wordsDeleted
}
