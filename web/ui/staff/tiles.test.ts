// The pictures behind a map: what their server is told, when it is left alone, and that what lies on them stays legible.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { NoTile, TileServer } from './tiles.ts'

const TILE = 'https://tiles.example/3/4/5.png'

/** A tile server of which the test decides what it answers. */
function serving(answer: () => Response | Promise<Response>) {
  const asked: [string, RequestInit][] = []
  const server = new TileServer<string>({
    fetch: (url, how) => {
      asked.push([url, how])
      return Promise.resolve(answer())
    },
    decode: async (picture) => {
      const text = await picture.text()
      if (!text.startsWith('picture')) throw new Error('cannot be decoded')
      return text
    },
  })
  const get = (stop = new AbortController().signal): Promise<string> => server.get(TILE, stop)
  return { server, asked, get, fails: () => expect(get()).rejects.toThrow(NoTile) }
}

describe('a tile server', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is told which picture is wanted, and nothing else', async () => {
    const { server, asked, get } = serving(() => new Response('picture'))
    expect(await get()).toBe('picture')
    expect(server.background.get()).toBe('there')
    const [[url, how] = []] = asked
    expect(url).toBe(TILE)
    expect(how).toMatchObject({ credentials: 'omit', referrerPolicy: 'no-referrer', mode: 'cors' })
    expect(how && 'headers' in how).toBe(false)
  })

  it.each([
    ['is away', () => Promise.reject(new TypeError('failed to fetch'))],
    ['has a fault', () => new Response('sorry', { status: 503 })],
    ['answers nonsense', () => new Response('<html><script>alert(1)</script></html>')],
    ['answers without end', () => new Response('picture', { headers: { 'content-length': '99000000' } })],
  ])('that %s is left alone after four failures, for longer each time, and asked again then', async (_, answer) => {
    const { server, asked, fails } = serving(answer)
    let again = 0
    server.onAgain(() => (again += 1))
    for (let failure = 0; failure < 4; failure += 1) await fails()
    expect(server.background.get()).toBe('missing')
    for (let more = 0; more < 100; more += 1) await fails()
    expect(asked.length).toBe(4)
    for (const pause of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
      vi.advanceTimersByTime(pause - 1)
      await fails()
      expect(again).toBe(0)
      vi.advanceTimersByTime(1)
      expect(again).toBe(1)
      again = 0
      asked.length = 0
      for (let failure = 0; failure < 10; failure += 1) await fails()
      expect(asked.length).toBe(4)
    }
  })

  it('that serves again is believed at once', async () => {
    let up = false
    const { server, get, fails } = serving(() => new Response(up ? 'picture' : 'nonsense'))
    for (let failure = 0; failure < 4; failure += 1) await fails()
    vi.advanceTimersByTime(30_000)
    up = true
    await get()
    expect(server.background.get()).toBe('there')
    up = false
    for (let failure = 0; failure < 4; failure += 1) await fails()
    expect(server.background.get()).toBe('missing')
    // The pause is the first one again.
    vi.advanceTimersByTime(30_000)
    up = true
    await get()
    expect(server.background.get()).toBe('there')
  })

  it('that only keeps everybody waiting is given up, and said to be missing before that', async () => {
    const { server, asked, get } = serving(() => new Promise(() => undefined))
    const hangs = new TileServer<string>({
      fetch: (url, { signal }) => {
        asked.push([url, {}])
        return new Promise((_, fail) => signal?.addEventListener('abort', () => fail(new DOMException('late', 'AbortError'))))
      },
      decode: () => Promise.resolve(''),
    })
    void get().catch(() => undefined)
    const wanted = hangs.get(TILE, new AbortController().signal)
    const refused = expect(wanted).rejects.toThrow(NoTile)
    vi.advanceTimersByTime(5_000)
    expect([server.background.get(), hangs.background.get()]).toEqual(['missing', 'missing'])
    vi.advanceTimersByTime(5_000)
    await refused
  })

  it('is not blamed for the sea, nor for pictures that nobody waits for any more', async () => {
    let status = 200
    const { server, asked, get, fails } = serving(() => (status === 200 ? new Response('picture') : new Response(null, { status })))
    await get()
    for (status of [404, 204, 410, 404, 404, 404]) await fails()
    const gone = new AbortController()
    gone.abort()
    const { server: other } = serving(() => Promise.reject(new TypeError('aborted')))
    for (let moved = 0; moved < 10; moved += 1) await expect(other.get(TILE, gone.signal)).rejects.toThrow(NoTile)
    vi.advanceTimersByTime(60_000)
    expect([server.background.get(), other.background.get(), asked.length]).toEqual(['there', 'unknown', 7])
  })
})

describe('tiles of any colour', () => {
  const [tokens, staff] = ['../tokens.css', './staff.css'].map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
  const value = (css: string | undefined, name: string, theme: string): string =>
    new RegExp(`${name}: .*var\\(--if-${theme}, ([^)]+)\\)`).exec(css ?? '')?.[1] ?? ''
  const parts = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
  const luminance = (colour: number[]): number =>
    colour.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, at) => sum + part * ([0.2126, 0.7152, 0.0722][at] ?? 0), 0)

  it.each(['light', 'dark', 'more'])('leave the device a contrast of 3 in the theme %s', (theme) => {
    const device = luminance(parts(value(tokens, '--p3', theme)))
    const ground = parts(value(tokens, '--raised', theme))
    const [opacity, darkest, brightest] = ['opacity', 'darkest', 'brightest'].map((name) => Number(value(staff, `--tiles-${name}`, theme)))
    for (const tile of [darkest, brightest]) {
      const seen = luminance(ground.map((part) => (opacity ?? 1) * (tile ?? 1) + (1 - (opacity ?? 1)) * part))
      const contrast = (Math.max(seen, device) + 0.05) / (Math.min(seen, device) + 0.05)
      expect(contrast, `on ${String(tile)}`).toBeGreaterThanOrEqual(3)
    }
  })
})
