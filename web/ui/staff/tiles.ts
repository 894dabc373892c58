// The pictures behind a map, from the agency's tile server.
//
// Owns: fetching one, saying whether there is a background, and leaving a server alone that does not serve. Must not: know the map library,
// or tell that server anything but which picture is wanted. Used by: `map_canvas.ts`; tests.
import { Store } from '../../sdk/src/store.ts'

/** Whether there is a background: nobody knows yet, pictures come, or they do not. */
export type Background = 'unknown' | 'there' | 'missing'

/** Longest wait for one picture in ms: later, whoever looks has moved on. */
const TILE_MS = 10_000
/** Without a picture for so long, the background is said to be missing: earlier would be said of every slow line. */
const DOUBT_MS = 5_000
/** A picture of 256 pixels has some 20 kB, and a photograph of that size 150. */
const TILE_MAX_BYTES = 1_000_000
/** Failures in a row after which the server is asked nothing for a while: as many as a small map asks for at once. */
const FAILURES_MAX = 4
/** First and longest pause in ms, doubled from one to the next. */
const PAUSE_MS = 30_000
const PAUSE_MAX_MS = 300_000
/** What says that there is no such picture, which is no fault: the sea, or beyond the edge of the map. */
const NO_SUCH = [204, 404, 410]

/** There is no picture. */
export class NoTile extends Error {}

/** What the world does for it; tests bring their own. */
export interface World<Picture> {
  fetch(url: string, how: RequestInit): Promise<Response>
  decode(picture: Blob): Promise<Picture>
}

/** The agency's tile server, as one page sees it. */
export class TileServer<Picture> {
  /** Whether there is a background. */
  readonly background = new Store<Background>('unknown')
  readonly #world: World<Picture>
  readonly #again = new Set<() => void>()
  #failures = 0
  /** Pictures that are waited for. */
  #waiting = 0
  #pauseMs = PAUSE_MS
  #pause: ReturnType<typeof setTimeout> | undefined
  #doubt: ReturnType<typeof setTimeout> | undefined

  constructor(world: World<Picture>) {
    this.#world = world
  }

  /** Calls back when a pause is over and pictures may be asked for again. */
  onAgain(run: () => void): () => void {
    this.#again.add(run)
    return () => void this.#again.delete(run)
  }

  /** Fetches one picture; throws `NoTile` where there is none. */
  async get(url: string, stop: AbortSignal): Promise<Picture> {
    if (this.#pause !== undefined) throw new NoTile('the server is left alone')
    if (this.background.get() !== 'there') this.#beginDoubt()
    this.#waiting += 1
    try {
      const picture = await this.#fetch(url, stop)
      if (picture === undefined) throw new NoTile('no such picture')
      this.#served()
      return picture
    } catch (reason) {
      // What nobody waits for any more says nothing about the server.
      if (!stop.aborted && !(reason instanceof NoTile)) this.#failed()
      throw new NoTile(String(reason))
    } finally {
      this.#waiting -= 1
      if (this.#waiting === 0 && this.#failures === 0) this.#endDoubt()
    }
  }

  async #fetch(url: string, stop: AbortSignal): Promise<Picture | undefined> {
    const own = new AbortController()
    const end = (): void => own.abort()
    const late = setTimeout(end, TILE_MS)
    stop.addEventListener('abort', end)
    if (stop.aborted) end()
    try {
      const how: RequestInit = { signal: own.signal, mode: 'cors', credentials: 'omit', referrerPolicy: 'no-referrer' }
      const response = await this.#world.fetch(url, how)
      if (NO_SUCH.includes(response.status)) return undefined
      if (!response.ok || Number(response.headers.get('content-length') ?? 0) > TILE_MAX_BYTES) throw new Error('no picture')
      const blob = await response.blob()
      if (blob.size > TILE_MAX_BYTES) throw new Error('no picture')
      return await this.#world.decode(blob)
    } finally {
      clearTimeout(late)
      stop.removeEventListener('abort', end)
    }
  }

  #served(): void {
    this.#endDoubt()
    this.#failures = 0
    this.#pauseMs = PAUSE_MS
    this.background.set('there')
  }

  #failed(): void {
    this.#beginDoubt()
    this.#failures += 1
    if (this.#failures < FAILURES_MAX || this.#pause !== undefined) return
    this.background.set('missing')
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.#failures = 0
      for (const run of this.#again) run()
    }, this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MAX_MS)
  }

  #beginDoubt(): void {
    this.#doubt ??= setTimeout(() => {
      this.#doubt = undefined
      this.background.set('missing')
    }, DOUBT_MS)
  }

  #endDoubt(): void {
    clearTimeout(this.#doubt)
    this.#doubt = undefined
  }
}
