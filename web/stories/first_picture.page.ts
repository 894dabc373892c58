// Runs inside a browser page of its own: a resident with a camera, or a telecommunicator who watches, on nothing but the SDK.
//
// Owns: the marks of time around the browser's own calls. Must not: decide how often; `tools/first_picture.mjs` does.
import { memoryKeep } from '../sdk/src/keep.ts'
import { Resident } from '../sdk/src/resident.ts'
import { browserMedia } from '../sdk/src/staff-media.ts'
import { signIn, StaffClient } from '../sdk/src/staff.ts'
import type { Readable } from '../sdk/src/store.ts'

/** Longest wait for anything, in ms. */
const WITHIN_MS = 15_000

/** What one try found, in ms by the page's own clock. */
export interface Tried {
  /** From the gateway's answer being handed to the browser to the first frame it presents. */
  answer_to_picture: number
  /** From the console's offer being asked of the browser to that frame. */
  offer_to_picture: number
  /** When the frame was presented, in ms since 1970: compared with another page of this machine. */
  at_ms: number
  width: number
  height: number
}

function until<T>(what: string, store: Readable<T>, so: (value: T) => boolean): Promise<void> {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`not within ${String(WITHIN_MS)} ms: ${what}`)), WITHIN_MS)
    const stop = store.subscribe((value) => {
      if (!so(value)) return
      clearTimeout(late)
      done()
      queueMicrotask(() => stop())
    })
  })
}

const since1970 = (): number => performance.timeOrigin + performance.now()

/** A resident who reports, and switches the camera on and off. */
export async function resident() {
  const client = new Resident({ origin: location.origin, keep: memoryKeep() })
  await client.start()
  await client.begin({ category: 'other', language: 'en' })
  await until('the report is open', client.report, ({ standing, waiting }) => standing !== null && waiting === 0)
  return {
    /** Answers when the yes was said, in ms since 1970. */
    async yes(): Promise<number> {
      const at = since1970()
      await client.consent('video', true)
      return at
    },
    no: (): Promise<void> => client.consent('video', false),
  }
}

/** A telecommunicator who takes the next session and watches it. */
export async function telecommunicator() {
  const origin = location.origin
  const signedIn = await signIn({ agency: 'demo.example', name: 'tina', passphrase: 'demo-tina-911' }, origin)
  const marks = { offer: 0, answer: 0 }
  const peer = (): RTCPeerConnection => {
    const connection = browserMedia.peer()
    const answered = connection.setRemoteDescription.bind(connection)
    marks.offer = performance.now()
    connection.setRemoteDescription = (description) => {
      marks.answer = performance.now()
      return answered(description)
    }
    return connection
  }
  const client = new StaffClient(signedIn, { client: 'first-picture', origin, media: { ...browserMedia, peer } })
  client.start()
  await until('the link is open', client.welcome, (welcome) => welcome !== undefined)
  client.setState('available')
  const session = await client.takeNext()
  const followed = client.follow(session)
  const watch = client.media(session)
  return {
    /** Waits until the resident's picture flows to the gateway, or until it does not any more. */
    flows: (video: boolean): Promise<void> => until(`video is ${String(video)}`, followed.live, (live) => (live?.video ?? false) === video),
    async picture(): Promise<Tried> {
      const video = document.createElement('video')
      Object.assign(video, { muted: true, autoplay: true, playsInline: true, width: 640, height: 360 })
      document.body.replaceChildren(video)
      const first = new Promise<Tried>((done, fail) => {
        setTimeout(() => fail(new Error(`no picture within ${String(WITHIN_MS)} ms`)), WITHIN_MS)
        video.requestVideoFrameCallback((_, frame) => {
          const now = performance.now()
          done({
            answer_to_picture: now - marks.answer, offer_to_picture: now - marks.offer,
            at_ms: performance.timeOrigin + now, width: frame.width, height: frame.height,
          })
        })
      })
      const unsubscribe = watch.stream.subscribe((stream) => {
        if (stream !== undefined && video.srcObject !== stream) video.srcObject = stream
      })
      watch.start()
      try {
        return await first
      } finally {
        unsubscribe()
        watch.stop()
        video.srcObject = null
      }
    },
  }
}
