// Which fix belongs to which message: the last one known when the message was written.

import type { Fix, Message, SessionView } from '../sdk/src/staff.ts'
import { measured } from '../ui/staff/geometry.ts'

/** Where a message was written, as far as known: the last fix before it, else the first after it. */
export function fixOf(view: SessionView, message: Message): Fix | undefined {
  const fixes = measured(view.fixes)
  return fixes.findLast((fix) => fix.seq < message.seq) ?? fixes[0]
}

/** The resident's messages that were written at a fix. */
export function messagesAt(view: SessionView, fix: Fix): readonly Message[] {
  return view.messages.filter((message) => message.fromResident && fixOf(view, message)?.seq === fix.seq)
}
