// Receiving live picture and sound of one session, and talking into it.
//
// Owns: the peer connection of a session: it offers at once (the gateway needs no candidates), starts again after a failure while it is
// wanted, and asks for the microphone only to talk. Talking begins and ends by a further offer of the connection that stands, so that
// the picture goes on; where a connection is made anew, what the one before showed stays until that one stands: at most two.
// Must not: touch the page: it hands out a MediaStream.
// Used by: `staff.ts`; the pages put the stream into a video element.

import { Store } from './store.ts'
import type { FromStaff, ToStaff } from './protocol.ts'

/** How the connection stands: `again` has failed and is tried again by itself, `failed` is not. */
export type WatchState = 'off' | 'connecting' | 'flowing' | 'again' | 'failed'

/** Pause before another try after a failure, in ms; long enough for a changed network to settle. */
const AGAIN_MS = 2_000
/** Without an answer or a connection for this long, in ms, the try counts as failed. */
const CONNECT_WITHIN_MS = 10_000

/** The parts of a browser this module needs; tests bring their own. */
export interface MediaDevice {
  /** A fresh peer connection. */
  peer(): RTCPeerConnection
  /** The microphone; called only when somebody presses "talk". */
  microphone(): Promise<MediaStream>
  /** An empty stream to collect tracks in. */
  stream(): MediaStream
}

/** The browser itself. */
export const browserMedia: MediaDevice = {
  peer: () => new RTCPeerConnection({ bundlePolicy: 'max-bundle' }),
  microphone: () =>
    navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } }),
  stream: () => new MediaStream(),
}

/** Live media of one session. */
export class Watch {
  readonly state = new Store<WatchState>('off')
  readonly stream = new Store<MediaStream | undefined>(undefined)
  /** The microphone is open and offered. */
  readonly talking = new Store<boolean>(false)
  /** Public code of the last refusal, or `microphone` when it was not given. */
  readonly refusal = new Store<string | undefined>(undefined)

  readonly #session: string
  readonly #send: (frame: FromStaff) => boolean
  readonly #id: () => string
  readonly #device: MediaDevice
  #peer: RTCPeerConnection | undefined
  /** Stood when the fresh one was begun; its picture stays until that one stands. */
  #before: RTCPeerConnection | undefined
  /** The line of the connection on which the microphone is sent. */
  #sound: RTCRtpTransceiver | undefined
  #request = ''
  /** A further offer of the connection that stands has no answer yet. */
  #adapting = false
  #wanted = false
  #microphone: MediaStream | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(session: string, send: (frame: FromStaff) => boolean, id: () => string, device: MediaDevice = browserMedia) {
    this.#session = session
    this.#send = send
    this.#id = id
    this.#device = device
  }

  /** Starts to receive. */
  start(): void {
    if (this.#wanted) return
    this.#wanted = true
    void this.#connect()
  }

  /** Opens the microphone and talks to the resident, receiving at the same time. */
  async talk(): Promise<void> {
    try {
      this.#microphone ??= await this.#device.microphone()
    } catch {
      this.refusal.set('microphone')
      return
    }
    this.talking.set(true)
    this.#wanted = true
    await this.#adapt()
  }

  /** Closes the microphone; receiving goes on. */
  async hush(): Promise<void> {
    this.#closeMicrophone()
    if (this.#wanted) await this.#adapt()
  }

  /** Stops everything. */
  stop(): void {
    const had = this.#wanted
    this.#wanted = false
    this.#closeMicrophone()
    this.#drop()
    this.#dropBefore()
    this.state.set('off')
    if (had) this.#send({ kind: 'media_stop', session: this.#session })
  }

  /** The gateway's answer; `false` if it belongs to another offer. */
  async answer(message: Extract<ToStaff, { kind: 'media_answer' }>): Promise<boolean> {
    if (message.id !== this.#request || !this.#peer) return false
    try {
      await this.#peer.setRemoteDescription({ type: 'answer', sdp: message.sdp })
      if (!this.#adapting) return true
      this.#adapting = false
      clearTimeout(this.#timer)
    } catch {
      this.#failed('media_refused', true)
    }
    return true
  }

  /** The gateway's refusal; `false` if it belongs to another offer. */
  refused(id: string | undefined, code: string, again: boolean): boolean {
    if (id !== this.#request || this.#request === '') return false
    if (this.#adapting) this.#unadapted(code)
    else this.#failed(code, again)
    return true
  }

  /** The socket came back. The gateway ended what the old one received, whatever the browser still believes: it is made anew. */
  relinked(): void {
    if (this.#wanted) void this.#connect()
  }

  /** The microphone was opened or closed: told on the connection that stands; where none does, a fresh one is made. */
  async #adapt(): Promise<void> {
    const [peer, sound] = [this.#peer, this.#sound]
    if (this.#adapting || !sound || peer?.connectionState !== 'connected') return this.#connect()
    this.#adapting = true
    this.refusal.set(undefined)
    // An answer that is lost leaves two sides that do not know of each other: then it is made anew.
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#connect(), CONNECT_WITHIN_MS)
    const microphone = this.#microphone?.getAudioTracks()[0]
    try {
      sound.direction = microphone ? 'sendrecv' : 'recvonly'
      await sound.sender.replaceTrack(microphone ?? null)
      await this.#offer(peer, microphone !== undefined)
    } catch {
      if (this.#peer === peer) await this.#connect()
    }
  }

  /** The further offer was refused: nobody talks, and what is received goes on as it did. */
  #unadapted(code: string): void {
    const [peer, sound] = [this.#peer, this.#sound]
    this.#adapting = false
    this.#request = ''
    clearTimeout(this.#timer)
    this.#closeMicrophone()
    this.refusal.set(code)
    if (sound) sound.direction = 'recvonly'
    void sound?.sender.replaceTrack(null).catch(() => undefined)
    peer?.setLocalDescription({ type: 'rollback' }).catch(() => this.#connect())
  }

  async #connect(): Promise<void> {
    if (this.#peer?.connectionState === 'connected') {
      this.#before?.close()
      this.#before = this.#peer
      this.#peer = undefined
    }
    this.#drop()
    this.refusal.set(undefined)
    this.state.set('connecting')
    const peer = this.#device.peer()
    const stream = this.#device.stream()
    this.#peer = peer
    peer.addEventListener('track', ({ track }) => {
      stream.addTrack(track)
      if (!this.#before) this.stream.set(stream)
    })
    peer.addEventListener('connectionstatechange', () => this.#changed(peer, stream))
    peer.addTransceiver('video', { direction: 'recvonly' })
    const microphone = this.#microphone?.getAudioTracks()[0]
    this.#sound = microphone ? peer.addTransceiver(microphone, { direction: 'sendrecv' }) : peer.addTransceiver('audio', { direction: 'recvonly' })
    this.#timer = setTimeout(() => this.#failed('no_answer', true), CONNECT_WITHIN_MS)
    await this.#offer(peer, microphone !== undefined)
  }

  async #offer(peer: RTCPeerConnection, talk: boolean): Promise<void> {
    const offer = await peer.createOffer()
    if (this.#peer !== peer) return
    this.#request = this.#id()
    // The offer goes out before the browser gathers candidates: the gateway learns the address from the first packet.
    const sent = this.#send({ kind: 'media_offer', id: this.#request, session: this.#session, sdp: offer.sdp ?? '', talk })
    if (!sent) return
    await peer.setLocalDescription(offer)
  }

  #changed(peer: RTCPeerConnection, stream: MediaStream): void {
    if (peer !== this.#peer) return
    if (peer.connectionState === 'connected') {
      if (!this.#adapting) clearTimeout(this.#timer)
      if (this.#before) this.stream.set(stream)
      this.#before?.close()
      this.#before = undefined
      this.state.set('flowing')
    } else if (peer.connectionState === 'disconnected') {
      // It may come back by itself; what stands on the screen is not live meanwhile.
      this.state.set('connecting')
    } else if (peer.connectionState === 'failed') {
      this.#failed('media_lost', true)
    }
  }

  #failed(code: string, again: boolean): void {
    this.#drop()
    this.refusal.set(code)
    if (again && this.#wanted) {
      this.state.set('again')
      this.#timer = setTimeout(() => void this.#connect(), AGAIN_MS)
      return
    }
    this.#wanted = false
    this.#closeMicrophone()
    this.#dropBefore()
    this.state.set('failed')
  }

  /** Ends the connection that is begun or stands; what the one before showed stays. */
  #drop(): void {
    clearTimeout(this.#timer)
    this.#request = ''
    this.#adapting = false
    this.#peer?.close()
    this.#peer = undefined
    this.#sound = undefined
    if (!this.#before) this.stream.set(undefined)
  }

  #dropBefore(): void {
    this.#before?.close()
    this.#before = undefined
    this.stream.set(undefined)
  }

  #closeMicrophone(): void {
    for (const track of this.#microphone?.getTracks() ?? []) track.stop()
    this.#microphone = undefined
    this.talking.set(false)
  }
}
