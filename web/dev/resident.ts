// Development only, never built: the resident page over a gateway in memory, brought to the state that the address names.
//
// Owns: a camera and a place for it, and hands of the page's own. The states are `resident_states.ts`.
import type { Kinded } from '../sdk/src/codec.ts'
import type { FromResident } from '../sdk/src/protocol.ts'
import { FakeGateway } from '../sdk/tests/fake_gateway.ts'
import { MadeUpSocket, replaceNetwork } from './made_up.ts'
import { drawnPhoto, STATES, type Hands } from './resident_states.ts'

/** Longest wait for anything in a state, in ms. */
const WITHIN_MS = 10_000

const asked = new URLSearchParams(location.search)
const name = asked.get('state') ?? 'begin'
const state = STATES[name]
const gateway = new FakeGateway()
gateway.now_ms = Date.now()
let line: Socket | null = null
let down = false

class Socket extends MadeUpSocket {
  #far: ReturnType<FakeGateway['connect']> | null = null

  constructor() {
    super()
    line = this
    setTimeout(() => {
      if (down) return this.onclose?.({ code: 1001 })
      this.onopen?.()
      if (state?.dead !== true) this.#far = gateway.connect((message) => this.say(message))
    })
  }

  protected override take(message: Kinded): void {
    setTimeout(() => this.#far?.receive(message as FromResident))
  }
}

/** Waits until something is so, looked at with every frame. */
async function until(so: () => boolean): Promise<void> {
  const deadline = performance.now() + WITHIN_MS
  while (!so()) {
    if (performance.now() > deadline) throw new Error(`${name} is not reached: ${String(so)}`)
    await new Promise((next) => requestAnimationFrame(next))
  }
}

async function found(selector: string, nth = 0): Promise<HTMLElement> {
  const here = (): HTMLElement | undefined => [...document.querySelectorAll<HTMLElement>(selector)].at(nth)
  await until(() => here() !== undefined).catch(() => {
    throw new Error(`${name} is not reached: no ${selector}`)
  })
  return here() as HTMLElement
}

const hands: Hands = {
  press: async (selector, nth) => (await found(selector, nth)).click(),
  fill: async (selector, text) => {
    const field = (await found(selector)) as HTMLTextAreaElement
    field.value = text
    field.dispatchEvent(new InputEvent('input', { bubbles: true }))
  },
  key: async (selector, key) => void (await found(selector)).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })),
  choose: async (selector, file) => {
    const input = (await found(selector)) as HTMLInputElement
    const bytes = file === 'photo' ? new Uint8Array(await drawnPhoto()) : new Uint8Array()
    const chosen = new DataTransfer()
    chosen.items.add(new File([bytes], 'stairs.png', { type: 'image/png' }))
    input.files = chosen.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
  },
  see: async (selector, nth) => void (await found(selector, nth)),
  until,
  scroll: async (to) => {
    // What was pressed last may just have grown.
    await new Promise((next) => requestAnimationFrame(next))
    scrollTo(0, to === 'top' ? 0 : document.body.scrollHeight)
  },
}

/** What this machine need not have, and what the frames of one origin must not share. */
function device(): void {
  const fix = { coords: { latitude: 52.37021, longitude: 4.89517, accuracy: 12 }, timestamp: Date.now() } as GeolocationPosition
  const watchPosition = (hear: PositionCallback): number => {
    setTimeout(() => hear(fix))
    return 1
  }
  Object.defineProperty(navigator, 'geolocation', { configurable: true, value: { watchPosition, clearWatch: () => undefined } })
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement('canvas')
    const brush = canvas.getContext('2d')
    const picture = await createImageBitmap(new Blob([new Uint8Array(await drawnPhoto())]))
    Object.assign(canvas, { width: picture.width, height: picture.height })
    const draw = (): void => {
      brush?.drawImage(picture, 0, 0)
      requestAnimationFrame(draw)
    }
    draw()
    return canvas.captureStream()
  }
  const { open, deleteDatabase } = IDBFactory.prototype
  const own = (database: string): string => `${database} ${name}`
  IDBFactory.prototype.open = function (database, version) {
    return open.call(this, own(database), version)
  }
  IDBFactory.prototype.deleteDatabase = function (database) {
    return deleteDatabase.call(this, own(database))
  }
  // What the visit before left; an open page of it makes this wait, so nobody waits for it.
  indexedDB.deleteDatabase('page-state')
  if (state?.search !== undefined) history.replaceState(null, '', `${location.pathname}${location.search}&${state.search}`)
  // A reload of the frame plays the same state again.
  history.replaceState = () => undefined
  Object.defineProperty(navigator, 'serviceWorker', { value: { register: () => Promise.reject(new Error('none here')), getRegistrations: () => Promise.resolve([]) } })
  replaceNetwork(Socket, (url) => {
    if (url.endsWith('/api/v1/agency')) return Response.json(gateway.agency)
    if (url.includes('/api/v1/uploads')) throw new TypeError('no network here')
    return undefined
  })
}

device()
state?.device?.()
await import('../resident/main.ts')
await found('header.bar')
const close = (code: number): void => line?.onclose?.({ code })
await state?.play(hands, gateway, { close, cut: () => { down = true; close(1001) } })
document.documentElement.dataset['played'] = name
