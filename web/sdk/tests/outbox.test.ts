import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../src/ids.ts'
import { deviceKeep, memoryKeep, move, type Keep } from '../src/keep.ts'
import { FIXES_WAITING_MAX, Outbox, type Sending, type Waiting } from '../src/outbox.ts'
import type { ErrorMessage, ResidentCommand } from '../src/protocol.ts'

const clock = { now: 1_000_000, timers: [] as (() => void)[] }
const refused: string[] = []

function outbox(keep: Keep): Outbox {
  return new Outbox(
    keep,
    {
      now_ms: () => clock.now,
      after: (_, run) => {
        clock.timers.push(run)
        return () => (clock.timers = clock.timers.filter((timer) => timer !== run))
      },
    },
    { refused: (waiting) => refused.push(waiting.id) },
  )
}

const text = (words: string): { kind: 'do'; command: ResidentCommand } => ({ kind: 'do', command: { kind: 'text', text: words, age_ms: 0 } })
const fix = (latitude: number): { kind: 'do'; command: ResidentCommand } => ({
  kind: 'do',
  command: { kind: 'locate', location: { latitude, longitude: 0, uncertainty_m: 5, method: 'device', age_ms: 0 } },
})
const error = (id: string, retry: ErrorMessage['retry'], after_ms?: number): ErrorMessage => ({
  id,
  code: 'too_fast',
  number: 4000,
  retry,
  message: '',
  ...(after_ms === undefined ? {} : { after_ms }),
})

beforeEach(async () => {
  await (await deviceKeep()).wipe()
  clock.timers = []
  refused.length = 0
})

describe('the outbox', () => {
  it('survives a reload and sends again in order with the same ids', async () => {
    const before = outbox(await deviceKeep())
    const ids = [newId(), newId(), newId()]
    for (const id of ids) await before.add(id, text(id))

    const after = outbox(await deviceKeep())
    await after.load()
    const sent: Sending[] = []
    after.attach((sending) => sent.push(sending) > 0)
    expect(sent.map(({ id }) => id)).toEqual(ids)
  })

  it('keeps a command until it is safe, and sends what is only stored again on the next link', async () => {
    const box = outbox(memoryKeep())
    const sent: string[] = []
    box.attach(({ id }) => sent.push(id) > 0)
    await box.add('one', text('1'))
    await box.receipt('one', 'stored')
    expect(box.waiting.get()).toHaveLength(1)
    box.detach()
    box.attach(({ id }) => sent.push(id) > 0)
    expect(sent).toEqual(['one', 'one'])
    await box.receipt('one', 'safe')
    expect(box.waiting.get()).toEqual([])
  })

  it('lets go of what was stored once its place is safe, and asks again when places have changed', async () => {
    const box = outbox(memoryKeep())
    const sent: string[] = []
    box.attach(({ id }) => sent.push(id) > 0)
    for (const id of ['one', 'two', 'three']) await box.add(id, text(id))
    await box.receipt('one', 'stored', 4)
    await box.receipt('two', 'stored', 5)
    expect(await box.safe(4)).toEqual(['one'])
    expect(box.waiting.get().map(({ id }) => id)).toEqual(['two', 'three'])
    box.rewound()
    expect(sent).toEqual(['one', 'two', 'three', 'two'])
    await box.receipt('two', 'safe', 9)
    expect(box.waiting.get().map(({ id }) => id)).toEqual(['three'])
  })

  it('takes no word about places for a receipt of an earlier link', async () => {
    const box = outbox(memoryKeep())
    await box.add('one', text('1'))
    box.attach(() => true)
    await box.receipt('one', 'stored', 4)
    box.detach()
    box.attach(() => true)
    expect(await box.safe(4)).toEqual([])
    expect(box.waiting.get()).toHaveLength(1)
  })

  it('tells the age of what waited, not its time', async () => {
    const box = outbox(memoryKeep())
    await box.add('one', text('1'))
    clock.now += 42_000
    const sent: Sending[] = []
    box.attach((sending) => sent.push(sending) > 0)
    expect(sent[0]).toMatchObject({ command: { age_ms: 42_000 } })
  })

  it('sends again after the pause that was asked, one at a time', async () => {
    const box = outbox(memoryKeep())
    const sent: string[] = []
    box.attach(({ id }) => sent.push(id) > 0)
    for (const id of ['a', 'b', 'c']) await box.add(id, text(id))
    await box.error(error('a', 'later', 700))
    await box.error(error('b', 'later', 700))
    await box.error(error('c', 'later', 700))
    clock.now += 700
    sent.length = 0
    clock.timers.splice(0).forEach((run) => run())
    expect(sent).toEqual(['a'])
  })

  it('lets go of what is refused for ever and says so', async () => {
    const box = outbox(memoryKeep())
    await box.add('bad', text(''))
    expect(await box.error(error('bad', 'never'))).toBe(true)
    expect(refused).toEqual(['bad'])
    expect(box.waiting.get()).toEqual([])
    expect(await box.error(error('unknown', 'never'))).toBe(false)
  })

  it('does not send more at a time than the link should carry', async () => {
    const box = outbox(memoryKeep())
    for (let number = 0; number < 30; number += 1) await box.add(`n${number}`, text('x'))
    const sent: string[] = []
    box.attach(({ id }) => sent.push(id) > 0)
    expect(sent).toHaveLength(8)
    await box.receipt('n0', 'safe')
    expect(sent).toHaveLength(9)
  })

  it('keeps the newest fixes of a long break, and every text', async () => {
    const box = outbox(memoryKeep())
    await box.add('words', text('we are here'))
    for (let number = 0; number < 50; number += 1) await box.add(`f${number}`, fix(number))
    const ids = box.waiting.get().map(({ id }) => id)
    expect(ids).toHaveLength(1 + FIXES_WAITING_MAX)
    expect(ids[0]).toBe('words')
    expect(ids.at(-1)).toBe('f49')
  })

  it('moves to memory for silent mode and leaves no database', async () => {
    const device = await deviceKeep()
    const box = outbox(device)
    await box.add('one', text('quiet'))
    const memory = memoryKeep()
    await move(device, memory, { outbox: (value) => (value as Waiting).id })
    expect(await memory.all('outbox')).toHaveLength(1)
    expect(await indexedDB.databases()).toEqual([])
  })

  it('sends although the device has no room left to keep it', async () => {
    const full: Keep = { ...memoryKeep(), put: () => Promise.reject(new Error('QuotaExceededError')) }
    const box = outbox(full)
    const sent: string[] = []
    box.attach(({ id }) => sent.push(id) > 0)
    await box.add('one', text('1'))
    expect(sent).toEqual(['one'])
  })
})
