import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Live } from '../src/media.ts'
import { FakePeer } from './fake_peer.ts'

const peers: FakePeer[] = []

class Peer extends FakePeer {
  constructor() {
    super()
    peers.push(this)
  }
}

class Track {
  readonly kind: string
  stopped = false
  onended: unknown = null
  constructor(kind: string) {
    this.kind = kind
  }
  stop(): void {
    this.stopped = true
  }
}

/** Camera and microphone that open at once, a gateway that hears offers, and waits that a test ends. */
function sharing() {
  const offers: string[] = []
  const waits = new Set<() => void>()
  const live = new Live({
    offer: (id) => offers.push(id) > 0,
    ended: () => undefined,
    after: (_ms, run) => {
      waits.add(run)
      return () => waits.delete(run)
    },
  })
  const later = (): void => {
    const due = [...waits]
    waits.clear()
    for (const run of due) run()
  }
  /** The gateway answers the newest offer, and the connection stands. */
  const stands = async (): Promise<void> => {
    await live.answer(offers.at(-1) ?? '', 'answer')
    peers.at(-1)?.become('connected')
  }
  return { live, offers, later, stands }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

describe('sharing camera and microphone', () => {
  beforeEach(() => {
    peers.length = 0
    vi.stubGlobal('RTCPeerConnection', Peer)
    vi.stubGlobal('MediaStream', class {})
    const getUserMedia = ({ video }: { video?: unknown }): Promise<unknown> =>
      Promise.resolve({ getTracks: () => [new Track(video ? 'video' : 'audio')] })
    vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
  })
  afterEach(() => vi.unstubAllGlobals())

  async function withCamera() {
    const all = sharing()
    await all.live.start('video')
    all.live.publish()
    await turn()
    await all.stands()
    return all
  }

  it('keeps the picture flowing until the connection that has sound too stands', async () => {
    const { live, stands } = await withCamera()
    await live.start('audio')
    live.publish()
    await turn()
    expect(peers.map((peer) => peer.connectionState)).toEqual(['connected', 'new'])
    await stands()
    expect(peers.map((peer) => peer.connectionState)).toEqual(['closed', 'connected'])
  })

  it('goes on with what stands while newer offers are made again, and holds two connections at most', async () => {
    const { live, later, offers } = await withCamera()
    await live.start('audio')
    live.publish()
    await turn()
    expect(live.refused(offers.at(-1) ?? '')).toBe(true)
    later()
    await turn()
    expect(peers.map((peer) => peer.connectionState)).toEqual(['connected', 'closed', 'new'])
  })

  it('does not keep what has failed', async () => {
    const { later } = await withCamera()
    peers[0]?.become('failed')
    later()
    await turn()
    expect(peers.map((peer) => peer.connectionState)).toEqual(['closed', 'new'])
  })

  it('makes a connection anew when the one that was kept fails before the newer one stands', async () => {
    const { live, stands } = await withCamera()
    await live.start('audio')
    live.publish()
    await turn()
    peers[0]?.become('failed')
    expect(live.state.get().link).not.toBe('flowing')
    await stands()
    expect(live.state.get().link).toBe('flowing')
  })

  it('closes both when the last medium is stopped', async () => {
    const { live } = await withCamera()
    await live.start('audio')
    live.publish()
    await turn()
    live.stopAll()
    expect(peers.map((peer) => peer.connectionState)).toEqual(['closed', 'closed'])
  })
})
