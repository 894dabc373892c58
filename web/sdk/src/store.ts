// A value that can be watched. `subscribe` follows the store contract of Svelte, so a page may write `$store`, but
// nothing here knows of any framework.

/** Ends a subscription. */
export type Unsubscribe = () => void

/** A value that can be read and watched. */
export interface Readable<T> {
  /** The value now. */
  get(): T
  /** Calls at once with the value now, then on every change. */
  subscribe(changed: (value: T) => void): Unsubscribe
}

/** A value that can be watched and set. */
export class Store<T> implements Readable<T> {
  #value: T
  readonly #watchers = new Set<(value: T) => void>()

  constructor(value: T) {
    this.#value = value
  }

  get(): T {
    return this.#value
  }

  /** Sets the value; watchers hear of it unless it is the very same one. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const watcher of [...this.#watchers]) watcher(value)
  }

  /** Replaces the value by one made from it. */
  update(change: (value: T) => T): void {
    this.set(change(this.#value))
  }

  subscribe(changed: (value: T) => void): Unsubscribe {
    this.#watchers.add(changed)
    changed(this.#value)
    return () => this.#watchers.delete(changed)
  }
}
