// The address of a link with which somebody reports: the resident page, with the link behind its `#`.
//
// Owns: where it leads, and how it differs from another fragment of that page. Must not: know what a link holds (`secret-link.ts` does). Used by: the
// console, the resident page.
import { readLink, written, type SecretLink } from './secret-link.ts'

export { digestOf, newSecret, type SecretLink } from './secret-link.ts'

const MARK = 'report.'

/** The address to send. `root`: where the agency's pages begin, such as `https://callbox.example/a/harbour.example`. */
export function reportAddress(root: string, link: SecretLink): string {
  return `${root}/#${MARK}${written(link)}`
}

/** What an address's fragment says: a link, that it was to be one and is not, or nothing of links. */
export function readReportFragment(fragment: string): SecretLink | 'broken' | undefined {
  const text = fragment.replace(/^#/, '')
  if (!text.startsWith(MARK)) return undefined
  return readLink(text.slice(MARK.length)) ?? 'broken'
}

/** Refusals of such a link: it opens nothing, now or ever. */
export const REPORT_LINK_REFUSALS: ReadonlySet<string> = new Set(['no_such_link', 'link_used', 'link_expired', 'link_revoked', 'session_closed'])
