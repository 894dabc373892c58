// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Event, FieldInfo } from '../../sdk/src/protocol.ts'
import french from '../../words/fr/console.ftl?raw'
import type { Message } from '../../sdk/src/staff.ts'
import { answered, messageWords, reasonWords, settle } from './agency_words.svelte.ts'
import { speak } from './words.svelte.ts'

type Answered = Extract<Event, { kind: 'field_answered' }>

const ASKED: FieldInfo[] = [
  { field: 'smell', label: { en: 'Do you smell gas?', fr: 'Sentez-vous du gaz ?' }, answer: { kind: 'yes_no' } },
  {
    field: 'floor', label: { en: 'Which floor?', fr: 'Quel étage ?' },
    answer: { kind: 'choice', options: [{ option: 'above', label: { en: 'Above', fr: 'Plus haut' } }, { option: 'below', label: { en: 'Below' } }] },
  },
]
const floor = (option: string, label: string): Answered => ({ kind: 'field_answered', field: 'floor', label: 'Which floor?', answer: { kind: 'choice', option, label } })

beforeEach(async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(french)))
  await speak('fr')
  settle(ASKED)
})
afterEach(async () => {
  await speak('en')
  vi.unstubAllGlobals()
})

describe('answers to an agency\'s own questions', () => {
  it('stand in the language of the page where the agency has it', () => {
    expect(answered(floor('above', 'Above'))).toEqual({ question: 'Quel étage ?', answer: 'Plus haut' })
    expect(answered({ field: 'smell', label: 'Do you smell gas?', answer: { kind: 'yes_no', yes: true } })).toEqual({ question: 'Sentez-vous du gaz ?', answer: 'Oui' })
  })

  it('stand in English where the agency has no other words', () => {
    expect(answered(floor('below', 'Below'))).toEqual({ question: 'Quel étage ?', answer: 'Below' })
  })

  it('stay as they were asked where the agency asks something else by now', () => {
    expect(answered({ ...floor('above', 'Upstairs'), label: 'What floor is it?' })).toEqual({ question: 'What floor is it?', answer: 'Upstairs' })
    settle(undefined)
    expect(answered(floor('above', 'Above'))).toEqual({ question: 'Which floor?', answer: 'Above' })
  })

  it('are the resident\'s own words where they were written', () => {
    expect(answered({ ...floor('above', 'Above'), answer: { kind: 'text', text: 'the mill' } }).answer).toBe('the mill')
  })
})

describe('a message', () => {
  const said: Message = { seq: 1, atMs: 0, ageMs: 0, fromResident: true, staff: undefined, command: 'c', text: 'Which floor?\nAbove' }

  it('says what was written, and an answer under its question in the language of the page', () => {
    const { field, label, answer } = floor('above', 'Above')
    expect(messageWords({ ...said, answers: { seq: 1, atMs: 0, field, label, answer } })).toBe('Quel étage ?\nPlus haut')
    expect(messageWords(said)).toBe('Which floor?\nAbove')
  })
})

describe('why a rule holds', () => {
  it('stands in the language of the page where the agency has it and still says the same, else as the log has it', async () => {
    settle(ASKED, [{ en: 'Heavy bleeding', fr: 'Saignement abondant' }, { en: 'Smoke', es: 'Humo' }])
    expect(reasonWords('Heavy bleeding')).toBe('Saignement abondant')
    expect(reasonWords('Smoke')).toBe('Smoke')
    expect(reasonWords('Bleeding a lot')).toBe('Bleeding a lot')
    await speak('en')
    expect(reasonWords('Heavy bleeding')).toBe('Heavy bleeding')
  })
})
