// Why something was not done, in words. Owns: that one sentence, for every act and dialog of the staff pages. Must not: decide what happens
// next. Called by: whatever sends a command or asks the gateway for something.
import { Refused } from '../../sdk/src/staff.ts'
import { called } from './people.svelte.ts'
import { errorWords, t } from './words.svelte.ts'

/** Why something was not done: the gateway's refusal, or that it could not be reached. */
export function refusalWords(reason: unknown): string {
  if (!(reason instanceof Refused)) return t('acts-offline')
  const { code, owner } = reason.refusal
  return code === 'already_taken' && owner ? t('taken-by', { owner: called(owner) }) : errorWords(code)
}
