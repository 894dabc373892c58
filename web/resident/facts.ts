// Which sentence tells a fact of the log; `null` for what a resident need not read.
import type { Event } from '../sdk/src/protocol.ts'

/** The id of the sentence. */
export function sentenceOf(event: Event): string | null {
  switch (event.kind) {
    case 'asked':
      return `fact-asked-${event.medium}`
    case 'consented':
      return `fact-${event.granted ? 'granted' : 'denied'}-${event.medium}`
    case 'taken':
    case 'released':
    case 'transferred':
    case 'left':
    case 'abandoned':
    case 'returned':
    case 'closed':
    case 'words_deleted':
      return `fact-${event.kind}`
    default:
      return null
  }
}
