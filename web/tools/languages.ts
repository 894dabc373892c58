// Writes `languages.json` beside the built pages: which file holds the resident page's words in each language but English. The gateway
// asks the browser for it together with the page (`src/http/spoken.rs`).
import type { Plugin } from 'vite'

const WORDS = /\/words\/([a-z]{2})\/resident\.ftl\?raw$/

interface Built { type: 'chunk' | 'asset'; fileName: string; facadeModuleId?: string | null }

/** Vite plugin; runs after the pages are put together. */
export function languages(): Plugin {
  return {
    name: 'callbox-languages',
    apply: 'build',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle as Record<string, Built>).flatMap(({ type, fileName, facadeModuleId }) => {
        const language = type === 'chunk' ? WORDS.exec(facadeModuleId ?? '')?.[1] : undefined
        return language === undefined ? [] : [[language, fileName] as const]
      })
      if (files.length === 0) this.error('no language of the resident page was built into a file of its own')
      this.emitFile({ type: 'asset', fileName: 'languages.json', source: JSON.stringify(Object.fromEntries(files.sort())) })
    },
  }
}
