import 'fake-indexeddb/auto'
import { expect, it } from 'vitest'
import { deviceKeep, memoryKeep } from '../src/keep.ts'
import type { FromResident } from '../src/protocol.ts'
import { Resident } from '../src/resident.ts'
import { FakeGateway } from './fake_gateway.ts'
import { FakeWorld } from './fake_world.ts'

/** The hello of a client for this agency. */
async function hello(agency?: string): Promise<FromResident | undefined> {
  const [world, gateway] = [new FakeWorld(), new FakeGateway()]
  world.opened = (socket) => {
    queueMicrotask(() => {
      socket.onopen?.()
      const link = gateway.connect((message) => queueMicrotask(() => socket.hear(message as never)))
      socket.answer = (message) => link.receive(message as unknown as FromResident)
    })
  }
  const resident = new Resident({
    origin: 'http://gateway', keep: memoryKeep(), surroundings: world, ...(agency === undefined ? {} : { agency }),
  })
  await resident.start()
  await expect.poll(() => gateway.received.length).toBeGreaterThan(0)
  return gateway.received[0]
}

it('names the agency of its address in the hello, and none where the address names none', async () => {
  expect(await hello('harbour.example')).toMatchObject({ kind: 'hello', agency: 'harbour.example' })
  expect(await hello()).not.toHaveProperty('agency')
})

it('keeps reports to different agencies apart, and their names out of the name of the database', async () => {
  const keeps = [await deviceKeep(), await deviceKeep('harbour.example'), await deviceKeep('hill.example')]
  for (const [place, keep] of keeps.entries()) await keep.put('session', 'session', place)
  for (const [place, keep] of keeps.entries()) expect(await keep.get('session', 'session')).toBe(place)
  const names = (await indexedDB.databases()).map(({ name }) => name ?? '')
  expect(new Set(names).size).toBe(3)
  expect(names.filter((name) => /harbour|hill|example/.test(name))).toEqual([])
})
