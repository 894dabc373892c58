// Residents without a page, over the public protocol: a queue with as many real sessions as a story needs.
//
// Owns: opening, writing, moving, answering asks, leaving. Must not: check anything.
import { Connection, socketUrl } from '../sdk/src/connection.ts'
import { deviceKey } from '../sdk/src/device_key.ts'
import { newId } from '../sdk/src/ids.ts'
import { memoryKeep } from '../sdk/src/keep.ts'
import type { FromResident, Location, Opening, ResidentCommand, ToResident } from '../sdk/src/protocol.ts'
import { within, type Story } from './harness.ts'

/** One resident. */
export class Reporter {
  readonly heard: ToResident[] = []
  session = ''
  readonly #connection: Connection<FromResident, ToResident>

  private constructor(connection: (heard: ToResident[]) => Connection<FromResident, ToResident>) {
    this.#connection = connection(this.heard)
  }

  /** Reports, and waits until the session is open. */
  static async report(story: Story, opening: Partial<Opening> = {}): Promise<Reporter> {
    const key = await deviceKey(memoryKeep())
    const reporter = new Reporter((heard) => new Connection<FromResident, ToResident>({
      url: () => socketUrl('/ws/resident', story.gateway.origin),
      greet: async (before) =>
        before?.kind === 'challenge' ? { kind: 'hello', client: 'story', key: key.point, signature: await key.sign(before.nonce) } : null,
      receive: (message) => heard.push(message),
    }))
    story.later(() => reporter.#connection.stop())
    reporter.#connection.start()
    await within('the resident is welcome', () => Promise.resolve(reporter.heard.some(({ kind }) => kind === 'welcome')))
    const device = { video: true, audio: true, place: true }
    reporter.#connection.send({ kind: 'open', id: newId(), opening: { category: 'other', language: 'en', silent: false, device, ...opening } })
    const opened = () => reporter.heard.find((message) => message.kind === 'session')
    await within('the session is open', () => Promise.resolve(opened() !== undefined))
    reporter.session = opened()?.session ?? ''
    return reporter
  }

  /** Does something and waits for its receipt; its id. */
  async do(command: ResidentCommand): Promise<string> {
    const id = this.send(command)
    await within('the receipt', () => Promise.resolve(this.heard.some((message) => message.kind === 'receipt' && message.id === id)))
    return id
  }

  /** Does something without waiting. */
  send(command: ResidentCommand): string {
    const id = newId()
    this.#connection.send({ kind: 'do', id, command })
    return id
  }

  /** The token for uploads that came with the welcome. */
  get token(): string {
    return this.heard.find((message) => message.kind === 'welcome')?.token ?? ''
  }

  say(text: string): Promise<string> {
    return this.do({ kind: 'text', text, age_ms: 0 })
  }

  at(latitude: number, longitude: number, uncertainty_m = 20): Promise<string> {
    return this.do({ kind: 'locate', location: place(latitude, longitude, uncertainty_m) })
  }

  /** Types without sending. */
  type(text: string): void {
    this.#connection.send({ kind: 'real_time_text', message: newId(), part: 0, from: 0, text })
  }

  /** The link goes, without a word. */
  vanish(): void {
    this.#connection.stop()
  }
}

/** A fix. */
export function place(latitude: number, longitude: number, uncertainty_m = 20): Location {
  return { latitude, longitude, uncertainty_m, method: 'gnss', age_ms: 0 }
}

/** Many residents at once, some at a time so that none waits long. */
export async function crowd(story: Story, count: number, opening: (n: number) => Partial<Opening>): Promise<Reporter[]> {
  const all: Reporter[] = []
  const AT_ONCE = 25
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => Reporter.report(story, opening(from + n)))
    all.push(...(await Promise.all(some)))
  }
  return all
}
