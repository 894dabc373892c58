// A small picture of a photo, made on the device: upright, without metadata. Needs a browser's canvas.
import { BOUNDS } from './protocol.ts'

/**
 * Largest preview made here, in bytes. Under the gateway's bound, so that the announcement fits into one frame: browsers do
 * not let a page split a message, and a small one is there sooner on a slow link.
 */
export const PREVIEW_BYTES = 60_000

/** Tried in order until one is small enough. */
const TRIES = [
  { side_px: BOUNDS.PREVIEW_MAX_SIDE_PX, quality: 0.8 },
  { side_px: BOUNDS.PREVIEW_MAX_SIDE_PX, quality: 0.6 },
  { side_px: 1_024, quality: 0.6 },
  { side_px: 800, quality: 0.5 },
  { side_px: 480, quality: 0.4 },
  { side_px: 320, quality: 0.3 },
] as const

/** Largest preview on a slow link, in bytes: there in a few seconds at 30 kbit/s. */
const LESS_BYTES = 16_000

/** Makes a preview, or says `null` when this browser cannot read the picture: the original is kept all the same. */
export async function preview(photo: Blob, less = false): Promise<Blob | null> {
  let picture: ImageBitmap
  try {
    picture = await createImageBitmap(photo, { imageOrientation: 'from-image' })
  } catch {
    return null
  }
  try {
    const most = less ? LESS_BYTES : PREVIEW_BYTES
    for (const { side_px, quality } of less ? TRIES.slice(3) : TRIES) {
      const jpeg = await draw(picture, side_px, quality)
      if (jpeg !== null && jpeg.size <= most) return jpeg
    }
    return null
  } finally {
    picture.close()
  }
}

function draw(picture: ImageBitmap, side_px: number, quality: number): Promise<Blob | null> {
  const scale = Math.min(1, side_px / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(picture.width * scale))
  canvas.height = Math.max(1, Math.round(picture.height * scale))
  const brush = canvas.getContext('2d')
  if (brush === null) return Promise.resolve(null)
  // JPEG has no transparency: what shines through is white, not black.
  brush.fillStyle = '#ffffff'
  brush.fillRect(0, 0, canvas.width, canvas.height)
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
}
