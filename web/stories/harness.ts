// What stories stand on: a real gateway on free ports with a fresh data folder, browsers with fresh profiles, and a
// telecommunicator who works over the JSON subprotocol without a page.
import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once, type EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, copyFile, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { newId } from '../sdk/src/ids.ts'
import type { FromStaff, StaffCommand, ToStaff } from '../sdk/src/protocol.ts'
import { browser, engine } from './browser.ts'

/** Longest wait for anything in a story, in ms. */
export const WITHIN_MS = 15_000

type Options = NonNullable<Parameters<typeof browser>[0]> & {
  /** A staff page that opens windows, which only a whole browser has. */
  windows?: true
}

/** What a story is: a title and this. */
type Tell = (story: Story) => Promise<void>

/** Marks a story that measures time, and so has the machine to itself: `'RE10 …': alone(async (story) => { … })`. */
export const alone = (tell: Tell): Tell & { alone: true } => Object.assign(tell, { alone: true as const })

/** A running gateway. */
export class Gateway {
  readonly origin: string
  readonly #folder: string
  readonly #config: string
  #process: ChildProcess | null = null
  #said = ''
  /** What moves its clock, once it is moved. */
  #clock: Record<string, string> = {}

  private constructor(origin: string, folder: string, config: string) {
    this.origin = origin
    this.#folder = folder
    this.#config = config
  }

  /** Starts one on free ports. */
  static async start(): Promise<Gateway> {
    const folder = await mkdtemp(join(tmpdir(), 'callbox-story-'))
    const [http, admin, media] = [await freePort(), await freePort(), await freePort()]
    const config = join(folder, 'callbox.toml')
    const lines = [
      `[server]\nlisten = "127.0.0.1:${http}"`,
      `[admin]\nlisten = "127.0.0.1:${admin}"`,
      `[media]\nlisten = "127.0.0.1:${media}"`,
      `[storage]\ndata_dir = "${join(folder, 'data')}"`,
      `[triage]\nrules_file = "${join(folder, 'triage.toml')}"`,
      // A second agency beside the demo's: nobody of the other stories meets it.
      `[[agencies]]\nid = "harbour.example"\nname = "Harbour Communications"\nemergency_number = "112"`,
      `banner = "This reaches the harbour."\n[agencies.demo]\nenabled = true`,
    ]
    await copyFile(new URL('../../config/triage.toml', import.meta.url), join(folder, 'triage.toml'))
    await writeFile(config, `${lines.join('\n\n')}\n`)
    const gateway = new Gateway(`http://127.0.0.1:${http}`, folder, config)
    await gateway.up()
    return gateway
  }

  /** Starts the process (again) and waits until it answers. */
  async up(): Promise<void> {
    const binary = process.env['CALLBOX_BIN']
    if (binary === undefined) throw new Error('CALLBOX_BIN names no gateway to test')
    const child = spawn(binary, ['serve', '--config', this.#config], { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.#folder, env: { ...process.env, ...this.#clock } })
    this.#process = child
    const keep = (chunk: Buffer): void => void (this.#said = (this.#said + chunk.toString()).slice(-20_000))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    await within('the gateway answers', async () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended:\n${this.#said}`)
      return (await fetch(`${this.origin}/api/v1/agency`).catch(() => null))?.ok === true
    })
  }

  /** Ends the process; `SIGKILL` is a crash. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child === null || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  /** Stops it in the middle of whatever it does, or lets it go on: a node that hangs. */
  freeze(frozen: boolean): void {
    this.#process?.kill(frozen ? 'SIGSTOP' : 'SIGCONT')
  }

  /** Goes on with these settings beside those it has. */
  async with(settings: string): Promise<void> {
    await this.down()
    await appendFile(this.#config, `\n${settings}\n`)
    await this.up()
  }

  /** The same so many days later: its clock is ahead of the browsers' from then on. */
  async after(days: number, settings: string): Promise<void> {
    this.#clock = { LD_PRELOAD: await faketime(), FAKETIME: `+${days}d`, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
    await this.with(settings)
  }

  /** Edits its settings while it runs, as an operator's editor does: the new file takes the old one's name. Answers the text. */
  async edit(change: (text: string) => string): Promise<string> {
    const text = change(await readFile(this.#config, 'utf8'))
    await writeFile(`${this.#config}.new`, text)
    await rename(`${this.#config}.new`, this.#config)
    return text
  }

  /** Loses everything it has stored, as a gateway that was set up anew; call while it is down. */
  async forget(): Promise<void> {
    await rm(join(this.#folder, 'data'), { recursive: true, force: true })
  }

  /** Replaces its rules of triage while it runs, and waits until they judge. */
  async rules(text: string): Promise<void> {
    const file = join(this.#folder, 'triage.toml')
    const told = (): number => this.#said.split('new rules of triage judge from now on').length
    const before = told()
    await writeFile(`${file}.new`, text)
    await rename(`${file}.new`, file)
    await within('the new rules judge', () => Promise.resolve(told() > before))
  }

  /** What it said on its outputs, for a failed story. */
  get said(): string {
    return this.#said
  }

  async remove(): Promise<void> {
    await this.down('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** The library that moves a process's clock (Debian: libfaketime). */
async function faketime(): Promise<string> {
  for (const folder of await readdir('/usr/lib')) {
    const library = `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`
    if (existsSync(library)) return library
  }
  throw new Error('libfaketime is missing: apt-get install libfaketime')
}

/** Longest wait for the words of a page, in ms, and how many characters of them a report holds. */
const READ_WITHIN_MS = 2_000
const LONGEST_SHOWN = 2_500

/** What a story gets. */
export class Story {
  readonly gateway: Gateway
  readonly #contexts: BrowserContext[] = []
  readonly #staff: Staff[] = []
  readonly #later: (() => void)[] = []
  readonly #mayAsk = new Set<string>()
  /** Violations of the content policy and errors of pages: a story with any fails. */
  readonly faults: string[] = []

  constructor(gateway: Gateway) {
    this.gateway = gateway
  }

  /**
   * A browser of its own with a page that is opened at a path: a whole one as residents and responders have it, with all that it may do to a
   * page; staff pages are open all night, and get the engine.
   */
  async visit(path = '/', { windows, ...options }: Options = {}): Promise<Page> {
    const isForStaff = /^\/(console|supervisor)\//.test(path)
    const open = isForStaff && !windows ? engine : browser
    const context = await open({ viewport: { width: 390, height: 844 }, locale: 'en-US', ...options })
    this.#contexts.push(context)
    context.setDefaultTimeout(WITHIN_MS)
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP ${event.violatedDirective} ${event.blockedURI}`)
      })
    })
    const page = context.pages()[0] ?? (await context.newPage())
    page.on('pageerror', (error) => this.faults.push(String(error)))
    page.on('console', (message) => {
      // The network being away is part of some stories.
      if (message.type() === 'error' && !/net::ERR_|WebSocket connection|Failed to load resource/.test(message.text())) {
        this.faults.push(message.text())
      }
    })
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (/^https?:$/.test(protocol) && origin !== this.gateway.origin && !this.#mayAsk.has(origin) && !request.isNavigationRequest()) {
        this.faults.push(`a request left the origin: ${origin}`)
      }
    })
    await page.goto(this.gateway.origin + path)
    return page
  }

  /** A signed-in telecommunicator without a page. */
  async telecommunicator(name = 'tina'): Promise<Staff> {
    const staff = await Staff.signIn(this.gateway.origin, name)
    this.#staff.push(staff)
    return staff
  }

  /** What each open page shows, for the report of a failure. */
  async shown(): Promise<string> {
    const pages = this.#contexts.flatMap((context) => context.pages())
    const read = (page: Page): Promise<string> =>
      Promise.race([
        page.evaluate(() => document.body.innerText.replaceAll(/\n+/g, ' | ')),
        new Promise<string>((done) => setTimeout(() => done('(does not answer)'), READ_WITHIN_MS)),
      ]).catch((error: unknown) => String(error))
    const texts = await Promise.all(pages.map(async (page) => `${page.url()}: ${(await read(page)).slice(0, LONGEST_SHOWN)}`))
    return texts.join('\n')
  }

  /** Pages of this story may ask another origin as well. */
  mayAsk(origin: string): void {
    this.#mayAsk.add(origin)
  }

  /** Runs when the story is over. */
  later(run: () => void): void {
    this.#later.push(run)
  }

  async end(): Promise<void> {
    for (const run of this.#later) run()
    for (const staff of this.#staff) staff.close()
    for (const context of this.#contexts) await context.close().catch(() => undefined)
  }
}

/** A person of the agency over the JSON subprotocol. */
export class Staff {
  readonly heard: ToStaff[] = []
  readonly #socket: WebSocket

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', (event) => this.heard.push(JSON.parse(String(event.data)) as ToStaff))
  }

  static async signIn(origin: string, name: string): Promise<Staff> {
    const response = await fetch(`${origin}/api/v1/sign-in`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ agency: 'demo.example', name, passphrase: `demo-${name}-911` }),
    })
    if (!response.ok) throw new Error(`sign-in answered ${response.status}`)
    const { token } = (await response.json()) as { token: string }
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws/staff`, 'callbox.v1.json')
    const staff = new Staff(socket)
    await new Promise<void>((done, fail) => {
      socket.addEventListener('open', () => done())
      socket.addEventListener('error', () => fail(new Error('no staff socket')))
    })
    staff.send({ kind: 'hello', client: 'story', token })
    const welcome = await staff.hear('welcome')
    // A console that says nothing is taken for lost, and rightly so.
    const beat = setInterval(() => staff.send({ kind: 'ping', n: 0 }), welcome.heartbeat_ms)
    socket.addEventListener('close', () => clearInterval(beat))
    staff.send({ kind: 'register', queues: welcome.queues.map(({ queue }) => queue) })
    staff.send({ kind: 'set_agent_state', state: 'available' })
    return staff
  }

  send(message: FromStaff): void {
    this.#socket.send(JSON.stringify(message))
  }

  /** Waits for a message of a kind, heard already or not. */
  async hear<K extends ToStaff['kind']>(kind: K, fits: (message: Extract<ToStaff, { kind: K }>) => boolean = () => true) {
    type Wanted = Extract<ToStaff, { kind: K }>
    const found = (): Wanted | undefined =>
      this.heard.find((message): message is Wanted => message.kind === kind && fits(message as Wanted))
    await within(`staff hear ${kind}`, () => Promise.resolve(found() !== undefined))
    return found() as Wanted
  }

  /** Takes the next session, and follows it. */
  async take(): Promise<string> {
    const id = newId()
    this.send({ kind: 'take_next', id })
    const { session } = await this.hear('receipt', (receipt) => receipt.id === id)
    this.send({ kind: 'follow', session, after: 0 })
    await this.hear('session', ({ row }) => row.session === session)
    return session
  }

  /** Does something to a session and waits for its receipt. */
  async do(session: string, command: StaffCommand): Promise<void> {
    const id = newId()
    this.send({ kind: 'do', id, session, command })
    await this.hear('receipt', (receipt) => receipt.id === id)
  }

  /** The log of a session as it was followed. */
  log(session: string): Extract<ToStaff, { kind: 'entry' }>[] {
    const entries = this.heard.filter((message) => message.kind === 'entry')
    return entries.filter((entry) => entry.session === session).sort((a, b) => a.seq - b.seq)
  }

  /** Texts of the resident in the log. */
  texts(session: string): string[] {
    return this.log(session).flatMap(({ by, event }) => (by.role === 'resident' && event.kind === 'text' ? [event.text] : []))
  }

  close(): void {
    this.#socket.close()
  }
}

/** Waits until something is so, or fails with what was waited for. */
export async function within(what: string, so: () => Promise<boolean>, ms = WITHIN_MS): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await so())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((next) => setTimeout(next, 50))
  }
}

/** Says what was expected. */
export function expect(so: boolean, what: string): asserts so {
  if (!so) throw new Error(`expected: ${what}`)
}

/** Below the ports that the kernel hands out: a gateway that is started again finds its own still free, whatever runs beside it. */
const PORTS = { from: 10_000, to: 32_000 }
let nextPort = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from))

export async function freePort(): Promise<number> {
  for (;;) {
    const port = (nextPort = nextPort < PORTS.to ? nextPort + 1 : PORTS.from)
    const server = createServer().listen(port, '127.0.0.1')
    if (!(await bound(server))) continue
    server.close()
    await once(server, 'close')
    // Media go over datagrams, of which a listener of connections knows nothing.
    const socket = createSocket('udp4').bind(port, '127.0.0.1')
    if (!(await bound(socket))) continue
    socket.close()
    await once(socket, 'close')
    return port
  }
}

function bound(socket: EventEmitter): Promise<boolean> {
  return once(socket, 'listening').then(() => true, () => false)
}
