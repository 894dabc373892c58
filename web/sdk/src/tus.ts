// Resumable upload over HTTP: the core of tus 1.0 with creation.
//
// Owns: one upload from the first to the last byte over any number of breaks. Must not: decide what is uploaded or keep
// anything; the caller keeps the upload's address. Used by: `photos.ts`.
import type { Problem } from './protocol.ts'

/** Version of the protocol. */
const TUS = '1.0.0'
/** Bytes of the first piece; the size then follows the speed of the link. */
const FIRST_PIECE_BYTES = 128 * 1024
const SMALLEST_PIECE_BYTES = 32 * 1024
/** A larger piece saves little; a smaller one shows progress more often and loses less. */
const LARGEST_PIECE_BYTES = 4 * 1024 * 1024
/** A piece should take about this long, in ms. */
const PIECE_MS = 2_000
/** A piece that takes longer than this, in ms, is given up and resumed: the link is dead. */
const PIECE_TIMEOUT_MS = 60_000
/** Pauses between tries, in ms: doubling from the first to the last. */
const FIRST_PAUSE_MS = 500
const LAST_PAUSE_MS = 15_000

/** Why an upload will not be done: a public error code, or the HTTP status where there is none. */
export class UploadRefused extends Error {
  /** Public error code of the gateway. */
  readonly code: string

  constructor(code: string) {
    super(`upload refused: ${code}`)
    this.code = code
  }
}

/** What to upload, where, and whom to tell. */
export interface UploadOptions {
  /** Where uploads are created. */
  endpoint: string
  blob: Blob
  /** `Upload-Metadata`: names and plain values. */
  metadata: Record<string, string>
  /** Address of an upload begun earlier. */
  address?: string
  /** The token for `Authorization`; `renew` when the last one was refused. */
  token(renew: boolean): Promise<string>
  /** The upload has an address: keep it. */
  created(address: string): void
  /** Bytes that the gateway has. */
  progress(bytes: number): void
  signal: AbortSignal
  fetch?: typeof fetch
  /** Waits; tests give their own. */
  pause?(ms: number, signal: AbortSignal): Promise<void>
}

/** Uploads until the last byte is there. Throws `UploadRefused`, or the signal's reason. */
export async function upload(options: UploadOptions): Promise<void> {
  await new Upload(options).run()
}

class Upload {
  readonly #options: UploadOptions
  #address: string | null
  #offset: number | null
  #piece_bytes = FIRST_PIECE_BYTES
  #failures = 0
  #renew = false

  constructor(options: UploadOptions) {
    this.#options = options
    this.#address = options.address ?? null
    this.#offset = null
  }

  async run(): Promise<void> {
    const { blob, signal } = this.#options
    for (;;) {
      signal.throwIfAborted()
      try {
        if (this.#address === null) await this.#create()
        else if (this.#offset === null) await this.#ask()
        else if (this.#offset < blob.size) await this.#piece()
        if (this.#offset !== null && this.#offset >= blob.size) return
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof UploadRefused) throw error
        await this.#pause(error instanceof Later ? error.after_ms : undefined)
      }
    }
  }

  async #create(): Promise<void> {
    const { blob, metadata, endpoint } = this.#options
    const response = await this.#request('POST', endpoint, {
      'Upload-Length': String(blob.size),
      'Upload-Metadata': Object.entries(metadata).map(([name, value]) => `${name} ${btoa(value)}`).join(','),
    })
    const location = response.headers.get('Location')
    if (response.status !== 201 || location === null) throw await failure(response)
    this.#address = sameOrigin(location, response.url || endpoint)
    this.#offset = 0
    this.#options.created(this.#address)
    this.#succeeded()
  }

  /** Asks how much is there. */
  async #ask(): Promise<void> {
    const response = await this.#request('HEAD', this.#address ?? '', {})
    if (response.status === 404 || response.status === 410) {
      this.#address = null
      return
    }
    const offset = whole(response.headers.get('Upload-Offset'))
    if (!response.ok || offset === null) throw await failure(response)
    this.#offset = offset
    this.#succeeded()
  }

  async #piece(): Promise<void> {
    const offset = this.#offset ?? 0
    this.#offset = null
    const piece = this.#options.blob.slice(offset, offset + this.#piece_bytes)
    const began_ms = Date.now()
    const response = await this.#request(
      'PATCH',
      this.#address ?? '',
      { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) },
      piece,
    )
    if (response.status === 404 || response.status === 410) {
      this.#address = null
      return
    }
    if (response.status === 409) return
    const reached = whole(response.headers.get('Upload-Offset'))
    if (!response.ok || reached === null) throw await failure(response)
    this.#offset = reached
    this.#fit(Date.now() - began_ms)
    this.#succeeded()
  }

  async #request(method: string, address: string, headers: Record<string, string>, body?: Blob): Promise<Response> {
    const { signal, token } = this.#options
    const timeout = AbortSignal.timeout(PIECE_TIMEOUT_MS)
    const bearer = await token(this.#renew)
    this.#renew = false
    const response = await (this.#options.fetch ?? fetch)(address, {
      method,
      headers: { 'Tus-Resumable': TUS, Authorization: `Bearer ${bearer}`, ...headers },
      signal: AbortSignal.any([signal, timeout]),
      cache: 'no-store',
      ...(body === undefined ? {} : { body }),
    })
    if (response.status === 401) this.#renew = true
    return response
  }

  #fit(took_ms: number): void {
    const wanted = (this.#piece_bytes * PIECE_MS) / Math.max(50, took_ms)
    const careful = Math.min(wanted, this.#piece_bytes * 2)
    this.#piece_bytes = Math.round(Math.min(LARGEST_PIECE_BYTES, Math.max(SMALLEST_PIECE_BYTES, careful)))
  }

  #succeeded(): void {
    this.#failures = 0
    this.#options.progress(this.#offset ?? 0)
  }

  async #pause(after_ms: number | undefined): Promise<void> {
    const pause_ms = after_ms ?? Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 8))
    this.#failures += 1
    this.#piece_bytes = Math.max(SMALLEST_PIECE_BYTES, Math.round(this.#piece_bytes / 2))
    await (this.#options.pause ?? pause)(pause_ms, this.#options.signal)
  }
}

/** Try again, after a pause where one was told. */
class Later extends Error {
  readonly after_ms: number | undefined

  constructor(after_ms?: number) {
    super('later')
    this.after_ms = after_ms
  }
}

/** What a refused request means: `application/problem+json` says whether to try again. */
async function failure(response: Response): Promise<Error> {
  const problem = (await response.json().catch(() => null)) as Partial<Problem> | null
  if (response.status === 401) return new Later()
  if (problem?.retry === 'never') return new UploadRefused(problem.code ?? String(response.status))
  if (problem?.retry === 'later' || problem?.retry === 'after_change') return new Later(problem.after_ms)
  const final = response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429
  return final ? new UploadRefused(String(response.status)) : new Later()
}

/** An address on the same origin: a token must not travel elsewhere. */
function sameOrigin(location: string, base: string): string {
  const from = new URL(base, typeof document === 'undefined' ? undefined : document.baseURI)
  const address = new URL(location, from)
  if (address.origin !== from.origin) throw new UploadRefused('other_origin')
  return address.href
}

function whole(header: string | null): number | null {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : null
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}
