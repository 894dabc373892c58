// Puts words on the clipboard.

/** Whether they are there: a browser may forbid it, and then they are copied by hand. */
export async function copied(words: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(words)
    return true
  } catch {
    return false
  }
}
