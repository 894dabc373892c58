// How long hard pictures were in a person's view today: revealed photos, live pictures.
//
// Owns: counting it second by second for each person and machine, and telling the gateway, which shows it to supervisors. Must not:
// know what is shown: panels say how many of their pictures are uncovered. Used by the console's desk, and on the supervisor page by
// whoever watches a session.
import type { StaffClient } from '../../sdk/src/staff.ts'
import { remember, remembered } from './kept.ts'

/** How often what was asked of the person is told, in ms. */
export const TALLY_EVERY_MS = 10_000
const SECOND_MS = 1_000
/** For all windows of this browser. */
const KEY = 'callbox-exposure'

/** One person's pictures in this window. */
export class Exposure {
  /** ms today in which a revealed photo or live picture was in view on this machine. */
  todayMs = $state(0)
  /** How many pictures are uncovered, by panel. */
  readonly #inView = new Map<string, number>()
  readonly #client: StaffClient
  #untoldMs = 0

  constructor(client: StaffClient) {
    this.#client = client
    this.todayMs = this.#today().ms
  }

  /** A panel has so many uncovered pictures now; 0 when it is gone. */
  see(panel: string, pictures: number): void {
    this.#inView.set(panel, pictures)
  }

  /** Begins to count; answers how to end it. */
  start(): () => void {
    const second = setInterval(() => this.#count(SECOND_MS), SECOND_MS)
    const tally = setInterval(() => this.#tell(), TALLY_EVERY_MS)
    return () => {
      clearInterval(second)
      clearInterval(tally)
      this.#tell()
    }
  }

  #tell(): void {
    if (this.#untoldMs > 0 && this.#client.tally(0, this.#untoldMs)) this.#untoldMs = 0
  }

  #count(ms: number): void {
    if (document.visibilityState !== 'visible' || [...this.#inView.values()].every((pictures) => pictures === 0)) return
    const { whose, ms: before } = this.#today()
    this.todayMs = before + ms
    this.#untoldMs += ms
    remember(KEY, { whose, ms: this.todayMs })
  }

  #today(): { whose: string; ms: number } {
    const whose = `${this.#client.me.staff} ${new Date().toDateString()}`
    const found = remembered<{ whose?: string; ms?: number }>(KEY, {})
    return { whose, ms: found.whose === whose ? (found.ms ?? 0) : 0 }
  }
}
