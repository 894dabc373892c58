// The description of the sockets beside the protocol's page is a valid document of AsyncAPI 3.0, as its makers check one.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { expect, it } from 'vitest'

const read = (path: string | URL): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
const rules = read(createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0-without-$id.json'))
const document = read(new URL('../../../proto/schema/asyncapi.json', import.meta.url))

// The rules hold schemas of several drafts, some with words of their own: not strict.
const ajv = addFormats.default(new Ajv({ strict: false, allErrors: true, logger: false }))
const valid = ajv.compile(rules)

it('is valid', () => {
  valid(document)
  expect(valid.errors ?? []).toEqual([])
})

it('would be refused with a word too many or a part too few', () => {
  expect(valid({ ...document, chanels: {} })).toBe(false)
  const { info: _, ...without } = document
  expect(valid(without)).toBe(false)
})
