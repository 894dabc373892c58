// A resident's client in a terminal: node example.mjs http://127.0.0.1:8911
// Node 22 and newer have WebSocket; Node 20 needs --experimental-websocket.
import { Resident } from '@callbox/sdk/resident'
import { memoryKeep } from '@callbox/sdk/keep'

const origin = process.argv[2] ?? 'http://127.0.0.1:8911'
// `memoryKeep` forgets with the program; a page takes `await deviceKeep()` and survives a reload.
const resident = new Resident({ origin, keep: memoryKeep() })

// One store has everything there is to show. It calls at once, and again on each change.
const shown = new Set()
resident.report.subscribe((report) => {
  show(`link: ${report.link.at}`)
  if (report.place_in_queue) show(`in line: number ${report.place_in_queue.place}`)
  if (report.standing === 'owned') show('a person is with you')
  for (const { from, body, safety, attention } of report.items) {
    if (body.kind === 'text') show(`${from}: ${body.text} (${safety}, ${attention})`)
  }
  if (report.waiting === 0 && report.session) show('everything so far is safe')
})

await resident.start()
// Nothing here waits for the network: what is said goes to the outbox first, and again after each break, once.
await resident.begin({ category: 'hazard', language: 'en', text: 'A tree blocks Orchard Way.' })
await resident.say('A wire hangs under it.')
await resident.tellPlace({ latitude: 37.1037, longitude: -94.894, uncertainty_m: 20, method: 'manual', age_ms: 0 })

const safe = () => resident.report.get().session !== null && resident.report.get().waiting === 0
while (!safe()) await new Promise((next) => setTimeout(next, 50))
await resident.leave()
while (!safe()) await new Promise((next) => setTimeout(next, 50))
process.exit(0)

function show(line) {
  if (shown.has(line)) return
  shown.add(line)
  console.log(line)
}
