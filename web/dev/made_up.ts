// What the made-up gateways of the development pages stand on: a socket that a page takes for its own, and answers to its requests.
//
// Owns: the form of both. Must not: know what a gateway says. Used by: `gateway.ts` (staff pages), `resident.ts`.
import { decode, encode, type Kinded } from '../sdk/src/codec.ts'

/** A WebSocket without a network. */
export abstract class MadeUpSocket {
  static readonly OPEN = 1
  binaryType = ''
  bufferedAmount = 0
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  onerror: (() => void) | null = null

  /** The page said this. */
  protected abstract take(message: Kinded): void

  send(frame: Uint8Array): void {
    const message = decode(frame)
    if (message) this.take(message)
  }

  close(): void {
    this.onmessage = null
  }

  /** Says something to the page, after so many ms; `told` when it has. */
  protected say(message: Kinded, afterMs = 0, told: () => void = () => undefined): void {
    const frame = encode(message)
    setTimeout(() => {
      this.onmessage?.({ data: frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength) })
      told()
    }, afterMs)
  }
}

/** From now on the page's sockets are of this kind, and `answer` is asked before the network; what it leaves open goes there. */
export function replaceNetwork(socket: new () => MadeUpSocket, answer: (url: string) => Promise<Response> | Response | undefined): void {
  window.WebSocket = socket as unknown as typeof WebSocket
  const real = window.fetch
  window.fetch = async (input, init) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url
    return (await answer(url)) ?? real(input, init)
  }
}
