// The question about the place that a photo holds: one for each such photo, asked once in a report.
//
// Owns: which photos are asked about. Must not: outlive the page, so that nothing of it is stored, in silent mode or any other; read
// a place before the yes. Used by: `app.svelte.ts`, the page.
import type { Claim } from './photo_place.ts'

/** A photo that says where it was taken. */
export interface PlacedPhoto {
  readonly key: string
  readonly file: File
}

/** Most questions at once: more photos are asked about when these are answered. */
const QUESTIONS_MAX = 20

/** The questions of this report. */
export class PhotoPlaces {
  /** Those without an answer, in the order they were chosen. */
  open = $state.raw<readonly PlacedPhoto[]>([])
  readonly #asked = new Set<string>()

  /** A photo was chosen. */
  async chosen(file: File): Promise<void> {
    const key = `${file.name} ${String(file.size)}`
    if (this.#asked.has(key) || this.#asked.size >= QUESTIONS_MAX) return
    this.#asked.add(key)
    const reader = await import('./photo_place.ts').catch(() => null)
    if (await reader?.holdsPlace(file)) this.open = [...this.open, { key, file }]
  }

  /** Answered: with a yes the place is read and handed on, with a no nothing is. */
  async answer(photo: PlacedPhoto, yes: boolean, send: (claim: Claim) => Promise<void>): Promise<void> {
    this.open = this.open.filter((one) => one !== photo)
    if (!yes) return
    const reader = await import('./photo_place.ts').catch(() => null)
    const place = await reader?.placeIn(photo.file, Date.now())
    if (place) await send(place)
  }

  /** Another report, or silent mode: nothing of it stays. */
  forget(): void {
    this.open = []
    this.#asked.clear()
  }
}
