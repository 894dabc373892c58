// Sessions that report the same event: linked by a press, and taken back by a press.
//
// Owns: sending what a link takes, and what can be taken back now. Must not: decide what belongs together: a person does, by the
// suggestions of `staff-near.ts`. Used by: `work.svelte.ts`, `SameEvent.svelte`, `Queue.svelte`.
import type { SessionRow } from '../sdk/src/protocol.ts'
import { acts, linking, undoing, unlinking, type Act, type Linking } from '../sdk/src/staff-incident.ts'
import { rowsOf } from '../sdk/src/staff-list.ts'
import type { StaffClient } from '../sdk/src/staff.ts'

/** How long "Undo" is offered, in ms: long enough to see that it was the wrong one. A session can be taken out later as well. */
const UNDO_MS = 20_000

/** Links of one window. */
export class Links {
  /** What was done last, as long as it can be taken back. */
  last = $state.raw<Linking | undefined>()
  /** The sentence about it. */
  said = $state<'same-linked' | 'same-unlinked' | 'same-back' | undefined>()
  /** Something is on its way. */
  busy = $state(false)
  readonly #client: StaffClient
  readonly #failed: (reason: unknown) => void
  #lapses: ReturnType<typeof setTimeout> | undefined

  constructor(client: StaffClient, failed: (reason: unknown) => void) {
    this.#client = client
    this.#failed = failed
  }

  /** Says that these two report the same event. */
  link(one: SessionRow, other: SessionRow): Promise<void> {
    return this.#change(linking(one, other))
  }

  /** Says that this one reports something else. */
  unlink(one: SessionRow): Promise<void> {
    return this.#change(unlinking(one))
  }

  /** Takes back what was done last. */
  async undo(): Promise<void> {
    const { last } = this
    if (!last) return
    this.#offer(undefined, undefined)
    if (await this.#send(undoing(last, rowsOf(this.#client.list.get())))) this.#offer(undefined, 'same-back')
  }

  async #change(change: Linking): Promise<void> {
    if (change.before.length === 0) return
    const done = await this.#send(acts(change))
    // Of two of which only the first went through, that one can be taken back.
    this.#offer(change, !done ? undefined : change.incident === undefined ? 'same-unlinked' : 'same-linked')
  }

  /** Whether all of it was done; a refusal is told. */
  async #send(all: readonly Act[]): Promise<boolean> {
    this.busy = true
    try {
      for (const { session, command } of all) await this.#client.command(session, command)
      return true
    } catch (reason) {
      this.#failed(reason)
      return false
    } finally {
      this.busy = false
    }
  }

  #offer(change: Linking | undefined, said: Links['said']): void {
    clearTimeout(this.#lapses)
    this.last = change
    this.said = said
    this.#lapses = setTimeout(() => {
      this.last = undefined
      this.said = undefined
    }, UNDO_MS)
  }
}
