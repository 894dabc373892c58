// The list of sessions that every console and supervisor sees.
//
// Owns: applying `sessions` and `sessions_changed`, the order, and the rule for a hole: a change that does not build on the version
// held is not applied, and everything waits for the whole list that follows. Must not: touch the socket. Used by: `staff.ts`.

import type { SessionRow, ToStaff } from './protocol.ts';

type Whole = Extract<ToStaff, { kind: 'sessions' }>;
type Change = Extract<ToStaff, { kind: 'sessions_changed' }>;

/** The list as it can be shown. */
export interface SessionList {
  /** `loading` before the first list, `catching_up` after a hole, else `ready`. */
  readonly state: 'loading' | 'ready' | 'catching_up';
  /** Version of the list. */
  readonly version: number;
  /** Waiting sessions in the order they would be taken. */
  readonly waiting: readonly SessionRow[];
  /** Owned sessions, oldest first. */
  readonly owned: readonly SessionRow[];
  /** Abandoned sessions, oldest first. */
  readonly abandoned: readonly SessionRow[];
  /** How many there are in all; the lists hold at most the first 500 of each. */
  readonly totals: { readonly waiting: number; readonly owned: number; readonly abandoned: number };
  /** The node is cut off from the others: the list is what it knows by itself. */
  readonly island: boolean;
  /** When a list or a change was last applied, by this device's clock. */
  readonly heardMs: number;
}

/** Before anything was heard. */
export const EMPTY_LIST: SessionList = {
  state: 'loading',
  version: 0,
  waiting: [],
  owned: [],
  abandoned: [],
  totals: { waiting: 0, owned: 0, abandoned: 0 },
  island: false,
  heardMs: 0,
};

/** All rows of a list, waiting ones first. */
export function rowsOf({ waiting, owned, abandoned }: SessionList): readonly SessionRow[] {
  return [...waiting, ...owned, ...abandoned];
}

function byRank(a: SessionRow, b: SessionRow): number {
  return a.rank - b.rank || a.entered_ms - b.entered_ms || (a.session < b.session ? -1 : 1);
}

function byEntry(a: SessionRow, b: SessionRow): number {
  return a.entered_ms - b.entered_ms || (a.session < b.session ? -1 : 1);
}

/** Rows by session with the version they stand for. */
export class ListKeeper {
  #rows = new Map<string, SessionRow>();
  #version = 0;
  #whole = false;

  /** The row of a session, if it is in the list. */
  row(session: string): SessionRow | undefined {
    return this.#rows.get(session);
  }

  /** After a break of the link the next whole list starts afresh; until then the old rows stay for the eye. */
  expectWhole(): void {
    this.#whole = false;
  }

  /** Takes a whole list. */
  replace(message: Whole, nowMs: number): SessionList {
    this.#rows = new Map(message.rows.map((row) => [row.session, row]));
    this.#version = message.version;
    this.#whole = true;
    return this.#view('ready', message, nowMs);
  }

  /** Takes a change, or answers with `undefined` when it does not build on what is held. */
  apply(message: Change, nowMs: number): SessionList | undefined {
    if (!this.#whole) return undefined;
    if (message.version <= this.#version) return undefined;
    if (message.prev !== this.#version) {
      this.#whole = false;
      return undefined;
    }
    for (const session of message.gone) this.#rows.delete(session);
    for (const row of message.changed) this.#rows.set(row.session, row);
    this.#version = message.version;
    return this.#view('ready', message, nowMs);
  }

  /** Whether changes can be applied, or a whole list is awaited. */
  get complete(): boolean {
    return this.#whole;
  }

  #view(state: SessionList['state'], { waiting, owned, abandoned, island = false }: Whole | Change, heardMs: number): SessionList {
    const rows = [...this.#rows.values()];
    return {
      state,
      version: this.#version,
      waiting: rows.filter((row) => row.standing === 'waiting').sort(byRank),
      owned: rows.filter((row) => row.standing === 'owned').sort(byEntry),
      abandoned: rows.filter((row) => row.standing === 'abandoned').sort(byEntry),
      totals: { waiting, owned, abandoned },
      island,
      heardMs,
    };
  }
}
