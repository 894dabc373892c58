// What one window of the console knows besides the gateway's facts: which session lies open, what alarms and timers, and
// what the other windows of the same person said.
//
// Owns: the loop that asks `AlarmKeeper` for the next sound, snoozing, the title's and icon's count. Must not: know markup. Used by:
// `Desk.svelte`, `Panel.svelte` and their parts.
import { untrack } from 'svelte'
import { AlarmKeeper, alarmsIn, type Alarm, type OwnSession } from '../sdk/src/staff-alarm.ts'
import type { SharedLink } from '../sdk/src/staff-share.ts'
import type { FollowedSession, SessionView, StaffClient } from '../sdk/src/staff.ts'
import { reactive } from '../ui/reactive.svelte.ts'
import { Exposure, TALLY_EVERY_MS } from '../ui/staff/exposure.svelte.ts'
import { keepText, keptText, remember, remembered } from '../ui/staff/kept.ts'
import { Sound, type Tone } from './sound.ts'

/** How often the alarms are looked at, in ms. */
const LOOK_EVERY_MS = 500
/** Which session lies open, for a reload of this tab. */
const OPEN = 'callbox-console-open'
/** Own timers and snoozes, over a reload and for all windows of this browser. */
const TIMERS = 'callbox-console-timers'
const SNOOZES = 'callbox-console-snoozes'
/** Snoozes remembered on this machine. */
const SNOOZES_MAX = 20

/** A pause of the sounds: who, why, how long. */
export interface Snooze { readonly staff: string; readonly reason: string; readonly fromMs: number; readonly untilMs: number }

type Note = { kind: 'current'; session: string } | { kind: 'heard'; alarms: readonly Alarm[] } | { kind: 'kept' } | { kind: 'live'; session: string }

/** The desk of one window. */
export class DeskState {
  readonly client: StaffClient
  readonly sound: Sound
  /** Whether this window shows one panel only. */
  readonly panel: boolean
  /** Told by sound until somebody acknowledges; most urgent first. */
  alarms = $state.raw<readonly Alarm[]>([])
  /** The session that lies open, in all windows. */
  current = $state<string | undefined>(keptText(OPEN))
  /** The message whose place is shown. */
  message = $state<number | undefined>()
  snoozes = $state.raw<readonly Snooze[]>(remembered<readonly Snooze[]>(SNOOZES, []))
  timers = $state.raw<Readonly<Record<string, number>>>(remembered(TIMERS, {}))
  /** What pictures were in view. */
  readonly exposure: Exposure

  readonly #share: SharedLink | undefined
  readonly #keeper = new AlarmKeeper()
  /** Sounds that are not told yet. */
  #untold = 0
  #stop: (() => void)[] = []

  constructor(client: StaffClient, sound: Sound, share: SharedLink | undefined, panel: boolean) {
    this.client = client
    this.sound = sound
    this.panel = panel
    this.#share = share
    this.exposure = new Exposure(client)
  }

  /** The snooze that runs now. */
  snoozed(nowMs: number): Snooze | undefined {
    return this.snoozes.find(({ untilMs }) => untilMs > nowMs)
  }

  /** Begins to look for alarms; answers how to end it. */
  start(): () => void {
    const look = setInterval(() => this.look(), LOOK_EVERY_MS)
    const tally = setInterval(() => this.#tally(), TALLY_EVERY_MS)
    this.#stop = [
      () => clearInterval(look),
      this.exposure.start(),
      () => clearInterval(tally),
      this.#share?.note.subscribe((note) => this.#hear(note as Note | undefined)) ?? (() => undefined),
    ]
    return () => {
      for (const stop of this.#stop.splice(0)) stop()
    }
  }

  /** Opens a session in this window and in those that follow it. */
  show(session: string | undefined): void {
    if (this.current !== session) this.message = undefined
    this.current = session
    keepText(OPEN, session)
    if (session) this.#tell({ kind: 'current', session })
  }

  /** This window receives live media of a session: another window of the same person lets go. */
  receives(session: string): void {
    this.#tell({ kind: 'live', session })
  }

  /** A person has heard what sounds now. */
  acknowledge(): void {
    this.#keeper.acknowledge(this.alarms)
    this.#tell({ kind: 'heard', alarms: this.alarms })
    this.look()
  }

  /** Pauses the sounds; written down with its reason, in own sessions as a note among staff. */
  snooze(ms: number, reason: string): void {
    const fromMs = Math.round(this.client.nowMs())
    const one = { staff: this.client.me.staff, reason, fromMs, untilMs: fromMs + ms }
    this.#keepSnoozes([one, ...this.snoozes])
  }

  /** Ends the pause before its time. */
  wake(): void {
    const now = Math.round(this.client.nowMs())
    this.#keepSnoozes(this.snoozes.map((one) => (one.untilMs > now ? { ...one, untilMs: now } : one)))
  }

  /** Sets a timer on a session, or ends it. */
  timer(session: string, atMs: number | undefined): void {
    const next = { ...this.timers }
    if (atMs === undefined) delete next[session]
    else next[session] = atMs
    this.timers = next
    remember(TIMERS, next)
    this.#tell({ kind: 'kept' })
    this.look()
  }

  /** Looks at the facts once and sounds if something is due. */
  look(): void {
    untrack(() => {
      const nowMs = this.client.nowMs()
      const list = this.client.list.get()
      const own = this.client.followed.get().flatMap((followed) => this.#own(followed))
      const all = alarmsIn({
        me: this.client.me.staff, available: this.client.own.get().state === 'available', waiting: list.waiting, own,
      }, nowMs)
      const open = this.#keeper.open(all)
      if (open.length !== this.alarms.length || open.some((one, n) => !same(one, this.alarms[n]))) this.alarms = open
      if (!this.client.leads.get() || this.snoozed(nowMs) || this.client.link.get().at !== 'open') return
      const due = this.#keeper.due(open, nowMs, this.client.welcome.get()?.desk?.sound_repeat_ms)
      if (!due) return
      this.sound.play(toneOf(due))
      this.#untold += 1
    })
  }

  #own(followed: FollowedSession): OwnSession[] {
    const row = followed.row.get()
    if (!row || !followed.mine) return []
    const view = followed.view.get()
    const unseen = view.messages.find((message) => message.fromResident && message.seq > view.seen)
    return [{
      row, unseenSinceMs: unseen?.atMs, heardMs: heardMs(view, followed.residentTyping.get() ? this.client.nowMs() : 0),
      inView: followed.session === this.current && document.hasFocus(), timerMs: this.timers[followed.session],
    }]
  }

  #hear(note: Note | undefined): void {
    if (note?.kind === 'current') {
      if (this.current !== note.session) this.message = undefined
      this.current = note.session
      if (this.panel) this.client.follow(note.session)
    }
    if (note?.kind === 'heard') {
      this.#keeper.acknowledge(note.alarms)
      this.look()
    }
    if (note?.kind === 'live') this.client.media(note.session).stop()
    if (note?.kind === 'kept') {
      this.timers = remembered(TIMERS, {})
      this.snoozes = remembered<readonly Snooze[]>(SNOOZES, [])
    }
  }

  #tell(note: Note): void {
    this.#share?.tell($state.snapshot(note))
  }

  #keepSnoozes(next: readonly Snooze[]): void {
    this.snoozes = next.slice(0, SNOOZES_MAX)
    remember(SNOOZES, this.snoozes)
    this.#tell({ kind: 'kept' })
  }

  #tally(): void {
    if (this.#untold > 0 && this.client.tally(this.#untold, 0)) this.#untold = 0
  }
}

/** The tone of an alarm. */
export function toneOf({ kind, priority }: Alarm): Tone {
  return kind === 'offer' || kind === 'assigned' ? `p${priority}` : kind
}

/** When the resident was last heard: anything they did, or the take, which asked for it. */
function heardMs(view: SessionView, typingMs: number): number {
  const last = view.entries.findLast(({ by, event }) => by.role === 'resident' || event.kind === 'taken')
  return Math.max(last?.at_ms ?? Infinity, typingMs)
}

function same(a: Alarm, b: Alarm | undefined): boolean {
  return b !== undefined && a.kind === b.kind && a.session === b.session && a.priority === b.priority && a.sinceMs === b.sinceMs
}

/** The number in the title and in the icon: what waits at priority 1, and own words nobody has read. */
export function attention(client: StaffClient): { first: number; unread: number } {
  const first = reactive(client.list).now.waiting.filter((row) => row.priority === 1).length
  let unread = 0
  for (const followed of reactive(client.followed).now) {
    if (reactive(followed.row).now?.owner !== client.me.staff) continue
    const view = reactive(followed.view).now
    unread += view.messages.filter((message) => message.fromResident && message.seq > view.seen).length
  }
  return { first, unread }
}
