import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { upload, UploadRefused, type UploadOptions } from '../src/tus.ts'

/** A small server of tus 1.0 with creation, that can break and refuse. */
class TusServer {
  bytes = Buffer.alloc(0)
  length = 0
  metadata = ''
  /** Cut the connection after this many bytes of the next piece. */
  cut_after: number | null = null
  problem: { status: number; body: unknown } | null = null
  tokens = new Set(['good'])
  requests: string[] = []
  created = 0
  #server!: Server
  origin = ''

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => {
      const { method = '', headers } = request
      this.requests.push(method)
      const reply = (status: number, fields: Record<string, string> = {}, body?: unknown): void => {
        response.writeHead(status, { 'Tus-Resumable': '1.0.0', ...fields })
        response.end(body === undefined ? '' : JSON.stringify(body))
      }
      if (!this.tokens.has((headers.authorization ?? '').replace('Bearer ', ''))) return reply(401)
      if (headers['tus-resumable'] !== '1.0.0') return reply(412)
      if (this.problem !== null) return reply(this.problem.status, {}, this.problem.body)
      if (method === 'POST') {
        this.created += 1
        this.length = Number(headers['upload-length'])
        this.metadata = String(headers['upload-metadata'])
        this.bytes = Buffer.alloc(0)
        return reply(201, { Location: `/api/v1/uploads/${this.created}` })
      }
      if (request.url !== `/api/v1/uploads/${this.created}`) return reply(404)
      if (method === 'HEAD') return reply(200, { 'Upload-Offset': String(this.bytes.length), 'Upload-Length': String(this.length) })
      if (Number(headers['upload-offset']) !== this.bytes.length) return reply(409)
      request.on('data', (chunk: Buffer) => {
        const room = this.cut_after ?? Infinity
        this.bytes = Buffer.concat([this.bytes, chunk.subarray(0, room)])
        if (this.cut_after === null) return
        this.cut_after = null
        request.destroy()
      })
      request.on('end', () => reply(204, { 'Upload-Offset': String(this.bytes.length) }))
    })
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no address')
    this.origin = `http://127.0.0.1:${address.port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

let server: TusServer
const photo = new Blob([new Uint8Array(1_000_000).map((_, place) => place % 251)])
const seen: number[] = []
let address: string | undefined

const options = (more: Partial<UploadOptions> = {}): UploadOptions => ({
  endpoint: `${server.origin}/api/v1/uploads`,
  blob: photo,
  metadata: { photo: 'f'.repeat(32), session: 'a'.repeat(32) },
  token: () => Promise.resolve('good'),
  created: (at) => (address = at),
  progress: (bytes) => seen.push(bytes),
  signal: new AbortController().signal,
  pause: () => Promise.resolve(),
  ...more,
})

beforeEach(async () => {
  server = new TusServer()
  await server.listen()
  seen.length = 0
  address = undefined
})
afterEach(() => server.close())

const whole = async (): Promise<boolean> => server.bytes.equals(Buffer.from(await photo.arrayBuffer()))

describe('a resumable upload', () => {
  it('brings every byte once and tells its progress', async () => {
    await upload(options())
    expect(await whole()).toBe(true)
    expect(server.metadata).toBe(`photo ${btoa('f'.repeat(32))},session ${btoa('a'.repeat(32))}`)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.at(-1)).toBe(photo.size)
  })

  it('resumes where the link was cut', async () => {
    server.cut_after = 50_000
    await upload(options())
    expect(await whole()).toBe(true)
    expect(server.requests).toContain('HEAD')
    expect(server.created).toBe(1)
  })

  it('resumes after a reload by its address', async () => {
    const stop = new AbortController()
    const half = upload(options({ signal: stop.signal, progress: (bytes) => bytes > 200_000 && stop.abort() }))
    await expect(half).rejects.toThrow()
    expect(server.bytes.length).toBeGreaterThan(0)
    await upload(options(address === undefined ? {} : { address }))
    expect(await whole()).toBe(true)
    expect(server.created).toBe(1)
  })

  it('begins anew when the gateway has forgotten it', async () => {
    await upload(options({ address: `${server.origin}/api/v1/uploads/old` }))
    expect(await whole()).toBe(true)
    expect(server.created).toBe(1)
  })

  it('asks for a fresh token when the old one has expired', async () => {
    const asked: boolean[] = []
    let token = 'old'
    const ask = (renew: boolean): Promise<string> => {
      asked.push(renew)
      if (renew) token = 'good'
      return Promise.resolve(token)
    }
    await upload(options({ token: ask }))
    expect(asked.slice(0, 2)).toEqual([false, true])
    expect(await whole()).toBe(true)
  })

  it('gives up with the reason when the gateway says never', async () => {
    server.problem = { status: 413, body: { code: 'photo_too_large', number: 2012, retry: 'never', message: '' } }
    await expect(upload(options())).rejects.toEqual(new UploadRefused('photo_too_large'))
  })

  it('tries again after the pause the gateway asks for', async () => {
    server.problem = { status: 503, body: { code: 'store_unavailable', number: 4001, retry: 'later', after_ms: 1_234, message: '' } }
    const pauses: number[] = []
    await upload(options({ pause: (ms) => ((server.problem = null), pauses.push(ms), Promise.resolve()) }))
    expect(pauses).toEqual([1_234])
    expect(await whole()).toBe(true)
  })

  it('keeps its token on the own origin', async () => {
    const away = (): Promise<Response> => Promise.resolve(new Response(null, { status: 201, headers: { Location: 'https://other.example/x' } }))
    await expect(upload(options({ fetch: away }))).rejects.toThrow(UploadRefused)
  })
})
