// The resident page in every state that somebody may see: how each is reached, by a person's hands and a gateway in memory.
//
// Owns: the states. Must not: judge, or know whose hands these are: the stories' and the screens tool's are a browser's
// (`stories/resident_states.ts`), the design system's are the page's own (`resident.ts`).
import type { FakeGateway } from '../sdk/tests/fake_gateway.ts'

/** What a person does at the page, and waits for. Selectors are CSS; `nth` counts from 0, −1 is the last. */
export interface Hands {
  press(selector: string, nth?: number): Promise<void>
  fill(selector: string, text: string): Promise<void>
  key(selector: string, key: string): Promise<void>
  /** Chooses a photo; an empty file is none. */
  choose(selector: string, file: 'photo' | 'empty'): Promise<void>
  /** Waits until it stands there. */
  see(selector: string, nth?: number): Promise<void>
  /** Waits until this is so in the page; it names nothing from outside. */
  until(so: () => boolean): Promise<void>
  scroll(to: 'top' | 'bottom'): Promise<void>
}

/** The link between page and gateway. */
export interface Wire {
  /** It is lost, and does not come back. */
  cut(): void
  /** The gateway closes it with a code. */
  close(code: number): void
}

/** One state. */
export interface State {
  /** What it shows, for the design system. */
  readonly shows: string
  readonly search?: string
  /** Runs before the page: what this device cannot do. It names nothing from outside. */
  readonly device?: () => void
  /** Nobody answers at the other end. */
  readonly dead?: boolean
  readonly play: (hands: Hands, gateway: FakeGateway, wire: Wire) => Promise<void>
}

/** How often, and how many times, it is looked whether a message has arrived. */
const TURN_MS = 20
const WITHIN_TURNS = 500
const CARD = 'section.card'
const ASK = 'section.card[aria-labelledby^=ask-]'

/** The states, by what is empty, loading, busy, wrong, cut off, weak, flooded, and over. */
export const STATES: Readonly<Record<string, State>> = {
  begin: { shows: 'Empty: one question, usable at once.', play: ({ see }) => see('main h1') },
  test: {
    shows: 'The line is tried out: TEST on every screen.', search: 'test',
    async play(hands) {
      await begin(hands)
      await hands.see('.test')
    },
  },
  quiet: {
    shows: 'Silent mode, from the first question on.',
    async play({ press, see }) {
      await press('[aria-describedby=silent-hint]')
      await see('html[data-dim]')
    },
  },
  loading: {
    shows: 'Loading: usable at once, the link is made in the background.', dead: true,
    async play(hands) {
      await begin(hands)
      await hands.see('.status.away')
    },
  },
  line: {
    shows: 'In line: the place is told, and what comes next.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      inLine(gateway, 3, 60_000)
      await hands.see('[aria-current=step]')
    },
  },
  late: {
    shows: 'Longer than usual: the place is kept.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      inLine(gateway, 2, -5_000)
      await hands.see('.status [role=status] p', 1)
    },
  },
  overloaded: {
    shows: 'Overloaded: so many wait that no place is told.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      gateway.say({ kind: 'queue_place', place: 0, waiting: 812, counted: 500, staffed: true, deadline_ms: Date.now() - 90_000 })
      await hands.see('.status [role=status] p', 1)
    },
  },
  unstaffed: {
    shows: 'Nobody is at the desk: said, with what to do.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      gateway.say({ kind: 'queue_place', place: 1, waiting: 1, counted: 500, staffed: false, deadline_ms: Date.now() + 60_000 })
      await hands.see('.status [role=status] p')
    },
  },
  report: {
    shows: 'Busy: in contact, items on different rungs.',
    async play(hands, gateway) {
      await busy(hands, gateway)
      await hands.scroll('top')
    },
  },
  items: { shows: 'Busy: the same, where it is written.', play: busy },
  correcting: {
    shows: 'What is happening was told wrong: it is chosen again, and what was told stays to be read.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      await hands.press('[aria-describedby=category]')
      await hands.press('.card li .button', 0)
      await hands.see('[data-safety=safe]')
      await hands.press('[aria-describedby=category]')
      await hands.scroll('top')
    },
  },
  below: {
    shows: 'Reading farther up: something new stands below, one press brings it into sight.',
    async play(hands, gateway) {
      await busy(hands, gateway)
      await hands.scroll('top')
      gateway.staff({ kind: 'text', text: 'Go to the window and wave.', age_ms: 0 })
      await hands.see('.compose > .button')
    },
  },
  asked: {
    shows: 'Each ask is its own card, with Yes and No.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      gateway.staff({ kind: 'taken' })
      gateway.ask('place', 'Which side of the river?')
      gateway.ask('photo')
      gateway.ask('video')
      gateway.ask('audio')
      await hands.see(ASK, 3)
    },
  },
  offer: {
    shows: 'Camera, empty: why, Yes and No.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      gateway.staff({ kind: 'taken' })
      await hands.press('.add .button', 1)
      await hands.see('[aria-labelledby=offer-heading]')
    },
  },
  opening: {
    shows: 'Camera, loading: the browser asks.',
    device: () => void (navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined)),
    async play(hands, gateway) {
      await wantsCamera(hands, gateway)
      await hands.see('[data-opening]')
      await hands.scroll('top')
    },
  },
  camera: {
    shows: 'Camera on: who watches, that nothing is recorded, one tap stops it.',
    async play(hands, gateway) {
      await wantsCamera(hands, gateway, 'Can you hold the phone closer?')
      await hands.see('video')
      gateway.say({ kind: 'watching', telecommunicators: 1, supervisors: 1 })
      await hands.until(() => (document.querySelector('video')?.videoWidth ?? 0) > 0)
      await hands.scroll('top')
    },
  },
  refused_camera: {
    shows: 'Camera, error: which permission is missing, a photo instead.',
    device: () => void (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))),
    async play(hands, gateway) {
      await wantsCamera(hands, gateway)
      await hands.see('[data-failed=denied]')
      await hands.scroll('top')
    },
  },
  slow_link: {
    shows: 'Camera, degraded: a slow link, a photo is offered instead.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      gateway.staff({ kind: 'taken' })
      await hands.press('details summary')
      await hands.press('details input[type=radio]', 1)
      await hands.press('.add .button', 1)
      await hands.see('[data-notice=less]')
      await hands.see('[aria-labelledby=offer-heading]')
    },
  },
  looking: {
    shows: 'Place, loading.',
    device: () => void Object.defineProperty(navigator, 'geolocation', { value: { watchPosition: () => 1, clearWatch: () => undefined } }),
    async play(hands) {
      await begin(hands)
      await hands.press(`${CARD} .act`)
      await hands.see('[aria-labelledby=place-heading]')
    },
  },
  place: {
    shows: 'Place found: source, accuracy, age; moved by buttons or arrow keys.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      inLine(gateway, 3, 60_000)
      await hands.press(`${CARD} .act`)
      await hands.see('[data-place]')
      await hands.press(`${CARD} .button`, 1)
      await hands.see('.pad')
      await hands.key('.pad .north', 'ArrowUp')
    },
  },
  denied: {
    shows: 'Place, error: it is denied; it can be allowed and shared again, or typed.',
    device: () => {
      const refuses = (_found: PositionCallback, failed: PositionErrorCallback): number => {
        setTimeout(() => failed({ code: 1, message: '', PERMISSION_DENIED: 1, POSITION_UNAVAILABLE: 2, TIMEOUT: 3 } as GeolocationPositionError))
        return 1
      }
      Object.defineProperty(navigator, 'geolocation', { value: { watchPosition: refuses, clearWatch: () => undefined } })
    },
    async play(hands) {
      await begin(hands)
      await hands.press(`${CARD} .act`)
      await hands.see('[data-place-failed=denied]')
    },
  },
  contact: {
    shows: 'While nobody reads yet: how to be reached if the page closes. It can be skipped.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      inLine(gateway, 3, 60_000)
      await hands.press(`${CARD} .button`, 1)
      await hands.see('#contact-question')
    },
  },
  given: {
    shows: 'What was told stands there like everything else, with its receipts.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      inLine(gateway, 3, 60_000)
      await hands.press(`${CARD} .button`, 1)
      await hands.fill('[aria-labelledby=contact-question] input', '555 0100')
      await hands.press('[aria-labelledby=contact-question] button[type=submit]')
      await hands.see('li [data-safety=safe]')
    },
  },
  refused_photo: {
    shows: 'A photo that is not taken: its name, the reason.',
    async play(hands) {
      await begin(hands)
      await hands.choose('.add input[type=file]', 'empty')
      await hands.see('li [data-safety=refused]')
    },
  },
  error: {
    shows: 'Error: what the gateway refused, with the reason; the words stay.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      await write(hands, 'The water comes in at the back.')
      await hands.see('[data-safety=safe]')
      gateway.mute = true
      await write(hands, 'It is up to the knee.')
      const id = await heard(gateway, 'It is up to the knee.')
      gateway.say({ kind: 'error', id, code: 'too_old', number: 2013, retry: 'never', message: '' } as Parameters<FakeGateway['say']>[0])
      await hands.see('[data-safety=refused]')
    },
  },
  choices: {
    shows: 'More choices: how much is sent, signing, silence.',
    async play(hands) {
      await begin(hands)
      await hands.press('details summary')
      await hands.scroll('bottom')
    },
  },
  memory: {
    shows: 'Degraded: this device keeps no copies.',
    device: () => void (IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError') }),
    async play(hands) {
      await begin(hands)
      await hands.see('[data-notice=keep-memory]')
    },
  },
  degraded: {
    shows: 'Degraded: an island. What is sent is stored, and not yet safe.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      gateway.alone = true
      await write(hands, 'The bridge is under water.')
      await hands.see('[data-safety=stored]')
    },
  },
  offline: {
    shows: 'Offline: on this device, so many wait; the number to call.',
    async play(hands, gateway, wire) {
      await begin(hands, gateway)
      gateway.mute = true
      await write(hands, 'The stairs are full of smoke.')
      await write(hands, 'We are four people on the third floor.')
      wire.cut()
      await hands.see('.away')
    },
  },
  elsewhere: {
    shows: 'The report is open in another window.',
    async play(hands, _gateway, wire) {
      await begin(hands)
      wire.close(4300)
      await hands.see('.status .choices')
    },
  },
  old: {
    shows: 'An old page: it is loaded again by a press, the words stay.',
    async play(hands, _gateway, wire) {
      await begin(hands)
      await hands.fill('#text', 'Two people are still in the')
      wire.close(4301)
      await hands.see('.status .choices')
    },
  },
  leaving: {
    shows: 'Leaving asks first.',
    async play(hands) {
      await begin(hands)
      await hands.press('.leave .button')
      await hands.scroll('bottom')
    },
  },
  left: {
    shows: 'Left: what they have, and the way back.',
    async play(hands) {
      await begin(hands)
      await write(hands, 'It is over, thank you.')
      await hands.see('[data-safety=safe]')
      await hands.press('.leave .button')
      await hands.press('.leave .button')
      await ended(hands)
    },
  },
  begun: {
    shows: 'Ended while something stood in the field.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      await hands.fill('#text', 'Two people are still in the')
      gateway.staff({ kind: 'closed', disposition: 'advice_given', note: '' })
      await hands.see('#begun-heading')
    },
  },
  closed: {
    shows: 'Ended: it stays readable.',
    async play(hands, gateway) {
      await begin(hands, gateway)
      await write(hands, 'The water is going down again.')
      gateway.staff({ kind: 'closed', disposition: 'advice_given', note: '' })
      await ended(hands)
    },
  },
}

/** Begins a report; with a gateway it has the session too, so that what it says next is about one. */
async function begin({ press, see }: Hands, gateway?: FakeGateway): Promise<void> {
  await press('main li .button')
  await see('#text')
  await see('.leave')
  if (gateway !== undefined) await comes('a report', () => gateway.entries[0])
}

/** Waits until the gateway has something. */
async function comes<T>(what: string, look: () => T | undefined): Promise<T> {
  for (let turn = 0; turn < WITHIN_TURNS; turn += 1) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((next) => setTimeout(next, TURN_MS))
  }
  throw new Error(`the gateway did not get ${what}`)
}

function inLine(gateway: FakeGateway, place: number, due_ms: number): void {
  gateway.say({ kind: 'queue_place', place, waiting: 7, counted: 500, staffed: true, deadline_ms: Date.now() + due_ms })
}

async function write({ fill, press }: Hands, text: string): Promise<void> {
  await fill('#text', text)
  await press('.compose form button[type=submit]')
}

/** The id of the command that brought this text. */
function heard(gateway: FakeGateway, text: string): Promise<string> {
  return comes(text, () => {
    const found = gateway.received.find((message) => message.kind === 'do' && message.command.kind === 'text' && message.command.text === text)
    return found?.kind === 'do' ? found.id : undefined
  })
}

async function ended({ see }: Hands): Promise<void> {
  await see('main .card h1')
}

async function wantsCamera(hands: Hands, gateway: FakeGateway, question?: string): Promise<void> {
  await begin(hands, gateway)
  gateway.staff({ kind: 'taken' })
  if (question !== undefined) gateway.ask('audio', question)
  await hands.press('.add .button', 1)
  await hands.press('[aria-labelledby=offer-heading] .act')
}

async function busy(hands: Hands, gateway: FakeGateway): Promise<void> {
  await begin(hands, gateway)
  await hands.press(`${CARD} .act`)
  await write(hands, 'There is smoke on the stairs. I think it comes from the cellar.')
  gateway.staff({ kind: 'taken' })
  const seen = gateway.entries.at(-1)?.seq ?? 0
  gateway.staff({ kind: 'text', text: 'Help is on its way. Is everybody out?', age_ms: 0 })
  await hands.choose('.add input[type=file]', 'photo')
  await hands.see('img')
  gateway.ask('photo', 'Can you show the front door?')
  gateway.say({ kind: 'attention', delivered: gateway.entries.at(-1)?.seq ?? 0, seen })
  gateway.mute = true
  await write(hands, 'Two people are still inside.')
  gateway.say({ kind: 'real_time_text', message: 'e'.repeat(32), part: 0, from: 0, text: 'Which floor are th' })
  await hands.see('.typing')
}

/** A photo to choose, drawn by the page's own canvas; it names nothing from outside. */
export async function drawnPhoto(): Promise<number[]> {
  const canvas = new OffscreenCanvas(640, 480)
  const brush = canvas.getContext('2d')
  for (const [colour, ...box] of [['#456', 0, 0, 640, 480], ['#8a4b2a', 220, 90, 200, 390], ['#222', 250, 300, 80, 180]] as const) {
    if (brush) brush.fillStyle = colour
    brush?.fillRect(...(box as unknown as [number, number, number, number]))
  }
  return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())]
}
