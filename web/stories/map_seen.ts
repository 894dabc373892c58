// What a person sees on the map: the circle and the track, found again in the pixels of the picture.
//
// Owns: reading a picture of the map. Must not: ask the page what it meant to draw.
import type { Page } from 'playwright-core'

/** In pixels; not a number where there is none. */
export interface Seen {
  /** The circle's two diameters. */
  across: number
  up: number
  /** How far the track leads south from the circle's middle, and what share of that way is drawn. */
  track: number
  solid: number
}

/** Looks at the map. */
export async function seenOn(page: Page): Promise<Seen> {
  const picture = (await page.locator('[data-map=ready] canvas').screenshot()).toString('base64')
  return page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))]))
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
    if (!context) throw new Error('no canvas')
    const style = getComputedStyle(document.documentElement)
    const colour = (token: string): readonly number[] => {
      context.fillStyle = style.getPropertyValue(token).trim()
      context.fillRect(0, 0, 1, 1)
      return [...context.getImageData(0, 0, 1, 1).data]
    }
    // The colours of the style: the track is the device's colour, the circle a sixth of it over the page.
    const [device, ground] = [colour('--p3'), colour('--raised')]
    const inside = [0, 1, 2].map((part) => 0.16 * (device[part] ?? 0) + 0.84 * (ground[part] ?? 0))
    context.drawImage(bitmap, 0, 0)
    const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height)
    const is = (x: number, y: number, wanted: readonly number[]): boolean =>
      [0, 1, 2].every((part) => Math.abs((data[4 * (y * width + x) + part] ?? 0) - (wanted[part] ?? 0)) <= 4)
    const all = (wanted: readonly number[]): [number, number][] =>
      Array.from({ length: width * height }, (_, n): [number, number] => [n % width, Math.floor(n / width)]).filter(([x, y]) => is(x, y, wanted))
    // Single pixels of that colour are soft edges of something else.
    const edges = (numbers: number[]): [number, number] => {
      const many = [...new Set(numbers)].filter((one) => numbers.filter((other) => other === one).length >= 8)
      return [Math.min(...many), Math.max(...many)]
    }
    const filled = all(inside)
    const [west, east] = edges(filled.map(([x]) => x))
    const [north, south] = edges(filled.map(([, y]) => y))
    const way = new Set(all(device).filter(([x, y]) => Math.abs(x - (west + east) / 2) <= 3 && y > south + 2).map(([, y]) => y))
    const end = Math.max(...way)
    // The dashed line around the circle lies half inside it; a pixel has a width of its own.
    const edge = 2.5
    return { across: east - west + edge, up: south - north + edge, track: end - (north + south) / 2, solid: way.size / (end - south) }
  }, picture)
}
