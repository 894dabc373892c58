// A real tile server for stories, on a port of its own: every picture is of one colour.
//
// Owns: the pictures, and what a story may have it do (be away, answer nonsense, keep everybody waiting). Must not: know the gateway.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { once } from 'node:events'
import { crc32, deflateSync } from 'node:zlib'
import { freePort } from './harness.ts'

/** Side of a picture in pixels. */
const SIDE = 256

/** What was asked of it. */
export interface Asked {
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** A running tile server. */
export class TileServer {
  readonly origin: string
  readonly asked: Asked[] = []
  /** What it does with a request. */
  does: 'serve' | 'nonsense' | 'wait' = 'serve'
  readonly #port: number
  readonly #picture: Buffer
  #server: Server | undefined

  private constructor(port: number, colour: readonly [number, number, number]) {
    this.#port = port
    this.origin = `http://127.0.0.1:${port}`
    this.#picture = png(colour)
  }

  /** Starts one whose pictures have this colour. */
  static async start(colour: readonly [number, number, number]): Promise<TileServer> {
    const tiles = new TileServer(await freePort(), colour)
    await tiles.up()
    return tiles
  }

  /** The address of its pictures, as a setting. */
  get template(): string {
    return `${this.origin}/{z}/{x}/{y}.png`
  }

  async up(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.asked.push({ path: request.url ?? '', headers: request.headers })
      if (this.does === 'wait') return
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('cache-control', 'no-store')
      response.setHeader('content-type', 'image/png')
      response.end(this.does === 'serve' ? this.#picture : '<script>ran()</script>')
    })
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Away, or for good. */
  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

/** A picture of one colour. */
function png(colour: readonly [number, number, number]): Buffer {
  const row = Buffer.concat([Buffer.of(0), ...Array.from({ length: SIDE }, () => Buffer.from(colour))])
  const head = Buffer.alloc(13)
  head.writeUInt32BE(SIDE, 0)
  head.writeUInt32BE(SIDE, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const pixels = deflateSync(Buffer.concat(Array.from({ length: SIDE }, () => row)))
  return Buffer.concat([Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])
}

function chunk(kind: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(kind, 'latin1'), content])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}
