// Originals of photos on their way: kept on the device, uploaded one after the other, resumed after a reload.
//
// Owns: the upload of originals. Must not: announce (that is a command in the outbox) or begin before the announcement is
// safe, because the gateway must know a photo to take it. Used by: `resident.ts`.
import type { Keep } from './keep.ts'
import { Store, type Readable } from './store.ts'
import { upload, UploadRefused, type UploadOptions } from './tus.ts'

/** Where originals go. */
const ENDPOINT = '/api/v1/uploads'

/** A photo that is not stored yet, as kept on the device. */
export interface KeptPhoto {
  /** Photo id: the id of the command that announced it. */
  photo: string
  /** Sending order. */
  order: number
  name: string
  media_type: string
  original: Blob
  /** The preview as it was sent, to show it again. */
  small: Blob | null
  /** The session it belongs to, once known. */
  session?: string
  /** Address of the upload, once begun. */
  address?: string
  /** All bytes are there; the gateway looks at it. */
  sent?: boolean
}

/** How a photo's original is doing. */
export type PhotoState =
  | { at: 'kept' }
  | { at: 'uploading'; bytes: number }
  | { at: 'checking' }
  | { at: 'stored' }
  | { at: 'refused'; code: string }

/** One photo for the page. */
export interface OwnPhoto {
  photo: string
  name: string
  size_bytes: number
  /** `blob:` address of a small picture; empty where it cannot be shown. */
  picture: string
  state: PhotoState
}

/** What the uploads need from the client. */
export interface PhotoNeeds {
  origin: string
  token(renew: boolean): Promise<string>
  fetch?: typeof fetch
}

/** Photos on their way. */
export class Photos {
  /** By photo id. */
  readonly all: Readable<ReadonlyMap<string, OwnPhoto>>
  readonly #all = new Store<ReadonlyMap<string, OwnPhoto>>(new Map())
  readonly #needs: PhotoNeeds
  #keep: Keep
  #kept = new Map<string, KeptPhoto>()
  #announced = new Set<string>()
  #order = 0
  #running: AbortController | null = null
  #online = false
  #held = false

  constructor(keep: Keep, needs: PhotoNeeds) {
    this.#keep = keep
    this.#needs = needs
    this.all = this.#all
  }

  /** Reads what an earlier page left. `announced` says whether a photo's announcement is safe already. */
  async load(announced: (photo: string) => boolean): Promise<void> {
    const kept = ((await this.#keep.all('photos')) as KeptPhoto[]).sort((a, b) => a.order - b.order)
    for (const photo of kept) {
      this.#order = Math.max(this.#order, photo.order + 1)
      this.#kept.set(photo.photo, photo)
      this.#show(photo, photo.sent === true ? { at: 'checking' } : { at: 'kept' })
      if (announced(photo.photo)) this.#announced.add(photo.photo)
    }
  }

  /** Goes on in another keep, where everything was moved to. */
  moved(keep: Keep): void {
    this.#keep = keep
  }

  /** Keeps a photo; it goes up when its announcement is safe. */
  async add(photo: string, name: string, original: Blob, small: Blob | null): Promise<void> {
    const kept: KeptPhoto = { photo, order: this.#order++, name, media_type: original.type, original, small }
    this.#kept.set(photo, kept)
    this.#show(kept, { at: 'kept' })
    await this.#keep.put('photos', photo, kept).catch(() => undefined)
  }

  /** The announcement of a photo is safe. */
  announced(photo: string, session: string): void {
    const kept = this.#kept.get(photo)
    if (kept === undefined) return
    this.#announced.add(photo)
    if (kept.session === undefined) void this.#change(kept, { session })
    this.#run()
  }

  /** Uploads may go on, or rest. */
  online(session: string | null): void {
    this.#online = session !== null
    if (session !== null) {
      for (const kept of this.#kept.values()) if (this.#announced.has(kept.photo)) kept.session ??= session
      this.#run()
    } else this.#running?.abort()
  }

  /** No further original begins while it is held: on a slow link words go first. */
  hold(held: boolean): void {
    this.#held = held
    this.#run()
  }

  /** A photo that an earlier report does not have goes on under another id. Says whether it was still here. */
  async again(photo: string, id: string): Promise<boolean> {
    const kept = this.#kept.get(photo)
    if (kept === undefined) return false
    await this.add(id, kept.name, kept.original, kept.small)
    return true
  }

  /** A file that will not be sent, shown with the reason. */
  refuse(photo: string, name: string, size_bytes: number, code: string): void {
    this.#set({ photo, name, size_bytes, picture: '', state: { at: 'refused', code } })
  }

  /** The gateway has sealed the original, or refused it: nothing is kept of it. */
  async settled(photo: string, code: string | null): Promise<void> {
    const own = this.#all.get().get(photo)
    if (own !== undefined) this.#set({ ...own, state: code === null ? { at: 'stored' } : { at: 'refused', code } })
    if (this.#kept.delete(photo)) await this.#keep.delete('photos', photo)
  }

  /** Whether originals wait. */
  get waiting(): number {
    return this.#kept.size
  }

  /** Forgets every photo but these. */
  async clear(except: ReadonlySet<string> = new Set()): Promise<void> {
    this.#running?.abort()
    this.#online = false
    for (const [photo, own] of this.#all.get()) {
      if (except.has(photo)) continue
      if (own.picture !== '') URL.revokeObjectURL(own.picture)
      this.#announced.delete(photo)
      if (this.#kept.delete(photo)) await this.#keep.delete('photos', photo)
    }
    this.#all.update((all) => new Map([...all].filter(([photo]) => except.has(photo))))
  }

  /** One original after the other: text and previews must get through beside them. */
  #run(): void {
    if (this.#running !== null || !this.#online || this.#held) return
    const next = [...this.#kept.values()].find(
      (kept) => this.#announced.has(kept.photo) && kept.session !== undefined && kept.sent !== true,
    )
    if (next === undefined) return
    const running = new AbortController()
    this.#running = running
    void this.#upload(next, running.signal).finally(() => {
      this.#running = null
      // Aborted: whoever did it starts again when it may go on.
      if (!running.signal.aborted || this.#online) this.#run()
    })
  }

  async #upload(kept: KeptPhoto, signal: AbortSignal): Promise<void> {
    const options: UploadOptions = {
      endpoint: this.#needs.origin + ENDPOINT,
      blob: kept.original,
      metadata: { photo: kept.photo, session: kept.session ?? '' },
      token: this.#needs.token,
      created: (address) => void this.#change(kept, { address }),
      progress: (bytes) => this.#show(kept, { at: 'uploading', bytes }),
      signal,
      ...(kept.address === undefined ? {} : { address: kept.address }),
      ...(this.#needs.fetch === undefined ? {} : { fetch: this.#needs.fetch }),
    }
    try {
      await upload(options)
      await this.#change(kept, { sent: true })
      if (this.#kept.has(kept.photo)) this.#show(kept, { at: 'checking' })
    } catch (error) {
      if (error instanceof UploadRefused) await this.settled(kept.photo, error.code)
    }
  }

  async #change(kept: KeptPhoto, change: Partial<KeptPhoto>): Promise<void> {
    Object.assign(kept, change)
    if (this.#kept.has(kept.photo)) await this.#keep.put('photos', kept.photo, kept).catch(() => undefined)
  }

  #show(kept: KeptPhoto, state: PhotoState): void {
    const known = this.#all.get().get(kept.photo)
    if (known !== undefined && (known.state.at === 'stored' || known.state.at === 'refused')) return
    const picture = known?.picture ?? (kept.small === null ? '' : URL.createObjectURL(kept.small))
    this.#set({ photo: kept.photo, name: kept.name, size_bytes: kept.original.size, picture, state })
  }

  #set(own: OwnPhoto): void {
    this.#all.update((all) => new Map(all).set(own.photo, own))
  }
}
