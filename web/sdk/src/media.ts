// Live camera and microphone of a resident, and the telecommunicator's voice.
//
// Owns: the tracks and the peer connection. Must not: begin without a person's yes; the page calls `start` from it. Every
// publishing is a fresh peer connection: nothing is renegotiated, so a lost answer cannot leave two sides apart. The one before
// goes on until the fresh one stands, so that whoever watches loses no picture because sound comes in. Needs a browser.
// Used by: `resident.ts`.
import { cameraAfter, capture, fault, hasLamp, lamp, type CaptureFault, type Facing, type LiveMedium } from './capture.ts'
import { newId } from './ids.ts'
import { keepTo, type LiveShare } from './media-share.ts'
import { Store, type Readable } from './store.ts'

export type { LiveMedium } from './capture.ts'

/** Longest wait for an answer, in ms, before the offer is made anew. */
const ANSWER_WITHIN_MS = 10_000
/** Pause in ms before a broken connection is made anew. */
const AGAIN_AFTER_MS = 1_500
/** A device that did not open for this long, in ms, is told: the question of the browser may be hidden. */
const SLOW_AFTER_MS = 8_000
/** Changes of the network come in flocks: the last one within this many ms counts. */
const SETTLED_AFTER_MS = 300

/** Where live media stand. */
export interface LiveState {
  /** What the person has switched on. */
  video: boolean
  audio: boolean
  /** Waits for the device, or for the person's answer to the browser. */
  opening: LiveMedium | null
  /** The opening takes long. */
  slow: boolean
  /** The device took it away (a phone call, another app, the background); it is opened again by itself. */
  lost: LiveMedium | null
  /** How the connection is doing. */
  link: 'off' | 'starting' | 'flowing' | 'again'
  /** Which medium could not start, and why. */
  failed: { medium: LiveMedium; why: CaptureFault } | null
  /** The own camera, for the picture on the page. */
  own: MediaStream | null
  /** The telecommunicator's voice. */
  voice: MediaStream | null
  facing: Facing
  /** The camera's lamp. */
  lamp: 'none' | 'off' | 'on'
  /** The picture rests: words and photos go first on a slow link. */
  resting: boolean
}

const OFF: LiveState = {
  video: false,
  audio: false,
  opening: null,
  slow: false,
  lost: null,
  link: 'off',
  failed: null,
  own: null,
  voice: null,
  facing: 'environment',
  lamp: 'none',
  resting: false,
}

/** What live media need from the client. */
export interface LiveNeeds {
  /** Sends an offer; `false` when the link is down. */
  offer(id: string, sdp: string): boolean
  /** The device took a medium away for good: the gateway must hear that it ended. */
  ended(medium: LiveMedium): void
  after(ms: number, run: () => void): () => void
}

/** Live camera and microphone. */
export class Live {
  /** Where it stands. */
  readonly state: Readable<LiveState>
  readonly #state = new Store<LiveState>(OFF)
  readonly #needs: LiveNeeds
  readonly #tracks = new Map<LiveMedium, MediaStreamTrack>()
  #peer: { id: string; connection: RTCPeerConnection } | null = null
  /** Stood when the fresh connection was begun, and flows until that one stands. */
  #before: RTCPeerConnection | null = null
  #cancel: (() => void) | null = null
  #may_publish = false
  /** Counts starts and stops: what opens too late is closed again. */
  readonly #turns = { video: 0, audio: 0 }
  #share: LiveShare = { less: false, signs: false, hold: false }
  #settling: (() => void) | null = null

  constructor(needs: LiveNeeds) {
    this.#needs = needs
    this.state = this.#state
  }

  /** Opens the camera or the microphone; the browser may ask the person. Says whether it is open. */
  async start(medium: LiveMedium): Promise<boolean> {
    if (this.#tracks.has(medium)) return true
    this.#turns[medium] += 1
    const turn = this.#turns[medium]
    this.#change({ opening: medium, slow: false, failed: null })
    const told = this.#needs.after(SLOW_AFTER_MS, () => this.#change({ slow: true }))
    try {
      const track = await capture(medium, this.#state.get().facing)
      if (turn === this.#turns[medium]) this.#take(medium, track)
      else track.stop()
      return turn === this.#turns[medium]
    } catch (error) {
      if (turn === this.#turns[medium]) this.#change({ failed: { medium, why: fault(error) } })
      return false
    } finally {
      told()
      if (turn === this.#turns[medium]) this.#change({ opening: null, slow: false })
    }
  }

  /** The gateway knows the yes (or the session is back): what is open flows. */
  publish(): void {
    this.#may_publish = true
    if (this.#tracks.size > 0) void this.#connect()
  }

  /** The link is down: offers wait. What flows already goes on as long as it can. */
  rest(): void {
    this.#may_publish = false
  }

  /** Ends one medium at once, on the device first. */
  stop(medium: LiveMedium): void {
    this.#turns[medium] += 1
    this.#tracks.get(medium)?.stop()
    this.#tracks.delete(medium)
    const { opening, lost } = this.#state.get()
    if (opening === medium) this.#change({ opening: null, slow: false })
    if (lost === medium) this.#change({ lost: null })
    this.#change({ [medium]: false, ...(medium === 'video' ? { own: null, lamp: 'none' } : {}) })
    if (this.#tracks.size === 0) this.#hangUp()
    else if (this.#may_publish) void this.#connect()
  }

  /** Ends everything. */
  stopAll(): void {
    this.#turns.video += 1
    this.#turns.audio += 1
    for (const track of this.#tracks.values()) track.stop()
    this.#tracks.clear()
    this.#hangUp()
    this.#state.set(OFF)
  }

  /** The other camera of the device. */
  async flip(): Promise<void> {
    const old = this.#tracks.get('video')
    if (old === undefined) return
    const facing = this.#state.get().facing === 'environment' ? 'user' : 'environment'
    const other = await cameraAfter(old)
    // Many phones open one camera at a time.
    old.onended = null
    old.stop()
    try {
      let track = await capture('video', facing)
      if (other !== undefined && track.getSettings().deviceId === old.getSettings().deviceId) {
        track.stop()
        track = await capture('video', facing, other)
      }
      this.#take('video', track)
      this.#change({ facing })
      await this.#replace(old, track)
    } catch (error) {
      this.#change({ failed: { medium: 'video', why: fault(error) } })
      this.#needs.ended('video')
    }
  }

  /** Switches the camera's lamp. */
  async light(on: boolean): Promise<void> {
    const track = this.#tracks.get('video')
    if (track !== undefined && (await lamp(track, on))) this.#change({ lamp: on ? 'on' : 'off' })
  }

  /** How much of the link may be taken. */
  limit(share: LiveShare): void {
    const { less, signs, hold } = this.#share
    if (less === share.less && signs === share.signs && hold === share.hold) return
    this.#share = share
    this.#change({ resting: share.hold && !share.signs })
    if (this.#peer !== null) void keepTo(share, this.#peer.connection)
  }

  /** The page is looked at again: what the device took away is opened again. */
  async reopen(): Promise<void> {
    const { lost } = this.#state.get()
    if (lost === null) return
    const old = this.#tracks.get(lost)
    try {
      const track = await capture(lost, this.#state.get().facing)
      // Stopped by the person meanwhile.
      if (this.#state.get().lost !== lost) return track.stop()
      this.#take(lost, track)
      if (old !== undefined) await this.#replace(old, track)
    } catch (error) {
      if (this.#state.get().lost !== lost) return
      this.#change({ failed: { medium: lost, why: fault(error) } })
      this.#needs.ended(lost)
    }
  }

  /** The device is on another network: the same connection looks for its new way (an ICE restart). */
  restart(): void {
    this.#settling?.()
    this.#settling = this.#needs.after(SETTLED_AFTER_MS, () => void this.#restart())
  }

  async #restart(): Promise<void> {
    const peer = this.#peer
    // Without a link the session's return makes a fresh connection.
    if (peer === null || !this.#may_publish) return
    if (peer.connection.signalingState !== 'stable') return void this.#connect()
    try {
      peer.connection.restartIce()
      await peer.connection.setLocalDescription()
      if (this.#peer !== peer) return
      peer.id = newId()
      this.#offer(peer.connection, peer.id)
    } catch {
      if (this.#peer === peer) void this.#connect()
    }
  }

  async #replace(old: MediaStreamTrack, track: MediaStreamTrack): Promise<void> {
    const sender = this.#peer?.connection.getSenders().find((one) => one.track === old)
    if (sender !== undefined) await sender.replaceTrack(track)
    else if (this.#may_publish) await this.#connect()
  }

  /** An answer came. */
  async answer(id: string, sdp: string): Promise<void> {
    if (this.#peer === null || this.#peer.id !== id) return
    try {
      const { connection } = this.#peer
      await connection.setRemoteDescription({ type: 'answer', sdp })
      await keepTo(this.#share, connection)
      // An ICE restart of a connection that stood all the while tells no change.
      if (connection.connectionState === 'connected') this.#connectionChanged(connection)
    } catch {
      this.#again()
    }
  }

  /** An offer was refused. Says whether it was ours. */
  refused(id: string): boolean {
    if (this.#peer === null || this.#peer.id !== id) return false
    this.#again()
    return true
  }

  #take(medium: LiveMedium, track: MediaStreamTrack): void {
    this.#tracks.set(medium, track)
    // The device took it away: unplugged, a phone call, the page in the background.
    track.onended = () => {
      if (this.#tracks.get(medium) !== track) return
      this.#change({ lost: medium })
      if (document.visibilityState === 'visible') void this.reopen()
    }
    const own = medium === 'video' ? { own: new MediaStream([track]), lamp: hasLamp(track) ? 'off' : 'none' } as const : {}
    this.#change({ [medium]: true, failed: null, lost: null, ...own })
  }

  async #connect(): Promise<void> {
    if (this.#peer?.connection.connectionState === 'connected') {
      this.#closeBefore()
      this.#before = this.#peer.connection
      this.#peer = null
    }
    this.#closePeer()
    const connection = new RTCPeerConnection()
    const id = newId()
    this.#peer = { id, connection }
    this.#change({ link: 'starting' })
    const { voice, streams } = { voice: new MediaStream(), streams: new MediaStream([...this.#tracks.values()]) }
    const video = this.#tracks.get('video')
    const audio = this.#tracks.get('audio')
    // Audio goes both ways in one line: hearing the telecommunicator needs no grant.
    connection.addTransceiver(audio ?? 'audio', {
      direction: audio === undefined ? 'recvonly' : 'sendrecv',
      streams: [streams],
    })
    if (video !== undefined) connection.addTransceiver(video, { direction: 'sendonly', streams: [streams] })
    connection.ontrack = ({ track }) => {
      voice.addTrack(track)
      this.#change({ voice })
    }
    connection.onconnectionstatechange = () => this.#connectionChanged(connection)
    try {
      // No gathering of candidates: the gateway needs none, so the offer leaves at once.
      await connection.setLocalDescription()
      if (this.#peer?.connection !== connection) return
      this.#offer(connection, id)
    } catch {
      if (this.#peer?.connection === connection) this.#again()
    }
  }

  #offer(connection: RTCPeerConnection, id: string): void {
    const sdp = connection.localDescription?.sdp
    if (sdp !== undefined && this.#needs.offer(id, sdp)) this.#later(ANSWER_WITHIN_MS, () => this.#again())
  }

  #connectionChanged(connection: RTCPeerConnection): void {
    if (this.#peer?.connection !== connection) return
    if (connection.connectionState === 'connected') {
      this.#cancel?.()
      this.#closeBefore()
      this.#change({ link: 'flowing' })
    }
    if (connection.connectionState === 'failed') this.#again()
    if (connection.connectionState === 'disconnected') this.#change({ link: 'again' })
  }

  #again(): void {
    if (this.#tracks.size === 0) return
    this.#change({ link: 'again' })
    this.#later(AGAIN_AFTER_MS, () => {
      if (this.#may_publish && this.#tracks.size > 0) void this.#connect()
    })
  }

  #later(ms: number, run: () => void): void {
    this.#cancel?.()
    this.#cancel = this.#needs.after(ms, run)
  }

  #hangUp(): void {
    this.#closePeer()
    this.#closeBefore()
    this.#change({ link: 'off', voice: null })
  }

  #closePeer(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#peer?.connection.close()
    this.#peer = null
  }

  #closeBefore(): void {
    this.#before?.close()
    this.#before = null
  }

  #change(change: Partial<LiveState>): void {
    this.#state.update((state) => ({ ...state, ...change }))
  }
}
