import { describe, expect, it } from 'vitest'
import type { RealTimeText } from '../src/protocol.ts'
import { FLUSH_AFTER_MS, LOST, REFRESH_EVERY_MS, TypingReceiver, TypingSender } from '../src/real_time_text.ts'
import { FakeWorld } from './fake_world.ts'

function pair(lose: (packet: RealTimeText) => boolean = () => false) {
  const world = new FakeWorld()
  const receiver = new TypingReceiver()
  const packets: RealTimeText[] = []
  const sender = new TypingSender(
    (packet) => {
      packets.push(packet)
      if (!lose(packet)) receiver.take(packet)
      return true
    },
    (ms, run) => world.after(ms, run),
    () => world.now(),
  )
  const type = (text: string): void => {
    sender.type(text)
    world.advance(FLUSH_AFTER_MS)
  }
  return { world, receiver, sender, packets, type }
}

describe('real-time text', () => {
  it('leaves within 300 ms', () => {
    const { world, sender, packets } = pair()
    sender.type('help')
    world.advance(300)
    expect(packets).toHaveLength(1)
  })

  it('sends what changed only, also in the middle and backwards', () => {
    const { receiver, packets, type } = pair()
    type('fire on the 2nd flor')
    type('fire on the 2nd floor')
    type('fire on the 3rd floor')
    type('fire')
    expect(receiver.text).toBe('fire')
    expect(packets.map(({ part, from }) => [part, from])).toEqual([[0, 0], [1, 19], [2, 12], [3, 4]])
  })

  it('counts characters, not halves of them', () => {
    const { receiver, packets, type } = pair()
    type('🔥🔥')
    type('🔥🔥🚒')
    expect(packets[1]).toMatchObject({ from: 2, text: '🚒' })
    expect(receiver.text).toBe('🔥🔥🚒')
  })

  it('shows a loss as U+FFFD until the next whole packet', () => {
    const { world, receiver, type } = pair(({ part }) => part === 1)
    type('they are ')
    type('they are not ')
    type('they are not hurt')
    expect(receiver.text).toContain(LOST)
    expect(receiver.text.startsWith('they are ')).toBe(true)
    world.advance(REFRESH_EVERY_MS)
    type('they are not hurt!')
    expect(receiver.text).toBe('they are not hurt!')
  })

  it('shows a loss inside a text that got shorter', () => {
    const receiver = new TypingReceiver()
    receiver.take({ message: 'm', part: 0, from: 0, text: 'abcdef' })
    receiver.take({ message: 'm', part: 2, from: 3, text: 'xyz' })
    expect(receiver.text).toBe(`abc${LOST}xyz`)
    receiver.take({ message: 'm', part: 1, from: 0, text: 'old' })
    expect(receiver.text).toBe(`abc${LOST}xyz`)
  })

  it('is whole again after a new link', () => {
    const { world, sender, packets, type } = pair()
    type('hello')
    sender.refresh()
    world.advance(FLUSH_AFTER_MS)
    expect(packets.at(-1)).toMatchObject({ part: 1, from: 0, text: 'hello' })
  })

  it('cuts a long text into packets of the allowed size', () => {
    const { receiver, packets, type } = pair()
    type('x'.repeat(5_000))
    expect(packets.map(({ text }) => text.length)).toEqual([2_000, 2_000, 1_000])
    expect(receiver.text).toHaveLength(5_000)
  })

  it('finishes a message under the id it was typed under', () => {
    const { sender, packets, type } = pair()
    type('done')
    const id = sender.finish()
    expect(packets[0]?.message).toBe(id)
    expect(sender.message).not.toBe(id)
  })

  it('survives any typing with random losses after a whole packet', () => {
    const seed = Date.now() % 100_000
    let state = seed
    const random = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
    const { world, receiver, type } = pair(() => random() < 0.3 && state % 2 === 0)
    let text = ''
    for (let step = 0; step < 300; step += 1) {
      const at = Math.floor(random() * (text.length + 1))
      text = random() < 0.7 ? `${text.slice(0, at)}${'añ火z'[step % 4]}${text.slice(at)}` : text.slice(0, at)
      type(text)
    }
    world.advance(REFRESH_EVERY_MS)
    for (let tries = 0; tries < 20 && receiver.text !== `${text}!`; tries += 1) {
      world.advance(REFRESH_EVERY_MS)
      type(`${text}${tries % 2 === 0 ? '!' : '?'}`)
    }
    expect(receiver.text, `seed ${seed}`).toBe(`${text}!`)
  })
})
