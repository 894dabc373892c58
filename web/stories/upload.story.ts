// A public client of tus uploads a photo: the endpoint speaks the protocol, not only our dialect of it.
import { randomBytes } from 'node:crypto'
import { Upload } from 'tus-js-client'
import { Connection, socketUrl } from '../sdk/src/connection.ts'
import { deviceKey } from '../sdk/src/device_key.ts'
import { newId } from '../sdk/src/ids.ts'
import { memoryKeep } from '../sdk/src/keep.ts'
import type { FromResident, ToResident } from '../sdk/src/protocol.ts'
import { expect, within, type Story } from './harness.ts'

type Entry = Extract<ToResident, { kind: 'entry' }>

/** The smallest JPEG that decodes, followed by bytes that make it large. */
async function photo(story: Story): Promise<Buffer> {
  const page = await story.visit()
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 64
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg'))
    return blob === null ? [] : [...new Uint8Array(await blob.arrayBuffer())]
  })
  return Buffer.concat([Buffer.from(bytes), randomBytes(700_000)])
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE13 a public tus client uploads a photo in pieces'(story) {
    const original = await photo(story)
    const key = await deviceKey(memoryKeep())
    const heard: ToResident[] = []
    const connection = new Connection<FromResident, ToResident>({
      url: () => socketUrl('/ws/resident', story.gateway.origin),
      greet: async (before) =>
        before?.kind === 'challenge'
          ? { kind: 'hello', client: 'story', key: key.point, signature: await key.sign(before.nonce) }
          : null,
      receive: (message) => heard.push(message),
    })
    connection.start()
    const first = <K extends ToResident['kind']>(kind: K) =>
      heard.find((message): message is Extract<ToResident, { kind: K }> => message.kind === kind)
    await within('the link is open', () => Promise.resolve(first('welcome') !== undefined))
    const device = { video: false, audio: false, place: false }
    connection.send({ kind: 'open', id: newId(), opening: { category: 'other', language: 'en', silent: false, device } })
    await within('the session is open', () => Promise.resolve(first('session') !== undefined))
    const id = newId()
    const announce = { kind: 'announce_photo', media_type: 'image/jpeg', size_bytes: original.length, age_ms: 0 } as const
    connection.send({ kind: 'do', id, command: announce })
    await within('the announcement is safe', () =>
      Promise.resolve(heard.some((message) => message.kind === 'receipt' && message.id === id)),
    )
    await new Promise<void>((done, fail) => {
      const upload = new Upload(original, {
        endpoint: `${story.gateway.origin}/api/v1/uploads`,
        chunkSize: 200_000,
        retryDelays: [100, 500],
        headers: { Authorization: `Bearer ${first('welcome')?.token ?? ''}` },
        metadata: { photo: id, session: first('session')?.session ?? '' },
        onError: fail,
        onSuccess: () => done(),
      })
      upload.start()
    })
    const outcome = () =>
      heard.find((message): message is Entry => message.kind === 'entry' && /^photo_(stored|refused)$/.test(message.event.kind))?.event
    await within('the outcome', () => Promise.resolve(outcome() !== undefined))
    connection.stop()
    const event = outcome()
    expect(event?.kind === 'photo_stored' && event.size_bytes === original.length, `stored whole, not ${JSON.stringify(event)}`)
  },
}
