// The slot for machine translation: the browser's own translator, on this machine, where it has one. Nothing is sent anywhere.
//
// Owns: whether there is a translator for a pair of languages, and the translations of one session. Must not: replace an original, or
// translate before somebody asks: some browsers fetch a language first. Used by: `Session.svelte`.

interface Machine { translate(text: string): Promise<string> }
interface Machines {
  availability(pair: { sourceLanguage: string; targetLanguage: string }): Promise<'unavailable' | 'downloadable' | 'downloading' | 'available'>
  create(pair: { sourceLanguage: string; targetLanguage: string }): Promise<Machine>
}

/** How translation of a session stands. */
export type TranslationState = 'same' | 'missing' | 'offered' | 'busy' | 'on' | 'failed'

/** Translations of one session, from the resident's language into the person's. */
export class Translation {
  state = $state<TranslationState>('missing')
  #done = $state<Record<number, string>>({})
  #asked = new Set<number>()
  #machine: Machine | undefined
  readonly #pair: { sourceLanguage: string; targetLanguage: string }

  constructor(from: string, to: string) {
    this.#pair = { sourceLanguage: from.slice(0, 2).toLowerCase(), targetLanguage: to }
    if (this.#pair.sourceLanguage === to) this.state = 'same'
    else void this.#look()
  }

  /** Begins, on a person's press. */
  async begin(): Promise<void> {
    this.state = 'busy'
    try {
      this.#machine = await machines()?.create(this.#pair)
      this.state = this.#machine ? 'on' : 'missing'
    } catch {
      this.state = 'failed'
    }
  }

  /** The translation of a message, when it is there. */
  of(seq: number): string | undefined {
    return this.#done[seq]
  }

  /** Asks for the translation of a message, once. */
  ask(seq: number, text: string): void {
    if (!this.#machine || this.#asked.has(seq)) return
    this.#asked.add(seq)
    this.#machine.translate(text).then(
      (words) => (this.#done[seq] = words),
      () => this.#asked.delete(seq),
    )
  }

  async #look(): Promise<void> {
    const found = await machines()?.availability(this.#pair).catch(() => 'unavailable' as const)
    this.state = found && found !== 'unavailable' ? 'offered' : 'missing'
  }
}

function machines(): Machines | undefined {
  return (globalThis as { Translator?: Machines }).Translator
}
