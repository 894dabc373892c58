// One server process. Residents emit `text` with an acknowledgement callback; consoles join the rooms of their residents.
//   resident: auth {}                emit('text', console, text, ack)
//   console:  auth {console: '3'}    on('text', text, offset)
import { createAdapter } from '@socket.io/redis-streams-adapter'
import { createServer } from 'node:http'
import { createClient } from 'redis'
import { Server } from 'socket.io'

// Packet type of an event in the Socket.IO protocol.
const EVENT = 2

const redis = createClient({ url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' })
await redis.connect()
const http = createServer()
const io = new Server(http, {
  adapter: createAdapter(redis),
  connectionStateRecovery: { maxDisconnectionDuration: 120_000 },
  transports: ['websocket'],
})

io.on('connection', (socket) => {
  const { console: name } = socket.handshake.auth
  if (name !== undefined) socket.join(`console:${name}`)
  socket.on('text', async (to, text, ack) => {
    // `io.to(room).emit` does not say when the stream has the packet; the adapter's own broadcast, which it calls, does.
    const packet = { type: EVENT, data: ['text', text], nsp: '/' }
    await io.of('/').adapter.broadcast(packet, { rooms: new Set([`console:${to}`]), except: new Set(), flags: {} })
    ack()
  })
})

process.on('SIGTERM', () => process.exit(0))
http.listen(Number(process.env.PORT), '127.0.0.1')
