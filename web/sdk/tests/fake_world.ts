// A small real implementation of a connection's surroundings: virtual time, sockets whose far end the test plays.
import { decode, encode, type Kinded } from '../src/codec.ts'
import type { Socket, Surroundings } from '../src/connection.ts'

type Sent = Kinded & Record<string, unknown>

/** A socket whose far end is the test. */
export class FakeSocket implements Socket {
  binaryType = ''
  bufferedAmount = 0
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  onerror: (() => void) | null = null
  sent: Sent[] = []
  closed = false
  /** Called for everything this side sends: the test's gateway. */
  answer: (message: Sent) => void = () => undefined

  send(frame: Uint8Array<ArrayBuffer>): void {
    const message = decode(frame) as Sent
    this.sent.push(message)
    this.answer(message)
  }

  close(): void {
    this.closed = true
  }

  /** The far end says something. */
  hear(message: Kinded & Record<string, unknown>): void {
    const frame = encode(message)
    this.onmessage?.({ data: frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength) })
  }

  /** The far end closes. */
  end(code: number): void {
    this.onclose?.({ code })
  }

  /** Takes what was sent of one kind. */
  takeSent(kind: string): Sent[] {
    const taken = this.sent.filter((message) => message.kind === kind)
    this.sent = this.sent.filter((message) => message.kind !== kind)
    return taken
  }
}

/** Virtual time and its sockets. */
export class FakeWorld implements Surroundings {
  sockets: FakeSocket[] = []
  #now = 1_000
  #timers: { at: number; every: number | null; run: () => void }[] = []
  /** Called with each new socket. */
  opened: (socket: FakeSocket) => void = () => undefined

  open(): Socket {
    const socket = new FakeSocket()
    this.sockets.push(socket)
    this.opened(socket)
    return socket
  }

  get last(): FakeSocket {
    const socket = this.sockets.at(-1)
    if (socket === undefined) throw new Error('no socket was opened')
    return socket
  }

  now(): number {
    return this.#now
  }

  random(): number {
    return 0.5
  }

  every(ms: number, run: () => void): () => void {
    return this.#timer(ms, ms, run)
  }

  after(ms: number, run: () => void): () => void {
    return this.#timer(ms, null, run)
  }

  /** Lets time pass; timers run in their order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#now = due.at
      if (due.every === null) this.#timers = this.#timers.filter((timer) => timer !== due)
      else due.at += due.every
      due.run()
    }
    this.#now = end
  }

  /** Opens the newest socket and plays the greeting up to the given welcome. */
  async greeted(welcome: Kinded & Record<string, unknown>): Promise<void> {
    const socket = this.last
    socket.onopen?.()
    await settled()
    socket.hear({ kind: 'challenge', nonce: new Uint8Array(32), now_ms: 0 })
    await settled()
    socket.hear(welcome)
    await settled()
  }

  #timer(ms: number, every: number | null, run: () => void): () => void {
    const timer = { at: this.#now + ms, every, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }
}

/** Lets promises that are already resolved run on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
