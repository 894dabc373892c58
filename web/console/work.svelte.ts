// What a telecommunicator does with sessions from any window: take, open, leave.
//
// Owns: the notice of the last refusal and the chosen row. Must not: know markup. Used by: `Desk.svelte`, `Panel.svelte`.
import { Refused, type FollowedSession, type StaffClient } from '../sdk/src/staff.ts'
import { reactive } from '../ui/reactive.svelte.ts'
import { refusalWords } from '../ui/staff/refusal.ts'
import type { DeskState } from './desk.svelte.ts'
import { Links } from './linking.svelte.ts'

/** Entries are shown together, one frame after the last came; only then they were opened. In ms. */
const SHOWN_AFTER_MS = 50

/** Work at one window. */
export class Work {
  notice = $state('')
  chosen = $state<string | undefined>()
  readonly links: Links
  readonly #client: StaffClient
  readonly #desk: DeskState

  constructor(client: StaffClient, desk: DeskState) {
    this.#client = client
    this.#desk = desk
    this.links = new Links(client, (reason) => this.failed(reason))
  }

  /** Sessions this window follows, own ones first taken. */
  get followed(): readonly FollowedSession[] {
    return reactive(this.#client.followed).now
  }

  /** The session that lies open. */
  get active(): FollowedSession | undefined {
    return this.followed.find((one) => one.session === this.#desk.current) ?? this.followed[0]
  }

  /** Whether the open session is this person's. */
  get mine(): boolean {
    const { active } = this
    const { owned } = reactive(this.#client.list).now
    return active ? owned.some((row) => row.session === active.session && row.owner === this.#client.me.staff) : false
  }

  /** Says why something was refused. */
  failed(reason: unknown): void {
    if (reason instanceof Refused) this.notice = refusalWords(reason)
  }

  /** Opens a session; a person's act, so what stands in it counts as seen. */
  open(session: string): void {
    this.#desk.show(session)
    const opened = this.#client.follow(session)
    // Opening is the act; what it shows may come a moment later.
    let done = false
    const stop = opened.catching.subscribe((stands) => {
      if (done || stands !== 'complete') return
      done = true
      setTimeout(() => {
        stop()
        void this.#client.seen(opened).catch(() => undefined)
      }, SHOWN_AFTER_MS)
    })
  }

  /** Takes the next session. */
  async takeNext(): Promise<void> {
    this.notice = ''
    try {
      this.open(await this.#client.takeNext())
    } catch (reason) {
      this.failed(reason)
    }
  }

  /** Takes this session; the loser reads who has it. */
  async take(session: string): Promise<void> {
    this.notice = ''
    try {
      await this.#client.take(session)
      this.chosen = undefined
      this.open(session)
    } catch (reason) {
      this.failed(reason)
    }
  }

  /** Removes a session from this desk. */
  leave(session: string): void {
    this.#client.unfollow(session)
    this.#desk.timer(session, undefined)
    if (this.#desk.current === session) this.#desk.show(undefined)
  }
}
