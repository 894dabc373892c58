// A peer connection that stands where a test puts it.

/** One line of it: what is sent there can change while it stands. */
class FakeLine {
  what: unknown
  direction: string

  constructor(what: unknown, direction: string) {
    this.what = what
    this.direction = direction
  }

  get sender(): { replaceTrack(track: unknown): Promise<void> } {
    return {
      replaceTrack: (track) => {
        this.what = track
        return Promise.resolve()
      },
    }
  }
}

export class FakePeer extends EventTarget {
  connectionState = 'new'
  signalingState = 'stable'
  localDescription: { sdp: string } | null = null
  transceivers: FakeLine[] = []
  log: string[] = []
  ontrack: unknown = null
  onconnectionstatechange: (() => void) | null = null
  addTransceiver(what: unknown, { direction }: { direction: string }): FakeLine {
    const line = new FakeLine(what, direction)
    this.transceivers.push(line)
    return line
  }
  getSenders(): [] {
    return []
  }
  createOffer(): Promise<{ sdp: string }> {
    return Promise.resolve({ sdp: 'offer' })
  }
  setLocalDescription(what?: { type?: string }): Promise<void> {
    this.log.push(what?.type === 'rollback' ? 'rollback' : 'local')
    this.localDescription = { sdp: 'offer' }
    return Promise.resolve()
  }
  setRemoteDescription(): Promise<void> {
    this.log.push('remote')
    return Promise.resolve()
  }
  close(): void {
    this.connectionState = 'closed'
  }
  become(state: string): void {
    this.connectionState = state
    this.dispatchEvent(new Event('connectionstatechange'))
    this.onconnectionstatechange?.()
  }
}
