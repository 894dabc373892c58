// The agency's own words in the language of the page: its questions with their answers, and why its rules hold.
//
// Owns: which of these words stand on a staff page: the page's language where the agency has it and still says the same, else English, as
// the log has them. Must not: change what was answered. Called by: the entries of the pages, which `settle` what the agency says now, and
// every part that shows an answer or a reason.
import { answerWords, type Answer, type Message } from '../../sdk/src/staff.ts'
import type { FieldInfo } from '../../sdk/src/protocol.ts'
import { spoken, t } from './words.svelte.ts'

/** Words by language; English is what the log has. */
type Labels = FieldInfo['label']

let asked = $state.raw<readonly FieldInfo[]>([])
let reasons = $state.raw<ReadonlyMap<string, Labels>>(new Map())

/** Takes what the agency asks now, and the reasons that it has in more languages than English. */
export function settle(fields: readonly FieldInfo[] = [], rules: readonly Labels[] = []): void {
  asked = fields
  reasons = new Map(rules.map((labels) => [labels['en'] ?? '', labels]))
}

/** Why a rule holds; `english` is what the log says. */
export function reasonWords(english: string): string {
  return same(reasons.get(english), english)
}

/** A question and its answer, as they are shown. */
export function answered({ field, label, answer }: Pick<Answer, 'field' | 'label' | 'answer'>): { question: string; answer: string } {
  const info = asked.find((one) => one.field === field)
  const options = info?.answer.kind === 'choice' ? info.answer.options : []
  const chosen = (option: string, english: string): string => same(options.find((one) => one.option === option)?.label, english)
  return { question: same(info?.label, label), answer: answerWords(answer, { yes: t('yes'), no: t('no'), chosen }) }
}

/** What a message says: what was written, or an answer under its question. */
export function messageWords(message: Message): string {
  if (!message.answers) return message.text
  const { question, answer } = answered(message.answers)
  return `${question}\n${answer}`
}

/** In the page's language, unless the agency has put it into other words since. */
function same(labels: Labels | undefined, english: string): string {
  return labels?.['en'] === english ? (labels[spoken()] ?? english) : english
}
