// Writes `sw.js` beside the built pages: the worker's source with the list of the resident page's files.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

/** Vite plugin; runs after the pages are put together. */
export function worker(source: string): Plugin {
  return {
    name: 'callbox-worker',
    apply: 'build',
    generateBundle(_options, bundle) {
      const files = filesOf('resident', bundle as Record<string, Built>).map((file) => `/${file}`)
      const text = readFileSync(source, 'utf8')
      const name = createHash('sha256').update(text).update(files.join()).digest('hex').slice(0, 12)
      const known = `self.CALLBOX_FILES = ${JSON.stringify(files)}\nself.CALLBOX_NAME = 'page-${name}'\n`
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: known + text })
    },
  }
}

interface Built {
  type: 'chunk' | 'asset'
  name?: string
  isEntry?: boolean
  imports?: string[]
  dynamicImports?: string[]
  viteMetadata?: { importedCss: Set<string> }
}

/** Everything an entry may load: its chunks, their styles, its languages. */
function filesOf(entry: string, bundle: Record<string, Built>): string[] {
  const found = new Set<string>()
  const add = (file: string): void => {
    const built = bundle[file]
    if (found.has(file) || built === undefined) return
    found.add(file)
    for (const css of built.viteMetadata?.importedCss ?? []) found.add(css)
    for (const child of [...(built.imports ?? []), ...(built.dynamicImports ?? [])]) add(child)
  }
  for (const [file, built] of Object.entries(bundle)) if (built.isEntry === true && built.name === entry) add(file)
  return [...found].sort()
}
