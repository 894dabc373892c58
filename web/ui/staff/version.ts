// Whether the gateway serves newer pages than this one: the name of the page's script changes with its content.
//
// Owns: the question. Must not: load anything. Used by: the console, the supervisor's page, the wallboard.

/** The script of a page's HTML. */
function scriptOf(html: string): string | undefined {
  return /<script[^>]*type="module"[^>]*src="([^"]+)"/.exec(html)?.[1]
}

/** Asks the gateway. No answer counts as no. */
export async function newerPage(): Promise<boolean> {
  const own = document.querySelector<HTMLScriptElement>('script[type=module][src]')?.getAttribute('src')
  try {
    const response = await fetch(location.pathname, { cache: 'no-store', credentials: 'omit' })
    if (!response.ok || !own) return false
    const served = scriptOf(await response.text())
    return served !== undefined && served !== own
  } catch {
    return false
  }
}
