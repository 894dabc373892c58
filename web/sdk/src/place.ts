// The device's place: fixes with uncertainty and age, sent no more often than they say something new.
//
// Owns: watching and choosing what is worth sending. Must not: ask anybody for permission by itself; `start` does because a
// person said yes. Used by: `resident.ts`, the page.
import { BOUNDS, type Location } from './protocol.ts'
import { Store, type Readable } from './store.ts'

/** Shortest time between two fixes sent, in ms. Shorter costs battery and link, longer loses a moving resident. */
const EVERY_MS_MIN = 3_000
/** A resting device says so again after this long, in ms, so that its age stays small. */
const EVERY_MS_MAX = 30_000
/** Metres of movement that are worth a fix even where the device claims to be exact. */
const MOVED_M_MIN = 10
/** Earth's mean radius in metres. */
const EARTH_M = 6_371_000

/** A fix as the device gave it. */
export interface Fix {
  latitude: number
  longitude: number
  uncertainty_m: number
  /** When it was found, by this device's clock, ms since 1970. */
  found_ms: number
}

/** Where the watching of the place stands. */
export type PlaceState =
  | { at: 'off' }
  | { at: 'looking' }
  | { at: 'on'; fix: Fix }
  /** `denied`: the person or the device said no; `unavailable`: no fix just now. */
  | { at: 'failed'; why: 'denied' | 'unavailable' | 'unsupported' }

/** Watches the device's place. */
export class PlaceWatch {
  /** Where it stands, with the newest fix. */
  readonly state: Readable<PlaceState>
  readonly #state = new Store<PlaceState>({ at: 'off' })
  readonly #geolocation: Pick<Geolocation, 'watchPosition' | 'clearWatch'> | undefined
  readonly #worthSending: (location: Location) => void
  readonly #now: () => number
  #watch: number | null = null
  #sent: { fix: Fix; at_ms: number } | null = null

  constructor(
    geolocation: Pick<Geolocation, 'watchPosition' | 'clearWatch'> | undefined,
    worthSending: (location: Location) => void,
    now: () => number = Date.now,
  ) {
    this.state = this.#state
    this.#geolocation = geolocation
    this.#worthSending = worthSending
    this.#now = now
  }

  /** Begins; the browser asks the person now. Says whether this device has a place at all. */
  start(): boolean {
    if (this.#watch !== null) return true
    if (this.#geolocation === undefined) {
      this.#state.set({ at: 'failed', why: 'unsupported' })
      return false
    }
    this.#state.set({ at: 'looking' })
    this.#watch = this.#geolocation.watchPosition(
      (position) => this.#found(position),
      (error) => this.#failed(error.code === 1 ? 'denied' : 'unavailable'),
      { enableHighAccuracy: true, maximumAge: 10_000, timeout: 30_000 },
    )
    return true
  }

  /** The page is looked at again: a watch that had found nothing looks anew. */
  again(): void {
    const { at } = this.#state.get()
    if (this.#watch === null || at === 'on' || at === 'off') return
    this.#geolocation?.clearWatch(this.#watch)
    this.#watch = null
    this.start()
  }

  /** Ends; nothing is sent any more. */
  stop(): void {
    if (this.#watch !== null) this.#geolocation?.clearWatch(this.#watch)
    this.#watch = null
    this.#sent = null
    this.#state.set({ at: 'off' })
  }

  #found(position: GeolocationPosition): void {
    const { latitude, longitude, accuracy } = position.coords
    const now_ms = this.#now()
    const fix: Fix = {
      latitude,
      longitude,
      uncertainty_m: Math.min(BOUNDS.UNCERTAINTY_MAX_M, Math.max(0, accuracy)),
      found_ms: Math.min(Math.round(position.timestamp), now_ms),
    }
    this.#state.set({ at: 'on', fix })
    if (!worth(fix, this.#sent, now_ms)) return
    this.#sent = { fix, at_ms: now_ms }
    this.#worthSending(located(fix, now_ms))
  }

  #failed(why: 'denied' | 'unavailable'): void {
    if (why === 'unavailable' && this.#state.get().at === 'on') return
    if (why === 'denied') this.stop()
    this.#state.set({ at: 'failed', why })
  }
}

/** Whether a fix says something new. */
export function worth(fix: Fix, sent: { fix: Fix; at_ms: number } | null, now_ms: number): boolean {
  if (sent === null) return true
  const waited_ms = now_ms - sent.at_ms
  if (waited_ms < EVERY_MS_MIN) return false
  if (waited_ms >= EVERY_MS_MAX) return true
  if (fix.uncertainty_m <= sent.fix.uncertainty_m / 2) return true
  return metres(fix, sent.fix) > Math.max(MOVED_M_MIN, fix.uncertainty_m / 2)
}

/** The fix as it goes out. */
export function located(fix: Fix, now_ms: number): Location {
  return {
    latitude: fix.latitude,
    longitude: fix.longitude,
    uncertainty_m: fix.uncertainty_m,
    method: 'device',
    age_ms: Math.min(BOUNDS.AGE_MAX_MS, Math.max(0, Math.round(now_ms - fix.found_ms))),
  }
}

/** Distance in metres, good for the short ways that matter here. */
export function metres(a: Pick<Fix, 'latitude' | 'longitude'>, b: Pick<Fix, 'latitude' | 'longitude'>): number {
  const radians = Math.PI / 180
  const north = (a.latitude - b.latitude) * radians
  const east = (a.longitude - b.longitude) * radians * Math.cos(((a.latitude + b.latitude) / 2) * radians)
  return EARTH_M * Math.hypot(north, east)
}
