// The agency's own questions in the language of the page.
//
// Owns: which words of a question and of an answer stand on a staff page: the page's language where the agency has it and still asks the same,
// else English, as the log has them. Must not: change what was answered. Called by: the entries of the pages, which `settle` what the agency
// asks now, and every part that shows an answer.
import type { Event, FieldAnswer, FieldInfo } from '../../sdk/src/protocol.ts'
import type { Entry } from '../../sdk/src/staff.ts'
import { spoken, t } from './words.svelte.ts'

type Answered = Extract<Event, { kind: 'field_answered' }>

let asked = $state.raw<readonly FieldInfo[]>([])

/** Takes what the agency asks now. */
export function settle(fields: readonly FieldInfo[] | undefined): void {
  asked = fields ?? []
}

/** A question and its answer, as they are shown. */
export interface Shown { readonly question: string; readonly answer: string }

/** Every answer in a log, by the number of its entry. */
export function answeredIn(entries: readonly Entry[]): ReadonlyMap<number, Shown> {
  return new Map(entries.flatMap(({ seq, event }) => (event.kind === 'field_answered' ? [[seq, answered(event)]] : [])))
}

/** One answer. */
export function answered({ field, label, answer }: Answered): Shown {
  const info = asked.find((one) => one.field === field)
  return { question: same(info?.label, label), answer: words(info, answer) }
}

function words(info: FieldInfo | undefined, answer: FieldAnswer): string {
  if (answer.kind === 'text') return answer.text
  if (answer.kind === 'yes_no') return t(answer.yes ? 'yes' : 'no')
  const options = info?.answer.kind === 'choice' ? info.answer.options : []
  return same(options.find(({ option }) => option === answer.option)?.label, answer.label)
}

/** In the page's language, unless the agency has put it into other words since. */
function same(labels: Record<string, string> | undefined, english: string): string {
  return labels?.['en'] === english ? (labels[spoken()] ?? english) : english
}
