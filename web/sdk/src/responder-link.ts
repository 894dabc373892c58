// The address of a link for responders.
//
// Owns: where it leads. Must not: know what a link holds (`secret-link.ts` does). Used by: the staff pages, `responder.ts`.
import { readLink, written, type SecretLink } from './secret-link.ts'

export { digestOf, newSecret } from './secret-link.ts'

/** What a link holds. */
export type ResponderSecret = SecretLink

/** The address to give to a unit. `root`: where the agency's pages begin, such as `https://callbox.example/a/harbour.example`. */
export function linkAddress(root: string, link: ResponderSecret): string {
  return `${root}/responder/#${written(link)}`
}

/** What an address's fragment holds; `undefined` where that is no link. */
export function readFragment(fragment: string): ResponderSecret | undefined {
  return readLink(fragment.replace(/^#/, ''))
}
