// A photo before somebody has pressed "show": a few grey pixels.
//
// Owns: how much of it may be seen. Must not: fetch it. Used by: `Photos.svelte`, `Thumbnail.svelte`.

/** What lies under the blur is a few pixels wide: blurring by style alone would still hand out the picture. */
const WIDTH_PX = 12

/** The pixels of a preview that may be seen unasked. */
export async function blurred(preview: Blob): Promise<Blob | null> {
  const bitmap = await createImageBitmap(preview, { resizeWidth: WIDTH_PX })
  const canvas = document.createElement('canvas')
  canvas.width = bitmap.width
  canvas.height = bitmap.height
  const context = canvas.getContext('2d')
  if (!context) return null
  context.filter = 'grayscale(1)'
  context.drawImage(bitmap, 0, 0)
  return new Promise((done) => canvas.toBlob(done))
}
