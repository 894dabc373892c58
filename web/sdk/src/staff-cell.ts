// Observable values of the staff SDK.
//
// Owns: `Cell`, a value that tells its subscribers when it is replaced. It follows the store contract that Svelte, RxJS and plain
// code understand (`subscribe(run) -> stop`). Must not: know a framework. Used by: every other staff module.

/** What a reader of a cell may do. */
export interface Readable<T> {
  /** The value now. */
  readonly value: T;
  /** Calls `run` at once and after each change; returns what ends it. */
  subscribe(run: (value: T) => void): () => void;
}

/** A value with subscribers. Equal values (by identity) are not told again. */
export class Cell<T> implements Readable<T> {
  #value: T;
  readonly #runs = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const run of [...this.#runs]) run(value);
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }

  subscribe(run: (value: T) => void): () => void {
    this.#runs.add(run);
    run(this.#value);
    return () => void this.#runs.delete(run);
  }
}
