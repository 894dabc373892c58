// What a person has begun to write about sessions, over a reload, a new sign-in and an old page that is loaded again.
//
// Owns: the tab's own storage of drafts (gone when the tab is closed), for one person at a time. Must not: send, or keep anything after
// somebody has signed out. Used by: the console and the supervisor's page.
import { FIELDS, type Field, type FollowedSession, type StaffClient } from '../../sdk/src/staff.ts'
import { keepText, keptText } from './kept.ts'

type Words = Partial<Record<Field, string>>
interface Kept { readonly staff: string; readonly sessions: Readonly<Record<string, Words>> }

/** Drafts of the sessions that a client follows. */
export class Drafts {
  readonly #key: string
  readonly #client: StaffClient
  readonly #watched = new Map<FollowedSession, (() => void)[]>()
  #sessions: Record<string, Words>

  constructor(key: string, client: StaffClient) {
    this.#key = key
    this.#client = client
    this.#sessions = read(key, client.me.staff)
    const stop = client.followed.subscribe((followed) => this.#follow(followed))
    const ends = client.ended.subscribe((why) => {
      if (why !== 'signed_out') return
      stop()
      for (const one of this.#watched.keys()) this.#let(one)
      keepText(this.#key, undefined)
      queueMicrotask(() => ends())
    })
  }

  #follow(followed: readonly FollowedSession[]): void {
    for (const one of followed) if (!this.#watched.has(one)) this.#watch(one)
    for (const one of this.#watched.keys()) {
      if (followed.includes(one)) continue
      // It was put away by a press.
      this.#let(one)
      delete this.#sessions[one.session]
      this.#keep()
    }
  }

  #watch(followed: FollowedSession): void {
    const words = this.#sessions[followed.session] ?? {}
    for (const field of FIELDS) {
      const kept = words[field]
      if (kept !== undefined && followed.unsent[field].get() === '') followed.unsent[field].set(kept)
    }
    const note = (): void => this.#note(followed)
    this.#watched.set(followed, [followed.sending.subscribe(note), ...FIELDS.map((field) => followed.unsent[field].subscribe(note))])
  }

  #let(followed: FollowedSession): void {
    for (const stop of this.#watched.get(followed) ?? []) stop()
    this.#watched.delete(followed)
  }

  #note(followed: FollowedSession): void {
    const words: Words = {}
    for (const field of FIELDS) {
      // What is on its way may not arrive when the page goes now: it stands in the field again then.
      const parts = [...(field === 'message' ? followed.sending.get() : []), followed.unsent[field].get()]
      const text = parts.filter((part) => part !== '').join('\n')
      if (text !== '') words[field] = text
    }
    if (Object.keys(words).length > 0) this.#sessions[followed.session] = words
    else delete this.#sessions[followed.session]
    this.#keep()
  }

  #keep(): void {
    const kept: Kept = { staff: this.#client.me.staff, sessions: this.#sessions }
    keepText(this.#key, Object.keys(this.#sessions).length > 0 ? JSON.stringify(kept) : undefined)
  }
}

function read(key: string, staff: string): Record<string, Words> {
  try {
    const kept = JSON.parse(keptText(key) ?? 'null') as Kept | null
    // Somebody else signs in at this tab: what the one before began is not for their eyes.
    return kept?.staff === staff ? { ...kept.sessions } : {}
  } catch {
    return {}
  }
}
