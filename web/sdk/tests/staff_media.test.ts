import { describe, expect, it } from 'vitest'
import type { FromStaff } from '../src/protocol.ts'
import { Watch, type MediaDevice } from '../src/staff-media.ts'
import { FakePeer } from './fake_peer.ts'

type Offer = Extract<FromStaff, { kind: 'media_offer' }>

function watching(microphone = true) {
  const sent: FromStaff[] = []
  const peers: FakePeer[] = []
  let asked = 0
  const track = { stop: () => undefined }
  const device = {
    peer: () => {
      const peer = new FakePeer()
      peers.push(peer)
      return peer
    },
    microphone: () => {
      asked += 1
      const stream = { getTracks: () => [track], getAudioTracks: () => [track] }
      return microphone ? Promise.resolve(stream) : Promise.reject(new Error('denied'))
    },
    stream: () => ({ addTrack: () => undefined }),
  } as unknown as MediaDevice
  let next = 0
  const watch = new Watch('s', (frame) => sent.push(frame) > 0, () => `id${String((next += 1))}`, device)
  const offers = (): Offer[] => sent.filter((frame): frame is Offer => frame.kind === 'media_offer')
  return { watch, sent, peers, offers, asks: () => asked }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

describe('watching live media', () => {
  it('receives only, offers before it gathers, and never asks for the microphone', async () => {
    const { watch, peers, offers, asks } = watching()
    watch.start()
    await turn()
    expect(offers()).toMatchObject([{ sdp: 'offer', talk: false, session: 's' }])
    expect(peers[0]?.transceivers).toEqual([{ what: 'video', direction: 'recvonly' }, { what: 'audio', direction: 'recvonly' }])
    await watch.answer({ kind: 'media_answer', id: 'id1', session: 's', sdp: 'a', peer: 'p' })
    peers[0]?.become('connected')
    expect(peers[0]?.log).toEqual(['local', 'remote'])
    expect(watch.state.get()).toBe('flowing')
    expect(asks()).toBe(0)
    watch.stop()
  })

  /** One that receives already. */
  async function flowing() {
    const all = watching()
    all.watch.start()
    await turn()
    await all.watch.answer({ kind: 'media_answer', id: 'id1', session: 's', sdp: 'a', peer: 'p' })
    all.peers[0]?.dispatchEvent(Object.assign(new Event('track'), { track: {} }))
    all.peers[0]?.become('connected')
    return { ...all, picture: all.watch.stream.get() }
  }

  it('talks only when asked to, on the connection that stands: the picture goes on, while talking and afterwards', async () => {
    const { watch, peers, offers, asks, picture } = await flowing()
    const seen: unknown[] = []
    watch.stream.subscribe((stream) => seen.push(stream))
    watch.state.subscribe((state) => seen.push(state))
    await watch.talk()
    await turn()
    expect(asks()).toBe(1)
    expect(offers().map(({ talk }) => talk)).toEqual([false, true])
    expect(peers[0]?.transceivers.map((one) => one.direction)).toEqual(['recvonly', 'sendrecv'])
    await watch.answer({ kind: 'media_answer', id: 'id2', session: 's', sdp: 'a', peer: 'p' })
    await watch.hush()
    await turn()
    expect(offers().map(({ talk }) => talk)).toEqual([false, true, false])
    expect(peers[0]?.transceivers).toEqual([{ what: 'video', direction: 'recvonly' }, { what: null, direction: 'recvonly' }])
    await watch.answer({ kind: 'media_answer', id: 'id3', session: 's', sdp: 'a', peer: 'p' })
    expect(peers).toHaveLength(1)
    expect(new Set(seen)).toEqual(new Set([picture, 'flowing']))
    watch.stop()
    expect(peers[0]?.connectionState).toBe('closed')
  })

  it('whose talking is refused goes on receiving as before', async () => {
    const { watch, peers, picture } = await flowing()
    await watch.talk()
    await turn()
    expect(watch.refused('id2', 'not_owner', false)).toBe(true)
    await turn()
    expect([watch.state.get(), watch.talking.get(), watch.refusal.get()]).toEqual(['flowing', false, 'not_owner'])
    expect(watch.stream.get()).toBe(picture)
    expect(peers.map(({ connectionState, log }) => [connectionState, log.at(-1)])).toEqual([['connected', 'rollback']])
    watch.stop()
  })

  it('makes another connection where the one that stands has an offer on its way, and shows the older picture until that one stands: at most two', async () => {
    const { watch, peers, picture } = await flowing()
    await watch.talk()
    await watch.hush()
    await turn()
    expect(peers.map((peer) => peer.connectionState)).toEqual(['connected', 'new'])
    await watch.talk()
    await turn()
    expect(peers.map((peer) => peer.connectionState)).toEqual(['connected', 'closed', 'new'])
    expect(watch.stream.get()).toBe(picture)
    peers[2]?.dispatchEvent(Object.assign(new Event('track'), { track: {} }))
    expect(watch.stream.get()).toBe(picture)
    peers[2]?.become('connected')
    expect(watch.stream.get()).not.toBe(picture)
    expect(peers.map((peer) => peer.connectionState)).toEqual(['closed', 'closed', 'connected'])
    watch.stop()
    expect(watch.stream.get()).toBe(undefined)
  })

  it('is made anew when the socket came back, because the gateway ended the old one', async () => {
    const { watch, peers, offers } = watching()
    watch.relinked()
    await turn()
    expect(offers()).toEqual([])
    watch.start()
    await turn()
    peers[0]?.become('connected')
    watch.relinked()
    await turn()
    expect(watch.state.get()).toBe('connecting')
    expect(offers()).toHaveLength(2)
    // What stood there goes on standing there, until the next one takes its place.
    expect(peers.map((peer) => peer.connectionState)).toEqual(['connected', 'new'])
    peers[1]?.become('connected')
    expect(peers.map((peer) => peer.connectionState)).toEqual(['closed', 'connected'])
    watch.stop()
  })

  it('does not call live what stands still', async () => {
    const { watch, peers } = watching()
    watch.start()
    await turn()
    peers[0]?.become('connected')
    peers[0]?.become('disconnected')
    expect(watch.state.get()).toBe('connecting')
    peers[0]?.become('connected')
    expect(watch.state.get()).toBe('flowing')
    watch.stop()
  })

  it('says when the microphone is not given, and leaves the picture as it is', async () => {
    const { watch, peers } = watching(false)
    watch.start()
    await turn()
    await watch.talk()
    expect(watch.refusal.get()).toBe('microphone')
    expect(watch.talking.get()).toBe(false)
    expect(peers.length).toBe(1)
    watch.stop()
  })

  it('stops with one word, and a refusal for good is not repeated', async () => {
    const { watch, sent } = watching()
    watch.start()
    await turn()
    expect(watch.refused('id1', 'media_refused', false)).toBe(true)
    expect(watch.state.get()).toBe('failed')
    watch.start()
    await turn()
    // One that may be answered another time is tried again by itself, and can be stopped.
    expect(watch.refused('id2', 'media_busy', true)).toBe(true)
    expect(watch.state.get()).toBe('again')
    watch.stop()
    expect(sent.at(-1)).toEqual({ kind: 'media_stop', session: 's' })
    expect(watch.state.get()).toBe('off')
  })
})
