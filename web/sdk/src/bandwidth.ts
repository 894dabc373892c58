// How much of the link this device may use: text before place before photos before video.
//
// Owns: the choice of the person, which wins, and the guess where there is none. Must not: send or stop anything itself.
// Used by: `resident.ts`, which holds photos and video back, and the page, which shows the switch.
import { Store, type Readable } from './store.ts'

/** A round trip longer than this, in ms, is a slow link: a picture would take a minute there. */
const SLOW_ROUND_TRIP_MS = 1_200
/** Shorter than this, in ms, for a while, and it is a good one again. */
const GOOD_ROUND_TRIP_MS = 600
/** How long a link must be good, in ms, before more is sent: going back and forth is worse than either. */
const GOOD_FOR_MS = 20_000

/** What the person chose. */
export type BandwidthChoice = 'auto' | 'less' | 'full'

/** How much is sent. */
export interface BandwidthState {
  choice: BandwidthChoice
  /** Whether less is sent now. */
  less: boolean
  /** The person signs: video ranks above audio. */
  signs: boolean
}

/** The part of the browser's `NetworkInformation` that is used; not every browser has it. */
export interface NetworkWord {
  readonly effectiveType?: string
  readonly saveData?: boolean
}

/** What is kept of the choices. */
export type KeptBandwidth = Pick<BandwidthState, 'choice' | 'signs'>

/** How much of the link may be used. */
export class Bandwidth {
  readonly state: Readable<BandwidthState>
  readonly #state = new Store<BandwidthState>({ choice: 'auto', less: false, signs: false })
  readonly #now: () => number
  #word: NetworkWord = {}
  #slow = false
  #good_since_ms: number | null = null

  constructor(now: () => number) {
    this.#now = now
    this.state = this.#state
  }

  /** The person's choice; it wins over every guess. */
  choose(choice: Partial<KeptBandwidth>): void {
    this.#set({ ...this.#state.get(), ...choice })
  }

  /** What the browser says of its network. */
  told(word: NetworkWord): void {
    this.#word = word
    this.#set(this.#state.get())
  }

  /** A measured round trip of the link, in ms; 0 is not known. */
  measured(round_trip_ms: number): void {
    if (round_trip_ms <= 0) return
    if (round_trip_ms > SLOW_ROUND_TRIP_MS) {
      this.#slow = true
      this.#good_since_ms = null
    } else if (round_trip_ms < GOOD_ROUND_TRIP_MS && this.#slow) {
      this.#good_since_ms ??= this.#now()
      if (this.#now() - this.#good_since_ms >= GOOD_FOR_MS) this.#slow = false
    }
    this.#set(this.#state.get())
  }

  #set(state: BandwidthState): void {
    const guess = this.#slow || this.#word.saveData === true || /^(slow-2g|2g)$/.test(this.#word.effectiveType ?? '')
    const less = state.choice === 'auto' ? guess : state.choice === 'less'
    const now = this.#state.get()
    if (now.less !== less || now.choice !== state.choice || now.signs !== state.signs) this.#state.set({ ...state, less })
  }
}
