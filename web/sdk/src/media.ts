// Live camera and microphone of a resident, and the telecommunicator's voice.
//
// Owns: the tracks and the peer connection. Must not: begin without a person's yes; the page calls `start` from it. Every
// publishing is a fresh peer connection: nothing is renegotiated, so a lost answer cannot leave two sides apart. Needs a
// browser. Used by: `resident.ts`.
import { newId } from './ids.ts'
import { Store, type Readable } from './store.ts'

/** What can flow live. */
export type LiveMedium = 'video' | 'audio'

/** Longest wait for an answer, in ms, before the offer is made anew. */
const ANSWER_WITHIN_MS = 10_000
/** Pause in ms before a broken connection is made anew. */
const AGAIN_AFTER_MS = 1_500
/** Wide enough to recognise a scene; the sender goes lower by itself on a slow link. */
const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 } }

/** Where live media stand. */
export interface LiveState {
  /** What the person has switched on. */
  video: boolean
  audio: boolean
  /** How the connection is doing. */
  link: 'off' | 'starting' | 'flowing' | 'again'
  /** Which medium could not start, and why. */
  failed: { medium: LiveMedium; why: 'denied' | 'missing' | 'busy' } | null
  /** The own camera, for the picture on the page. */
  own: MediaStream | null
  /** The telecommunicator's voice. */
  voice: MediaStream | null
  facing: 'environment' | 'user'
}

const OFF: LiveState = {
  video: false,
  audio: false,
  link: 'off',
  failed: null,
  own: null,
  voice: null,
  facing: 'environment',
}

/** What live media need from the client. */
export interface LiveNeeds {
  /** Sends an offer; `false` when the link is down. */
  offer(id: string, sdp: string): boolean
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
  #cancel: (() => void) | null = null
  #may_publish = false

  constructor(needs: LiveNeeds) {
    this.#needs = needs
    this.state = this.#state
  }

  /** Opens the camera or the microphone; the browser may ask the person. Says whether it is open. */
  async start(medium: LiveMedium): Promise<boolean> {
    if (this.#tracks.has(medium)) return true
    try {
      this.#take(medium, await this.#capture(medium))
    } catch (error) {
      this.#change({ failed: { medium, why: reason(error) } })
      return false
    }
    return true
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
    this.#tracks.get(medium)?.stop()
    this.#tracks.delete(medium)
    this.#change({ [medium]: false, ...(medium === 'video' ? { own: null } : {}) })
    if (this.#tracks.size === 0) this.#hangUp()
    else if (this.#may_publish) void this.#connect()
  }

  /** Ends everything. */
  stopAll(): void {
    for (const track of this.#tracks.values()) track.stop()
    this.#tracks.clear()
    this.#hangUp()
    this.#state.set(OFF)
  }

  /** The other camera of the device. */
  async flip(): Promise<void> {
    const old = this.#tracks.get('video')
    if (old === undefined) return
    this.#change({ facing: this.#state.get().facing === 'environment' ? 'user' : 'environment' })
    // Many phones open one camera at a time.
    old.stop()
    try {
      const track = await this.#capture('video')
      this.#take('video', track)
      const sender = this.#peer?.connection.getSenders().find((one) => one.track === old)
      await sender?.replaceTrack(track)
    } catch (error) {
      this.stop('video')
      this.#change({ failed: { medium: 'video', why: reason(error) } })
    }
  }

  /** An answer came. */
  async answer(id: string, sdp: string): Promise<void> {
    if (this.#peer === null || this.#peer.id !== id) return
    try {
      await this.#peer.connection.setRemoteDescription({ type: 'answer', sdp })
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

  async #capture(medium: LiveMedium): Promise<MediaStreamTrack> {
    const wish: MediaStreamConstraints =
      medium === 'video'
        ? { video: { ...CAMERA, facingMode: this.#state.get().facing } }
        : { audio: { echoCancellation: true, noiseSuppression: true } }
    const stream = await navigator.mediaDevices.getUserMedia(wish)
    const [track] = stream.getTracks()
    if (track === undefined) throw new DOMException('no track', 'NotFoundError')
    return track
  }

  #take(medium: LiveMedium, track: MediaStreamTrack): void {
    this.#tracks.set(medium, track)
    // The device took it away: unplugged, a phone call, the permission withdrawn.
    track.onended = () => {
      if (this.#tracks.get(medium) === track) this.stop(medium)
    }
    this.#change({ [medium]: true, failed: null, ...(medium === 'video' ? { own: new MediaStream([track]) } : {}) })
  }

  async #connect(): Promise<void> {
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
      const sdp = connection.localDescription?.sdp
      if (this.#peer?.connection !== connection || sdp === undefined) return
      if (this.#needs.offer(id, sdp)) this.#later(ANSWER_WITHIN_MS, () => this.#again())
    } catch {
      if (this.#peer?.connection === connection) this.#again()
    }
  }

  #connectionChanged(connection: RTCPeerConnection): void {
    if (this.#peer?.connection !== connection) return
    if (connection.connectionState === 'connected') {
      this.#cancel?.()
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
    this.#change({ link: 'off', voice: null })
  }

  #closePeer(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#peer?.connection.close()
    this.#peer = null
  }

  #change(change: Partial<LiveState>): void {
    this.#state.update((state) => ({ ...state, ...change }))
  }
}

function reason(error: unknown): 'denied' | 'missing' | 'busy' {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  return 'busy'
}
