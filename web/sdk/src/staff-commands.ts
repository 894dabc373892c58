// Commands of a person of an agency: each has an id, is kept until it is safe or finally refused, and is sent again after a break.
//
// Owns: the pending commands, the promises of those who wait, and the pause before a retry. Must not: decide whether a command is
// allowed. Used by: `staff.ts`.

import type { ErrorMessage, FromStaff, ToStaff } from './protocol.ts';

/** A command is on disk. */
export type Receipt = Extract<ToStaff, { kind: 'receipt' }>;
/** Frames that carry a command id and are answered by a receipt. */
export type Command = Extract<FromStaff, { kind: 'take_next' | 'make_report_link' | 'do' }>;

/** A refusal by the gateway, with its public code. */
export class Refused extends Error {
  /** The refusal as it came. */
  readonly refusal: ErrorMessage;

  constructor(refusal: ErrorMessage) {
    super(refusal.message);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

/** Where a pause may be no shorter than this, in ms, so that a busy gateway is not asked in a loop. */
const RETRY_AFTER_MIN_MS = 500;
/** Tries of one command while the gateway answers "later"; then the person is told. At the pauses above about half a minute. */
const LATER_TRIES_MAX = 8;
/** Pause in ms before a command that is only stored is asked about: a tier that gets well again does not say of each that it is safe. */
const ASK_AGAIN_MS = 5_000;

interface Pending {
  readonly command: Command;
  readonly keep: (receipt: Receipt) => void;
  readonly refuse: (reason: Error) => void;
  tries: number;
  /** Answered `stored`: done, and not yet safe. */
  stored: Receipt | undefined;
}

/** Commands that are not safe yet. */
export class PendingCommands {
  readonly #pending = new Map<string, Pending>();
  readonly #send: (frame: Command) => boolean;

  constructor(send: (frame: Command) => boolean) {
    this.#send = send;
  }

  /** How many wait for their receipt. */
  get size(): number {
    return [...this.#pending.values()].filter(({ stored }) => stored === undefined).length;
  }

  /** Sends a command and waits for its receipt, over breaks of the link. A gateway that is cut off answers `stored`: work goes on. */
  give(command: Command): Promise<Receipt> {
    return new Promise((keep, refuse) => {
      this.#pending.set(command.id, { command, keep, refuse, tries: 0, stored: undefined });
      this.#send(command);
    });
  }

  /** The link is back: everything that is not safe goes again, with the same ids, in order. */
  resend(): void {
    for (const pending of this.#pending.values()) this.#send(pending.command);
  }

  /** Takes a receipt; `false` if nobody waits for it. */
  receipt(receipt: Receipt): boolean {
    const pending = this.#pending.get(receipt.id);
    if (!pending) return false;
    if (receipt.rung === 'safe') this.#pending.delete(receipt.id);
    else {
      pending.stored = receipt;
      setTimeout(() => this.#again(pending), ASK_AGAIN_MS);
    }
    pending.keep(receipt);
    return true;
  }

  /** What was stored in this session with entries up to here is safe. */
  safe(session: string, up_to: number): void {
    for (const [id, { stored }] of this.#pending) {
      if (stored?.session === session && stored.last > 0 && stored.last <= up_to) this.#pending.delete(id);
    }
  }

  /** Entries of this session got other numbers: what is not safe is asked for again. */
  rewound(session: string): void {
    for (const { stored, command } of this.#pending.values()) if (stored?.session === session) this.#send(command);
  }

  /** Takes an error; `false` if it belongs to no command. */
  error(refusal: ErrorMessage): boolean {
    const pending = refusal.id === undefined ? undefined : this.#pending.get(refusal.id);
    if (!pending) return false;
    pending.tries += 1;
    if (pending.stored !== undefined && refusal.retry !== 'never') return true;
    const later = refusal.retry === 'later' && refusal.code !== 'nothing_waits' && pending.tries < LATER_TRIES_MAX;
    if (later) {
      const pause = Math.max(refusal.after_ms ?? 0, RETRY_AFTER_MIN_MS) * pending.tries;
      setTimeout(() => this.#again(pending), pause);
      return true;
    }
    this.#pending.delete(pending.command.id);
    pending.refuse(new Refused(refusal));
    return true;
  }

  /** Nothing will be answered any more (signed out). */
  abandon(reason: Error): void {
    for (const pending of this.#pending.values()) pending.refuse(reason);
    this.#pending.clear();
  }

  #again(pending: Pending): void {
    if (this.#pending.has(pending.command.id)) this.#send(pending.command);
  }
}
