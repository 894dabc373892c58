// A public client of tus uploads a photo: the endpoint speaks the protocol, not only our dialect of it.
import { randomBytes } from 'node:crypto'
import { Upload } from 'tus-js-client'
import { Reporter } from './crowd.ts'
import { expect, within, type Story } from './harness.ts'

const PIECE_BYTES = 200_000

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

/** Uploads an announced photo; what the client asked for and was answered, in order. */
async function upload(story: Story, reporter: Reporter, original: Buffer, pieceStored?: () => void): Promise<string[]> {
  const photo = await reporter.do({ kind: 'announce_photo', media_type: 'image/jpeg', size_bytes: original.length, age_ms: 0 })
  const spoken: string[] = []
  await new Promise<void>((done, fail) => {
    new Upload(original, {
      endpoint: `${story.gateway.origin}/api/v1/uploads`,
      chunkSize: PIECE_BYTES,
      retryDelays: Array.from({ length: 40 }, () => 250),
      headers: { Authorization: `Bearer ${reporter.token}` },
      metadata: { photo, session: reporter.session },
      onAfterResponse: (request, response) => void spoken.push(`${request.getMethod()} ${response.getHeader('Upload-Offset') ?? '-'}`),
      onError: fail,
      onSuccess: () => done(),
      ...(pieceStored ? { onChunkComplete: pieceStored } : {}),
    }).start()
  })
  return spoken
}

/** Waits for the outcome as the log has it, whoever of the staff looks. */
async function stored(story: Story, session: string, original: Buffer): Promise<void> {
  const tina = await story.telecommunicator()
  tina.send({ kind: 'follow', session, after: 0 })
  const outcome = () => tina.log(session).find(({ event }) => /^photo_(stored|refused)$/.test(event.kind))?.event
  await within('the outcome', () => Promise.resolve(outcome() !== undefined))
  const event = outcome()
  expect(event?.kind === 'photo_stored' && event.size_bytes === original.length, `stored whole, not ${JSON.stringify(event)}`)
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'RE13 a public tus client uploads a photo in pieces'(story) {
    const original = await photo(story)
    const reporter = await Reporter.report(story)
    const session = await (await story.telecommunicator()).take()
    const spoken = await upload(story, reporter, original)
    const offsets = [PIECE_BYTES, 2 * PIECE_BYTES, 3 * PIECE_BYTES, original.length]
    expect(spoken.join() === ['POST 0', ...offsets.map((offset) => `PATCH ${String(offset)}`)].join(), `each byte once, not ${spoken.join()}`)
    await stored(story, session, original)
  },

  async 'RE13 a public tus client goes on where a crash of the gateway cut its upload'(story) {
    const original = await photo(story)
    const reporter = await Reporter.report(story)
    const session = await (await story.telecommunicator()).take()
    let crashed: Promise<void> | undefined
    const spoken = await upload(story, reporter, original, () => {
      crashed ??= story.gateway.down('SIGKILL').then(() => story.gateway.up())
    })
    await crashed
    // One creation; after the crash the client asks how far it was, and what was answered before is not sent again.
    expect(spoken.filter((said) => said.startsWith('POST')).length === 1, `one upload, not ${spoken.join()}`)
    const asked = spoken.findIndex((said) => /^HEAD \d/.test(said))
    const [, offset] = (spoken[asked] ?? '').split(' ')
    expect(asked > 1 && Number(offset) >= PIECE_BYTES, `it goes on after the first piece, not ${spoken.join()}`)
    await stored(story, session, original)
  },
}
