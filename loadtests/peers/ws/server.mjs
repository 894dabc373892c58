// One server process: residents' texts go into a Redis stream per console; the process that holds a console reads its stream.
//   /resident/<room>?console=<n>   send {"id":1,"text":"…"}, receive {"ack":1} once Redis has answered the XADD
//   /console/<n>                   receive {"room":"…","text":"…"}
import { Redis } from 'ioredis'
import { WebSocketServer } from 'ws'

const redis_url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
// Commands of one turn of the event loop leave in one write.
const writer = new Redis(redis_url, { enableAutoPipelining: true })
const reader = new Redis(redis_url)
// Entries of one read: with fewer, a busy console waits; with more, one read holds up the others.
const READ_COUNT = 500

const consoles = new Map()
const server = new WebSocketServer({ port: Number(process.env.PORT), host: '127.0.0.1', perMessageDeflate: false })

server.on('connection', (socket, request) => {
  const url = new URL(request.url, 'http://localhost')
  const [, kind, name] = url.pathname.split('/')
  if (kind === 'console') open(name, socket)
  else if (kind === 'resident') serve(name, url.searchParams.get('console'), socket)
  else socket.close(1008)
})

function serve(room, to, socket) {
  const stream = `console:${to}`
  socket.on('message', async (data) => {
    const { id, text } = JSON.parse(data)
    try {
      await writer.xadd(stream, '*', 'room', room, 'text', text)
      socket.send(JSON.stringify({ ack: id }))
    } catch (error) {
      socket.send(JSON.stringify({ failed: id, why: error.message }))
    }
  })
}

function open(name, socket) {
  const stream = `console:${name}`
  consoles.set(stream, { socket, after: '0-0' })
  socket.on('close', () => consoles.delete(stream))
  socket.send(JSON.stringify({ open: name }))
}

async function read() {
  for (;;) {
    const streams = [...consoles.keys()]
    if (streams.length === 0) {
      await new Promise((later) => setTimeout(later, 50))
      continue
    }
    const from = streams.map((stream) => consoles.get(stream)?.after ?? '$')
    // A short block, so that a console that opens meanwhile is read soon.
    const found = await reader.xread('COUNT', READ_COUNT, 'BLOCK', 200, 'STREAMS', ...streams, ...from)
    for (const [stream, entries] of found ?? []) {
      const console_ = consoles.get(stream)
      if (console_ === undefined) continue
      for (const [id, fields] of entries) {
        console_.after = id
        console_.socket.send(JSON.stringify({ room: fields[1], text: fields[3] }))
      }
    }
  }
}

process.on('SIGTERM', () => process.exit(0))
await read()
