// What people are called.
//
// Owns: the names of those who are or were signed in, by the name they sign in with. Must not: stand where a record names who did
// something: two people may be called the same. Called by: the entries of the pages, which `introduce` them, and every part that speaks of
// somebody.
let names = $state.raw<ReadonlyMap<string, string>>(new Map())

/** Takes what people are called now. */
export function introduce(people: ReadonlyMap<string, string> = new Map()): void {
  names = people
}

/** What somebody is called; the name they sign in with, of whom nothing was heard, and a dash for nobody. */
export function called(staff: string | undefined): string {
  return staff === undefined ? '–' : (names.get(staff) ?? staff)
}
