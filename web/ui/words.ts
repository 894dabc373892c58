// The words of a page in one language: Fluent files under `web/words/<language>/<page>.ftl`.
import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle'

/** Values that stand in a sentence. */
export type Values = Record<string, FluentVariable>

/** Sentences of one language; a sentence that is missing there is said in English. */
export class Words {
  /** BCP 47 tag. */
  readonly language: string
  /** Writing direction. */
  readonly direction: 'ltr' | 'rtl'
  readonly #bundles: FluentBundle[]

  constructor(language: string, ...sources: { language: string; text: string }[]) {
    this.language = language
    this.direction = /^(ar|fa|he|ur)\b/.test(language) ? 'rtl' : 'ltr'
    this.#bundles = sources.map((source) => {
      const bundle = new FluentBundle(source.language)
      bundle.addResource(new FluentResource(source.text))
      return bundle
    })
  }

  /** The sentence with this id. */
  say(id: string, values: Values = {}): string {
    for (const bundle of this.#bundles) {
      const pattern = bundle.getMessage(id)?.value
      if (pattern) return bundle.formatPattern(pattern, values, [])
    }
    return id
  }

  /** Whether there is such a sentence. */
  has(id: string): boolean {
    return this.#bundles.some((bundle) => bundle.getMessage(id)?.value)
  }
}
