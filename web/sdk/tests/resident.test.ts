import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deviceKeep, memoryKeep, type Keep } from '../src/keep.ts'
import type { FromResident } from '../src/protocol.ts'
import { Resident } from '../src/resident.ts'
import { FakeGateway } from './fake_gateway.ts'
import { FakeWorld } from './fake_world.ts'

let world: FakeWorld
let gateway: FakeGateway
const now_ms = 1_790_000_000_000

beforeEach(async () => {
  world = new FakeWorld()
  gateway = new FakeGateway()
  online()
  await (await deviceKeep()).wipe()
})
afterEach(() => (world.opened = () => undefined))

/** New sockets reach the gateway. */
function online(): void {
  world.opened = (socket) => {
    queueMicrotask(() => {
      socket.onopen?.()
      const link = gateway.connect((message) => queueMicrotask(() => socket.hear(message as never)))
      socket.answer = (message) => link.receive(message as unknown as FromResident)
    })
  }
}

/** The link goes away, and new ones do not open. */
function offline(): void {
  world.opened = (socket) => queueMicrotask(() => socket.end(1006))
  world.last.answer = () => undefined
  world.last.end(1006)
}

async function client(keep: Keep = memoryKeep()): Promise<Resident> {
  const resident = new Resident({ origin: 'http://gateway', keep, surroundings: world, now_ms: () => now_ms })
  await resident.start()
  return resident
}

/** Waits until something is so; databases and keys answer in their own time. */
async function until(so: () => boolean): Promise<void> {
  const deadline = Date.now() + 4_000
  while (!so()) {
    if (Date.now() > deadline) throw new Error('it did not become so in 4 s')
    await new Promise((done) => setImmediate(done))
  }
}

async function begun(keep?: Keep): Promise<Resident> {
  const resident = await client(keep)
  await resident.begin({ category: 'fire', language: 'en' })
  await until(() => resident.report.get().session !== null && resident.report.get().waiting === 0)
  return resident
}

const texts = (resident: Resident): string[] =>
  resident.report.get().items.flatMap(({ body }) => (body.kind === 'text' ? [body.text] : []))
const logged = (): string[] => gateway.entries.flatMap(({ event }) => (event.kind === 'text' ? [event.text] : []))

describe('a resident', () => {
  it('proves the key of the device and opens a session', async () => {
    const resident = await begun()
    const hello = gateway.received.find((message) => message.kind === 'hello')
    if (hello?.kind !== 'hello') throw new Error('no hello')
    expect(hello.key).toHaveLength(65)
    expect(hello.signature).toHaveLength(64)
    const key = await crypto.subtle.importKey('raw', new Uint8Array(hello.key), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
    const signed = new Uint8Array([...new TextEncoder().encode('callbox-hello-v1'), ...new Uint8Array(32).fill(7)])
    const good = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, new Uint8Array(hello.signature), signed)
    expect(good).toBe(true)
    expect(resident.report.get()).toMatchObject({ phase: 'open', standing: 'waiting' })
  })

  it('reads another banner and exit address while the report goes on', async () => {
    const resident = await begun()
    const before = resident.report.get()
    const agency = { ...gateway.agency, banner: 'Another sentence', exit_url: 'https://news.example/' }
    gateway.say({ kind: 'agency_changed', agency })
    await until(() => resident.report.get().agency?.banner === 'Another sentence')
    expect(resident.report.get()).toEqual({ ...before, agency })
  })

  it('answers a question of the agency\'s own, answers it anew, and is not asked again what it skipped', async () => {
    const resident = await begun()
    await resident.answerField('building', '  the mill\ud800 ', 'en')
    await resident.answerField('building', 'x'.repeat(600), 'en')
    await resident.answerField('building', '   ', 'en')
    await until(() => resident.report.get().waiting === 0)
    const answers = gateway.received.flatMap((message) => (message.kind === 'do' && message.command.kind === 'answer_field' ? [message.command] : []))
    expect(answers.map(({ value }) => value)).toEqual(['the mill\ufffd', 'x'.repeat(500)])
    const items = resident.report.get().items.filter(({ body }) => body.kind === 'answer')
    expect(items).toMatchObject([{ from: 'me', safety: 'safe', body: { field: 'building', asked: 'building?', value: 'the mill\ufffd' } }, { safety: 'safe' }])
    await resident.skipField('floor')
    expect(resident.report.get().skipped).toEqual(['floor'])
  })

  it('corrects what is happening, shows it at once, and says the same only once', async () => {
    const resident = await begun()
    const { category } = resident.report.get()
    gateway.alone = true
    await resident.setCategory('medical')
    await until(() => resident.report.get().category === 'medical')
    await resident.setCategory('medical')
    await until(() => resident.report.get().items.some(({ body, safety }) => body.kind === 'category' && safety === 'stored'))
    gateway.say({ kind: 'safe', up_to: gateway.entries.at(-1)?.seq ?? 0 })
    await until(() => resident.report.get().waiting === 0)
    const sent = gateway.received.flatMap((message) => (message.kind === 'do' ? [message.command] : []))
    expect(sent).toEqual([{ kind: 'set_category', category: 'medical' }])
    expect(category).not.toBe('medical')
  })

  it('keeps an answer without a network, and shows what was asked until it is taken', async () => {
    const resident = await begun()
    gateway.alone = true
    await resident.answerField('gas', 'yes', 'en')
    await until(() => resident.report.get().items.some(({ body, safety }) => body.kind === 'answer' && safety === 'stored'))
    gateway.say({ kind: 'safe', up_to: gateway.entries.at(-1)?.seq ?? 0 })
    await until(() => resident.report.get().waiting === 0)
  })

  it('takes its yes to the place back when the device does not allow it, and says why as long as it is so', async () => {
    const denies: Pick<Geolocation, 'watchPosition' | 'clearWatch'> = {
      watchPosition: (_, failed) => (setImmediate(() => failed?.({ code: 1 } as GeolocationPositionError)), 1),
      clearWatch: () => undefined,
    }
    const resident = new Resident({ origin: 'http://gateway', keep: memoryKeep(), geolocation: denies, surroundings: world, now_ms: () => now_ms })
    await resident.start()
    await resident.begin({ category: 'fire', language: 'en' })
    await resident.consent('place', true)
    const words = (): boolean[] => gateway.entries.flatMap(({ event }) => (event.kind === 'consented' && event.medium === 'place' ? [event.granted] : []))
    await until(() => words().length === 2)
    expect(words()).toEqual([true, false])
    expect(resident.place.state.get()).toEqual({ at: 'failed', why: 'denied' })
  })

  it('answers an ask for the place with a no where the device knows none', async () => {
    const resident = await client()
    await resident.begin({ category: 'fire', language: 'en' })
    await until(() => resident.report.get().session !== null)
    gateway.ask('place')
    await until(() => resident.report.get().asks.length === 1)
    await resident.consent('place', true)
    await until(() => gateway.entries.some(({ event }) => event.kind === 'consented'))
    expect(gateway.entries.flatMap(({ event }) => (event.kind === 'consented' ? [[event.granted, event.ask !== undefined]] : []))).toEqual([[false, true]])
    expect(resident.place.state.get()).toEqual({ at: 'failed', why: 'unsupported' })
  })

  it('shows what is stored at a gateway that is cut off, and lets go of it when its place is safe', async () => {
    const resident = await begun()
    gateway.alone = true
    await resident.say('water')
    await until(() => resident.report.get().items.some(({ safety }) => safety === 'stored'))
    expect(resident.report.get().waiting).toBe(1)
    gateway.say({ kind: 'safe', up_to: gateway.entries.at(-1)?.seq ?? 0 })
    await until(() => resident.report.get().waiting === 0)
    expect(resident.report.get().items.at(-1)).toMatchObject({ safety: 'safe' })
  })

  it('takes the final order after a split, and sends again what is not safe', async () => {
    const resident = await begun()
    const after = gateway.entries.at(-1)?.seq ?? 0
    gateway.alone = true
    await resident.say('water')
    await until(() => resident.report.get().items.some(({ safety }) => safety === 'stored'))
    gateway.rejoin(after, { kind: 'text', text: 'From the other side', age_ms: 0 })
    await until(() => resident.report.get().waiting === 0)
    expect(texts(resident)).toEqual(['From the other side', 'water'])
    expect(logged()).toEqual(['From the other side', 'water'])
  })

  it('opens again after a break where the opening is only stored', async () => {
    gateway.alone = true
    const resident = await client()
    await resident.begin({ category: 'fire', language: 'en' })
    await until(() => resident.report.get().session !== null)
    offline()
    gateway.alone = false
    online()
    gateway.received = []
    world.advance(60_000)
    await until(() => resident.report.get().waiting === 0)
    expect(gateway.received.some(({ kind }) => kind === 'open')).toBe(true)
  })

  it('says safe only after the receipt', async () => {
    const resident = await begun()
    gateway.mute = true
    await resident.say('smoke on the stairs')
    expect(resident.report.get().items.at(-1)).toMatchObject({ safety: 'device' })
    expect(resident.report.get().waiting).toBe(1)
    gateway.mute = false
    offline()
    online()
    world.advance(2_000)
    await until(() => resident.report.get().waiting === 0)
    expect(resident.report.get().items.at(-1)).toMatchObject({ safety: 'safe' })
  })

  it('loses nothing and doubles nothing over a break', async () => {
    const resident = await begun()
    await resident.say('one')
    await until(() => logged().length === 1)
    offline()
    await resident.say('two')
    await resident.say('three')
    expect(resident.report.get().waiting).toBe(2)
    online()
    world.advance(20_000)
    await until(() => resident.report.get().waiting === 0)
    expect(logged()).toEqual(['one', 'two', 'three'])
    expect(texts(resident)).toEqual(['one', 'two', 'three'])
  })

  it('asks again for its session, on the same link, when the gateway could not open it yet', async () => {
    gateway.busy = 2
    const resident = await client()
    await resident.begin({ category: 'fire', language: 'en' })
    await until(() => gateway.busy === 1)
    world.advance(2_000)
    await until(() => gateway.busy === 0)
    world.advance(2_000)
    await until(() => resident.report.get().session !== null && resident.report.get().waiting === 0)
    expect(gateway.done).toHaveLength(1)
    expect(world.sockets).toHaveLength(1)
  })

  it('asks again for its session when the gateway could not read it back after a break', async () => {
    const resident = await begun()
    gateway.busy = 1
    offline()
    await resident.say('two')
    online()
    world.advance(20_000)
    await until(() => gateway.busy === 0)
    world.advance(2_000)
    await until(() => resident.report.get().waiting === 0)
    expect(logged()).toEqual(['two'])
  })

  it('goes on after a reload with the same key, session and outbox', async () => {
    const first = await begun(await deviceKeep())
    await first.say('before')
    await until(() => logged().length === 1)
    offline()
    await first.say('during')

    online()
    const second = await client(await deviceKeep())
    await until(() => second.report.get().waiting === 0 && texts(second).length === 2)
    expect(logged()).toEqual(['before', 'during'])
    const keys = gateway.received.flatMap((message) => (message.kind === 'hello' ? [String(message.key)] : []))
    expect(new Set(keys).size).toBe(1)
    expect(gateway.received.some((message) => message.kind === 'resume')).toBe(true)
  })

  it('keeps a half-written text over a reload, and lets go of it when it is sent', async () => {
    const first = await begun(await deviceKeep())
    first.draft.write('two cars, one of')
    world.advance(1_000)
    await until(() => first.draft.text.get() !== '')
    const second = await client(await deviceKeep())
    expect(second.draft.text.get()).toBe('two cars, one of')
    second.draft.write('')
    await second.say('two cars, one of them burns')
    const third = await client(await deviceKeep())
    expect(third.draft.text.get()).toBe('')
  })

  it('gives a half-written text to the next report', async () => {
    const resident = await begun(await deviceKeep())
    resident.draft.write('two cars, one of')
    gateway.staff({ kind: 'closed', disposition: 'advice_given', note: '' })
    await until(() => resident.report.get().phase === 'over')
    await resident.startAnew()
    expect(resident.draft.text.get()).toBe('two cars, one of')
  })

  it('takes a half-written text off the device in silent mode, and away at quick exit', async () => {
    const resident = await begun(await deviceKeep())
    resident.draft.write('he is in the next')
    await resident.goSilent()
    world.advance(1_000)
    expect(await indexedDB.databases()).toEqual([])
    expect(resident.draft.text.get()).toBe('he is in the next')
    await resident.quickExit()
    expect(resident.draft.text.get()).toBe('')
  })

  it('opens one session although the answer to its opening was lost', async () => {
    gateway.mute = true
    const resident = await client()
    await resident.begin({ category: 'medical', language: 'en' })
    await until(() => gateway.received.some((message) => message.kind === 'open'))
    gateway.mute = false
    offline()
    online()
    world.advance(2_000)
    await until(() => resident.report.get().session !== null && resident.report.get().waiting === 0)
    const ids = gateway.received.flatMap((message) => (message.kind === 'open' ? [message.id] : []))
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
    expect(gateway.entries.filter(({ event }) => event.kind === 'opened')).toHaveLength(1)
  })

  it('fetches what a hole hides', async () => {
    const resident = await begun()
    const send = world.last.hear.bind(world.last)
    world.last.hear = (message) => (message['seq'] === 4 ? undefined : send(message))
    gateway.staff({ kind: 'text', text: 'lost on the way', age_ms: 0 })
    await until(() => gateway.entries.length === 2)
    world.last.hear = send
    gateway.staff({ kind: 'text', text: 'after it', age_ms: 0 })
    await until(() => texts(resident).length === 2)
    expect(texts(resident)).toEqual(['lost on the way', 'after it'])
  })

  it('tells what was delivered and what was seen', async () => {
    const resident = await begun()
    const { seq } = gateway.staff({ kind: 'text', text: 'hello', age_ms: 0 })
    await until(() => texts(resident).length === 1)
    resident.saw(seq)
    world.advance(500)
    await until(() => gateway.received.some((message) => message.kind === 'delivered' && message.up_to === seq))
    expect(gateway.received).toContainEqual({ kind: 'seen', up_to: seq })
  })

  it('shows what a telecommunicator types until the message is there', async () => {
    const resident = await begun()
    const message = 'd'.repeat(32)
    gateway.say({ kind: 'real_time_text', message, part: 0, from: 0, text: 'are you sa' })
    await until(() => resident.report.get().typing === 'are you sa')
    gateway.say({ kind: 'entry', seq: 4, prev: 2, at_ms: now_ms, by: { role: 'staff', as: 'telecommunicator' }, command: message, event: { kind: 'text', text: 'are you safe?', age_ms: 0 } })
    await until(() => texts(resident).length === 1)
    expect(resident.report.get().typing).toBe('')
  })

  it('types under the id of the finished message', async () => {
    const resident = await begun()
    resident.type('hel')
    world.advance(300)
    await resident.say('help')
    await until(() => logged().length === 1)
    const typed = gateway.received.find((message) => message.kind === 'real_time_text')
    expect(typed).toMatchObject({ message: gateway.entries.at(-1)?.command, text: 'hel' })
  })

  it('withdraws a yes to the camera that an earlier page gave', async () => {
    const first = await begun(await deviceKeep())
    gateway.say(gateway.entries[0] as never)
    first.report.get()
    const yes = { kind: 'do', id: 'c'.repeat(32), command: { kind: 'consent', medium: 'video', granted: true } } as const
    gateway.connect(() => undefined).receive(yes)
    const second = await client(await deviceKeep())
    await until(() => second.report.get().granted.video)
    world.advance(1_000)
    await until(() => !second.report.get().granted.video && second.report.get().waiting === 0)
    expect(gateway.entries.at(-1)?.event).toMatchObject({ kind: 'consented', medium: 'video', granted: false })
  })

  it('leaves no trace in silent mode and keeps what is not safe in memory', async () => {
    const resident = await client(await deviceKeep())
    await resident.goSilent()
    expect(await indexedDB.databases()).toEqual([])
    await resident.begin({ category: 'violence', language: 'en' })
    await until(() => resident.report.get().session !== null)
    const open = gateway.received.find((message) => message.kind === 'open')
    expect(open).toMatchObject({ opening: { silent: true } })
    expect(await indexedDB.databases()).toEqual([])
  })

  it('wipes the device at quick exit once everything is safe', async () => {
    const resident = await begun(await deviceKeep())
    await resident.quickExit()
    expect(gateway.entries.at(-1)?.event).toEqual({ kind: 'left', quick_exit: true })
    expect(await indexedDB.databases()).toEqual([])
  })

  it('keeps at quick exit what the gateway does not have yet', async () => {
    const resident = await begun(await deviceKeep())
    offline()
    await resident.say('not there yet')
    const exit = resident.quickExit()
    await until(() => resident.report.get().waiting === 2)
    world.advance(1_000)
    await exit
    const kept = await (await deviceKeep()).all('outbox')
    expect(kept).toHaveLength(2)
  })

  it('shows the reason when a text is refused for ever', async () => {
    const resident = await begun()
    gateway.mute = true
    await resident.say('x')
    await until(() => gateway.received.some((message) => message.kind === 'do'))
    const refused = gateway.received.find((message) => message.kind === 'do')
    if (refused?.kind !== 'do') throw new Error('nothing sent')
    gateway.say({ kind: 'error', id: refused.id, code: 'session_closed', number: 2005, retry: 'never', message: '' })
    await until(() => resident.report.get().items.some(({ safety }) => safety === 'refused'))
    expect(resident.report.get().waiting).toBe(0)
  })

  it('opens by a link with its secret, survives a break before the answer, and is new again where the link opens nothing', async () => {
    const keep = await deviceKeep()
    const resident = await client(keep)
    const link = { session: gateway.session, secret: 'x'.repeat(43) }
    await resident.begin({ category: 'other', language: 'en' }, link)
    const asked = () => gateway.received.filter((message) => message.kind === 'open_by_link')
    await until(() => asked().length === 1)
    expect(asked()[0]).toMatchObject({ ...link, opening: { category: 'other', language: 'en' } })
    // A page that was loaded again asks with the same id.
    const again = await client(keep)
    await until(() => asked().length === 2)
    expect(asked()[1]).toEqual(asked()[0])
    gateway.say({ kind: 'error', id: asked()[1]?.id ?? '', code: 'link_used', number: 2031, retry: 'never', message: '' })
    await until(() => again.report.get().phase === 'new')
    expect(again.report.get().trouble).toBe('link_used')
    expect(await keep.all('outbox')).toEqual([])
  })
})
