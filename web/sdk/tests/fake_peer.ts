// A peer connection that stands where a test puts it.
export class FakePeer extends EventTarget {
  connectionState = 'new'
  signalingState = 'stable'
  localDescription: { sdp: string } | null = null
  transceivers: { what: unknown; direction: string }[] = []
  log: string[] = []
  ontrack: unknown = null
  onconnectionstatechange: (() => void) | null = null
  addTransceiver(what: unknown, { direction }: { direction: string }): void {
    this.transceivers.push({ what, direction })
  }
  getSenders(): [] {
    return []
  }
  createOffer(): Promise<{ sdp: string }> {
    return Promise.resolve({ sdp: 'offer' })
  }
  setLocalDescription(): Promise<void> {
    this.log.push('local')
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
