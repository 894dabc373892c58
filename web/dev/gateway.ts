// Development only, never built: a made-up gateway inside the page, for looking at the staff pages without a server.
// It replaces WebSocket and fetch, knows a handful of sessions of an invented town, and answers the commands a person presses.
import type { Kinded } from '../sdk/src/codec.ts'
import { MadeUpSocket, replaceNetwork } from './made_up.ts'
import type { State } from './states.ts'
import type { Category, Event, FromStaff, NodeFigures, SessionRow, StaffCommand, ToStaff } from '../sdk/src/protocol.ts'

const supervisor = location.pathname.includes('supervisor')
const wallboard = supervisor && location.search.includes('wallboard')
const asked = new URLSearchParams(location.search)
const administrator = supervisor && asked.has('nodes')
/** Who is signed in. */
const ME = administrator ? { staff: 'ada', name: 'Ada', role: 'administrator' } : supervisor ? { staff: 'sue', name: 'Sue', role: wallboard ? 'wallboard' : 'supervisor' } : { staff: 'tina', name: 'Tina', role: 'telecommunicator' }
/** Which state of `states.ts` to play. */
const state = (asked.get('state') ?? 'ready') as State
const now = (): number => Date.now()
const START = now()
const sid = (number: number): string => number.toString(16).padStart(32, 'a')
const TARGETS: [number, number, number, number, number] = [15_000, 30_000, 60_000, 180_000, 600_000]

type Entry = Extract<ToStaff, { kind: 'entry' }>
const logs = new Map<string, Entry[]>()

function row(number: number, priority: 1 | 2 | 3 | 4 | 5, category: Category, agoS: number, change: Partial<SessionRow> = {}): SessionRow {
  const entered = START - agoS * 1_000
  const deadline = entered + (TARGETS[priority - 1] ?? 60_000)
  return {
    session: sid(number), queue: 'main', standing: 'waiting', priority, rules: [], category, language: 'en', silent: false,
    entered_ms: entered, deadline_ms: deadline, rank: deadline - (priority === 1 ? 1e12 : 0), located: true, photos: 0, messages: 1, live: [],
    connected: true, quick_exit: false, ...(change.located === false ? {} : { place: near(number) }), ...change,
  }
}

/** A place near the mill of the made-up town, in degrees from it. */
const at = (north: number, east: number): SessionRow['place'] & {} => ({ latitude: 40 + north, longitude: -100 + east, uncertainty_m: 30, service: false })
/** Somewhere in the invented town, the same for the same session. */
function near(number: number): NonNullable<SessionRow['place']> {
  const [north, east] = [((number * 37) % 101) / 101, ((number * 61) % 97) / 97]
  // Of many, most come from around two places, as when a bridge falls and a house burns.
  const crowded = number >= 100 && number % 4 > 0
  const [latitude, longitude] = crowded ? [40 + (number % 2) / 40 + north / 400, -100 + (number % 2) / 25 + east / 300] : [39.97 + north / 10, -100.06 + east / 8]
  return { latitude, longitude, uncertainty_m: crowded ? 20 : 60, service: false }
}

const rows: SessionRow[] = [
  row(1, 1, 'medical', 21, { messages: 3, rules: [
    { rule: 'not-breathing', priority: 1, because: 'The words say that somebody does not breathe' },
    { rule: 'medical', priority: 2, because: 'Category medical' }] }),
  row(2, 1, 'violence', 8, { silent: true, messages: 1, language: 'es', rules: [{ rule: 'silent-violence', priority: 1, because: 'Violence, and the resident cannot talk' }] }),
  row(3, 2, 'fire', 41, { photos: 2, place: at(0.0009, 0.0011), rules: [{ rule: 'smoke', priority: 2, because: 'The words say smoke in a building' }] }),
  row(4, 2, 'hazard', 12, { language: 'fr', place: at(-0.0004, 0.0002), rules: [{ rule: 'gas', priority: 2, because: 'Smell of gas' }] }),
  row(5, 3, 'traffic', 55, { photos: 1, rules: [{ rule: 'traffic', priority: 3, because: 'Category traffic' }] }),
  row(6, 3, 'missing_person', 20, { messages: 6 }),
  row(7, 4, 'welfare', 100, { connected: false }),
  row(8, 4, 'property_crime', 62),
  row(9, 5, 'other', 240, { located: false, messages: 0 }),
  row(20, 2, 'fire', 320, { standing: 'owned', owner: supervisor ? 'tina' : 'tina', answered_ms: START - 300_000, messages: 5, photos: 2, live: ['video'], place: at(0.0001, 0.0002), incident: sid(20),
    rules: [{ rule: 'smoke', priority: 2, because: 'The words say smoke in a building' }] }),
  row(21, 3, 'traffic', 120, { standing: 'owned', owner: 'tina', answered_ms: START - 90_000 }),
  row(23, 2, 'fire', 200, { standing: 'owned', owner: 'tom', answered_ms: START - 170_000, messages: 2, place: at(0.0006, 0.0004), incident: sid(20) }),
  row(22, 4, 'welfare', 900, { standing: 'owned', owner: 'tom', answered_ms: START - 700_000 }),
  row(30, 3, 'violence', 700, { standing: 'abandoned', connected: false, quick_exit: true }),
  row(31, 4, 'traffic', 410, { standing: 'abandoned', connected: false, contact: '+1 555 0123', place: { latitude: 40.0007, longitude: -99.9991, uncertainty_m: 25, service: false } }),
]

const RESIDENT = { role: 'resident' } as const
const TINA = { role: 'staff', as: 'telecommunicator', staff: 'tina' } as const
const PHOTO = 'f'.repeat(32)

function log(session: string, list: [number, Entry['by'], Event][]): void {
  logs.set(session, list.map(([agoS, by, event], place) => ({
    kind: 'entry', session, seq: place + 1, at_ms: START - agoS * 1_000, by, command: (place + 1).toString(16).padStart(32, session.slice(-4)), event,
  })))
}

const place = (north: number, east: number, metres: number): Event => ({
  kind: 'located', location: { latitude: 40 + north, longitude: -100 + east, uncertainty_m: metres, method: 'gnss', age_ms: 2_000 },
})
log(sid(20), [
  [320, RESIDENT, { kind: 'opened', agency: 'demo.example', queue: 'main', category: 'fire', language: 'en', silent: false, device: { video: true, audio: true, place: true }, resident: sid(99), contact: '+1 555 0100, ask for the caretaker' }],
  [320, { role: 'gateway' }, { kind: 'triaged', priority: 2, rules: [{ rule: 'smoke', priority: 2, because: 'The words say smoke in a building' }], version: '1', deadline_ms: START - 290_000 }],
  [319, RESIDENT, { kind: 'text', text: 'there is smoke coming out of the cellar, corner of Mill Lane and Third', age_ms: 0 }],
  [318, RESIDENT, place(0.0001, 0.0002, 90)],
  [300, TINA, { kind: 'taken' }],
  [291, TINA, { kind: 'text', text: 'Help is on the way. Is anybody still inside the building?', age_ms: 0 }],
  [270, RESIDENT, { kind: 'text', text: 'dont know. second floor has light', age_ms: 0 }],
  [262, TINA, { kind: 'asked', ask: 'b'.repeat(32), medium: 'photo' }],
  [255, RESIDENT, { kind: 'consented', medium: 'photo', granted: true, ask: 'b'.repeat(32) }],
  [240, RESIDENT, { kind: 'photo_announced', photo: PHOTO, media_type: 'image/jpeg', size_bytes: 2_310_000, preview: true, age_ms: 0 }],
  [239, { role: 'gateway' }, { kind: 'photo_previewed', photo: PHOTO }],
  [228, { role: 'gateway' }, { kind: 'photo_stored', photo: PHOTO, sha256: 'ab12cd34ef56'.padEnd(64, '0'), size_bytes: 2_310_000, media_type: 'image/jpeg', copy: true }],
  [200, RESIDENT, place(0.0004, 0.0007, 30)],
  [150, RESIDENT, place(0.0008, 0.0009, 18)],
  [140, TINA, { kind: 'service_located', location: { latitude: 40.0001, longitude: -99.9998, uncertainty_m: 30, method: 'gnss', age_ms: 0 }, from: 4 }],
  [120, TINA, { kind: 'note', text: 'Engine 4 and ladder 2 sent, caretaker has the keys.' }],
  [90, RESIDENT, { kind: 'photo_announced', photo: 'e'.repeat(32), media_type: 'image/heic', size_bytes: 4_100_000, preview: false, age_ms: 0 }],
  [80, TINA, { kind: 'asked', ask: 'c'.repeat(32), medium: 'video' }],
  [60, RESIDENT, { kind: 'consented', medium: 'video', granted: true, ask: 'c'.repeat(32) }],
  [58, { role: 'gateway' }, { kind: 'media_started', medium: 'video' }],
  [50, TINA, { kind: 'linked', incident: sid(20) }],
  [40, TINA, { kind: 'text', text: 'Please step back across the street. Do not go in.', age_ms: 0 }],
  [12, RESIDENT, { kind: 'text', text: 'ok. the neighbour from the second floor is out, she says nobody else is in there', age_ms: 6_000 }],
])
log(sid(21), [
  [120, RESIDENT, { kind: 'opened', agency: 'demo.example', queue: 'main', category: 'traffic', language: 'en', silent: false, device: { video: false, audio: false, place: true }, resident: sid(98) }],
  [120, { role: 'gateway' }, { kind: 'triaged', priority: 3, rules: [], version: '1', deadline_ms: START }],
  [118, RESIDENT, { kind: 'text', text: 'two cars, one lane blocked on the river road', age_ms: 0 }],
  [90, TINA, { kind: 'taken' }],
])
log(sid(22), [[900, RESIDENT, { kind: 'opened', agency: 'demo.example', queue: 'main', category: 'welfare', language: 'en', silent: false, device: { video: false, audio: false, place: true }, resident: sid(97) }]])
/** One that ended: it can be gone through again. */
const ENDED = row(40, 2, 'fire', 1_900, { standing: 'closed', answered_ms: START - 1_880_000, messages: 4, photos: 1, connected: false })
log(sid(40), [
  [1_900, RESIDENT, { kind: 'opened', agency: 'demo.example', queue: 'main', category: 'fire', language: 'en', silent: false, device: { video: true, audio: true, place: true }, resident: sid(96) }],
  [1_900, { role: 'gateway' }, { kind: 'triaged', priority: 2, rules: [{ rule: 'smoke', priority: 2, because: 'The words say smoke in a building' }], version: '1', deadline_ms: START - 1_870_000 }],
  [1_898, RESIDENT, { kind: 'text', text: 'the shed behind the bakery burns, it smells of plastic', age_ms: 0 }],
  [1_890, RESIDENT, place(0.0021, 0.0013, 40)],
  [1_880, TINA, { kind: 'taken' }],
  [1_871, TINA, { kind: 'text', text: 'Is anybody in it? Stay away from the smoke.', age_ms: 0 }],
  [1_840, RESIDENT, { kind: 'photo_announced', photo: PHOTO, media_type: 'image/jpeg', size_bytes: 1_810_000, preview: true, age_ms: 0 }],
  [1_839, { role: 'gateway' }, { kind: 'photo_previewed', photo: PHOTO }],
  [1_822, RESIDENT, { kind: 'text', text: 'no, it is locked. the baker is here with us', age_ms: 0 }],
  [1_790, RESIDENT, place(0.0023, 0.0018, 15)],
  [1_700, TINA, { kind: 'note', text: 'Engine 2 on scene, nobody inside.' }],
  [1_510, RESIDENT, { kind: 'text', text: 'they are here, thank you', age_ms: 0 }],
  [1_480, TINA, { kind: 'closed', disposition: 'help_sent', note: 'Out at first sight.' }],
])
if (state === 'empty') rows.length = 0
if (state === 'overloaded') {
  for (let number = 100; number < 600; number += 1) {
    const priority = ((number % 5) + 1) as 1 | 2 | 3 | 4 | 5
    rows.push(row(number, priority, number % 3 === 0 ? 'fire' : 'medical', 30 + (number * 7) % 900))
  }
}
alone()

/** Frames of the catalog are windows of one origin: each state talks to itself only, and is signed in already. */
function alone(): void {
  if (!asked.has('state')) return
  const own = (name: string): string => `${name} ${state} ${asked.get('panel') ?? ''}`
  const Channel = window.BroadcastChannel
  window.BroadcastChannel = class extends Channel {
    constructor(name: string) {
      super(own(name))
    }
  }
  const { locks } = navigator
  const request = locks.request.bind(locks) as (name: string, ...rest: unknown[]) => Promise<unknown>
  locks.request = ((name: string, ...rest: unknown[]) => request(own(name), ...rest)) as typeof locks.request
  const signedIn = JSON.stringify({ token: 't', expires_ms: now() + 3_600_000, agency: 'demo.example', ...ME })
  for (const page of ['supervisor', 'wallboard', 'console']) sessionStorage.setItem(`callbox-${page}`, signedIn)
}

if (state === 'map_failed') {
  const { getContext } = HTMLCanvasElement.prototype
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
    return kind.startsWith('webgl') ? null : (getContext.call(this, kind as '2d', ...(rest as [])) as never)
  } as typeof getContext
}
if (state !== 'sound_off') sounds()

/** As after a press: a frame that nobody has pressed yet is no console without sound. */
function sounds(): void {
  window.AudioContext = class extends AudioContext {
    override get state(): AudioContextState {
      return 'running'
    }

    override resume(): Promise<void> {
      return Promise.resolve()
    }
  }
  addEventListener('load', () => setTimeout(() => dispatchEvent(new PointerEvent('pointerup'))))
}

/** What fails only when somebody wants to see it is pressed as soon as it is there. */
function presses(selector: string): void {
  const watch = new MutationObserver(() => {
    const button = document.querySelector<HTMLElement>(selector)
    if (!button) return
    watch.disconnect()
    button.click()
  })
  watch.observe(document, { subtree: true, childList: true })
}
if (state === 'media_failed') presses('[data-act=show]')
if (state === 'error') presses('[data-act=next]:enabled')

/** What has to be pressed, one after the other, until something stands there that no page begins with. */
const OPENED_BY: Readonly<Record<string, readonly string[]>> = {
  transfer: ['[data-act=transfer]:enabled'],
  close: ['[data-act=close]:enabled'],
  reassign: ['[data-act=move]:enabled'],
  drain: ['[data-act=drain]:enabled'],
  // Begun and stopped at its beginning, then on to its middle.
  replay: ['#sessions-tab-closed', '#sessions-panel [data-act=watch]:enabled', ...Array<string>(2).fill('[data-act=replay]'), ...Array<string>(7).fill('[data-act=replay-next]:enabled')],
}
/** Presses to come. */
let toPress = OPENED_BY[asked.get('opens') ?? ''] ?? []
if (toPress.length > 0) {
  const timer = setInterval(() => {
    const button = document.querySelector<HTMLElement>(toPress[0] ?? '')
    if (!button || telling > 0) return
    button.click()
    toPress = toPress.slice(1)
    if (toPress.length > 0) return
    clearInterval(timer)
    played()
  }, 100)
}

/** Messages on their way to the page. */
let telling = 0

/** Says on the page, for whoever looks at it by a script, that everything of this state was told. */
function played(): void {
  if (telling === 0 && toPress.length === 0 && (state !== 'offline' || (window as { lost?: boolean }).lost)) document.documentElement.dataset['played'] = state
}

class Socket extends MadeUpSocket {
  #version = 1

  constructor() {
    super()
    const lost = (window as { lost?: boolean }).lost
    setTimeout(() => (lost ? this.onclose?.({ code: 1006 }) : this.onopen?.()), 30)
    Object.assign(window, { cut: () => { Object.assign(window, { lost: true }); this.onclose?.({ code: 1006 }); played() } })
  }

  hear(message: ToStaff | Kinded): void {
    telling += 1
    this.say(message, 15, () => {
      telling -= 1
      played()
    })
  }

  protected override take(said: Kinded): void {
    const message = said as FromStaff
    if (message.kind === 'hello') this.#hello()
    if (message.kind === 'ping') this.hear({ kind: 'pong', n: message.n })
    if (message.kind === 'list_closed') this.hear({ kind: 'history', id: message.id, rows: supervisor ? [ENDED] : [], more: false })
    if (message.kind === 'drain' || message.kind === 'undrain') {
      if (state === 'error') this.hear({ kind: 'error', id: message.id, code: 'nowhere_to_go', number: 2025, retry: 'after_change', message: '' } as ToStaff)
      else this.hear({ kind: 'done', id: message.id })
    }
    if (message.kind === 'follow') this.#follow(message.session, message.after)
    if (message.kind === 'take_next') {
      const next = rows.find((one) => one.standing === 'waiting')
      if (next) this.#do(message.id, next.session, { kind: 'take' })
    }
    if (message.kind === 'media_offer') this.#refuse(message.id, 'media_busy', 2016)
    if (message.kind === 'do') this.#do(message.id, message.session, message.command)
  }

  #hello(): void {
    this.hear({
      kind: 'welcome', connection: sid(7), now_ms: now(), heartbeat_ms: 10_000,
      agency: { agency: 'demo.example', name: 'Riverbend 911', banner: 'Demo', emergency_number: '911', exit_url: 'https://example.org/' },
      ...ME,
      queues: ['main', 'harbor', 'night'].map((queue) => ({ queue, name: { main: 'Main', harbor: 'Harbor district', night: 'Night line' }[queue] ?? queue, targets_ms: TARGETS, target_share_percent: 90 })),
      limits: { message_bytes: 1, text_chars: 8_000, preview_bytes: 1, photo_bytes: 1, photos: 100 },
    } as ToStaff)
    if (state === 'loading') return
    this.#list()
    this.#colleagues()
    this.#board()
    setInterval(() => this.#board(), 1_000)
    if (state === 'offline') setTimeout(() => (window as { cut?: () => void }).cut?.(), 1_000)
  }

  #count(standing: string): number {
    return rows.filter((one) => one.standing === standing).length
  }

  #list(): void {
    this.#version += 1
    this.hear({ kind: 'sessions', version: this.#version, rows, waiting: this.#count('waiting'), owned: this.#count('owned'), abandoned: this.#count('abandoned'), island: state === 'degraded' })
  }

  #colleagues(): void {
    if (wallboard || administrator) return
    this.hear({
      kind: 'colleagues',
      people: [
        { staff: 'tina', name: 'Tina', state: 'available' },
        { staff: 'sue', name: 'Sue', state: 'not_available' },
        { staff: 'tom', name: 'Tom', state: 'not_available', reason: 'wrap_up' },
      ],
    })
  }

  #board(): void {
    const waiting = rows.filter((one) => one.standing === 'waiting')
    const since = (priority?: number): number => Math.min(...waiting.filter((one) => priority === undefined || one.priority === priority).map((one) => one.entered_ms))
    const by = [1, 2, 3, 4, 5].map((priority) => waiting.filter((one) => one.priority === priority).length) as [number, number, number, number, number]
    const longest = waiting.length > 0
      ? { longest_since_ms: since(), longest: [1, 2, 3, 4, 5].filter((priority) => (by[priority - 1] ?? 0) > 0).map((priority) => ({ priority, since_ms: since(priority) })) }
      : {}
    this.hear({
      kind: 'board', now_ms: now(), guarantee: state === 'degraded' ? 'none' : 'local_disk',
      queues: [
        { queue: 'main', waiting: waiting.length, waiting_by_priority: by, ...longest, answered: 212, answered_in_target: 185, abandoned: 4, staffed: 2 },
        { queue: 'harbor', waiting: 1, waiting_by_priority: [0, 0, 1, 0, 0], longest_since_ms: START - 30_000, longest: [{ priority: 3, since_ms: START - 30_000 }], answered: 41, answered_in_target: 40, abandoned: 0, staffed: 0 },
        { queue: 'night', waiting: 0, waiting_by_priority: [0, 0, 0, 0, 0], answered: 0, answered_in_target: 0, abandoned: 0, staffed: 1 },
      ],
      states: [{ people: 1 }, { reason: 'wrap_up', people: 1 }],
      nodes: wallboard ? [] : nodes(),
      people: wallboard || administrator ? [] : [
        { staff: 'tina', name: 'Tina', role: 'telecommunicator', state: 'available', since_ms: START - 1_800_000, sessions: 2, alarms: state === 'overloaded' ? 14 : 3, exposed_ms: 412_000 },
        { staff: 'tom', name: 'Tom', role: 'telecommunicator', state: 'not_available', reason: 'wrap_up', since_ms: START - 95_000, sessions: 1, alarms: 1, exposed_ms: 64_000 },
        { staff: 'sue', name: 'Sue', role: 'supervisor', state: 'not_available', since_ms: START - 60_000, sessions: 0, alarms: 0, exposed_ms: 0 },
      ],
    } as ToStaff)
  }

  #follow(session: string, after: number): void {
    const entries = logs.get(session) ?? []
    const found = [...rows, ENDED].find((one) => one.session === session)
    if (!found) return
    this.hear({ kind: 'session', row: found, head: entries.length, after })
    for (const entry of entries.slice(after)) this.hear(entry)
    this.hear({ kind: 'presence', session, connected: found.connected, delivered: Math.max(0, entries.length - 1), seen: 10 })
    this.hear({ kind: 'live', session, video: session === sid(20), audio: false, watching: { telecommunicators: 0, supervisors: 1 } })
    if (session === sid(20)) {
      this.hear({ kind: 'real_time_text', session, by: RESIDENT, typed: { message: 'd'.repeat(32), part: 0, from: 0, text: 'i can see the truck now, shall i wa' } })
    }
  }

  #refuse(id: string, code: string, number: number): void {
    this.hear({ kind: 'error', id, code, number, retry: 'never', message: '' } as ToStaff)
  }

  #do(id: string, session: string, command: StaffCommand): void {
    if (state === 'busy') return
    if (state === 'error') return this.#refuse(id, 'not_allowed', 2001)
    const place = rows.findIndex((one) => one.session === session)
    const found = rows[place] ?? (session === ENDED.session ? ENDED : undefined)
    if (!found) return
    if (command.kind === 'take' && session === sid(3)) {
      this.hear({ kind: 'error', id, code: 'already_taken', number: 2007, retry: 'after_change', message: '', owner: 'tom' } as ToStaff)
      return
    }
    const seq = (logs.get(session)?.length ?? 0) + 1
    this.hear({ kind: 'receipt', id, session, rung: 'safe', first: seq, last: seq })
    const event = eventOf(command, id)
    if (!event) return
    const entry: Entry = { kind: 'entry', session, seq, at_ms: now(), by: supervisor ? { role: 'staff', as: 'supervisor', staff: 'sue' } : TINA, command: id, event }
    logs.set(session, [...(logs.get(session) ?? []), entry])
    if (command.kind === 'take') rows[place] = { ...found, standing: 'owned', owner: 'tina', answered_ms: now() }
    if (command.kind === 'set_priority') rows[place] = { ...found, priority: command.priority, priority_reason: command.reason }
    if (command.kind === 'close') rows.splice(place, 1)
    if (command.kind === 'link') rows[place] = { ...found, incident: command.incident }
    if (command.kind === 'unlink') {
      const { incident: _, ...rest } = found
      rows[place] = rest
    }
    if (command.kind === 'release') {
      const { owner: _, ...rest } = found
      rows[place] = { ...rest, standing: 'waiting' }
    }
    this.hear(entry)
    this.#list()
    this.#board()
  }
}

/** Three nodes; what is wrong with them depends on the state. */
function nodes(): NodeFigures[] {
  const kept = state === 'empty' ? 0 : 640
  const east: NodeFigures = {
    name: 'east', version: '0.1.0', state: 'ready', here: true, heard_ms: now(), connections: kept + 22, sessions: kept, guarantee: state === 'degraded' ? 'none' : 'replicated',
    disk_free_bytes: 61e9, config: { version: '3fa9c01b', since_ms: START - 86_400_000 }, ...(state === 'degraded' ? { because: 'nothing can be stored', disk_free_bytes: 9e8 } : {}),
  }
  const west: NodeFigures = { ...east, name: 'west', here: false, heard_ms: now() - 1_000, connections: kept + 9, guarantee: 'replicated', disk_free_bytes: 58e9 }
  if (state === 'empty') return [{ ...east, name: '', guarantee: 'local_disk' }]
  if (state !== 'degraded' && state !== 'overloaded') return [east, west]
  const { because: _, ...well } = west
  return [
    east,
    { ...well, name: 'north', state: 'gone', heard_ms: START - 90_000, version: '0.0.9' },
    state === 'degraded'
      ? { ...west, guarantee: 'island', because: 'island: the shared tier does not answer; stored means on this node\'s disk', kept: 41, kept_since_ms: START - 9_000, differs: ['triage'],
          config: { version: '9d40aa17', since_ms: START - 400_000, needs_restart: ['server.drain_s', 'session.heartbeat_s'],
            refused: { at_ms: START - 60_000, place: 'callbox.toml:212', key: 'agency.exit_url', fault: 'out_of_bounds' } } }
      : { ...west, state: 'draining', connections: 120, drain: { began_with: 649, per_s: 50, left_ms: 41_000 } },
  ]
}

function eventOf(command: StaffCommand, id: string): Event | undefined {
  switch (command.kind) {
    case 'take': return { kind: 'taken' }
    case 'text': return { kind: 'text', text: command.text, age_ms: 0 }
    case 'note': return { kind: 'note', text: command.text }
    case 'ask': return { kind: 'asked', ask: id, medium: command.medium }
    case 'seen': return { kind: 'seen', up_to: command.up_to }
    case 'reveal': return { kind: 'photo_revealed', photo: command.photo }
    case 'release': return { kind: 'released', reason: 'given_back' }
    case 'close': return { kind: 'closed', disposition: command.disposition, note: command.note ?? '' }
    case 'set_priority': return { kind: 'priority_changed', priority: command.priority, reason: command.reason, deadline_ms: now() }
    case 'set_service_location': return { kind: 'service_located', location: command.location, ...(command.from ? { from: command.from } : {}) }
    case 'link': return { kind: 'linked', incident: command.incident }
    case 'unlink': return { kind: 'unlinked', incident: command.incident }
    case 'watch': return { kind: 'watched', staff: 'sue', as: 'supervisor' }
    default: return undefined
  }
}

async function picture(): Promise<Blob> {
  const canvas = new OffscreenCanvas(640, 420)
  const context = canvas.getContext('2d')
  if (!context) throw new Error('a canvas draws')
  for (const [colour, ...box] of [['#8aa0b5', 0, 0, 640, 420], ['#6b5a4d', 120, 90, 300, 330], ['#222', 180, 300, 60, 120], ['#e8e4da', 260, 130, 50, 70], ['#555', 0, 380, 640, 40]] as const) {
    context.fillStyle = colour
    context.fillRect(...(box as unknown as [number, number, number, number]))
  }
  return canvas.convertToBlob({ type: 'image/jpeg' })
}

replaceNetwork(Socket, (url) => {
  if (url.includes('/sign-in')) return Response.json({ token: 't', expires_ms: now() + 3_600_000, agency: 'demo.example', ...ME })
  if (url.includes('/photos/')) return state === 'media_failed' ? new Response(null, { status: 503 }) : picture().then((drawn) => new Response(drawn))
  return undefined
})
