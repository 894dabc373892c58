// The states that every staff page is designed for, and what the made-up gateway does to bring it there.
//
// Owns: their names. Used by: the catalog, the made-up gateway, and the story that looks at each of them.

/** A state with what it shows. */
export const STATES = {
  ready: 'Work as usual: a dozen sessions of every priority.',
  empty: 'Nothing waits, nobody has reported.',
  loading: 'Connected, and no list has come yet.',
  busy: 'Commands are on their way and have no receipt.',
  error: 'Everything that is pressed is refused, with the reason.',
  offline: 'The link is lost: what stood there stays, with its age.',
  degraded: 'Nothing is confirmed as safe, and a queue has nobody.',
  overloaded: 'A hundred and fifty wait, and every target is missed.',
} as const

/** One of them. */
export type State = keyof typeof STATES

/** Pages with states. */
export const PAGES = {
  supervisor: 'supervisor.html?',
  nodes: 'supervisor.html?nodes=1&',
  wallboard: 'supervisor.html?wallboard=1&',
  console: 'console.html?',
} as const
