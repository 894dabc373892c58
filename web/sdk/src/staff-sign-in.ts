// Signing in over HTTP and keeping the token fresh.
//
// Owns: the requests and the form of their answers. Must not: keep a passphrase, or write anything to storage: who calls
// decides where a token may lie. Used by: `staff.ts` and the sign-in views.

import type { Role } from './protocol.ts';

/** A signed-in person, as the gateway answers. */
export interface SignedIn {
  /** Short-lived token, sent as `Authorization: Bearer` and in the socket's hello. */
  readonly token: string;
  /** When it expires, by the gateway's clock. */
  readonly expires_ms: number;
  /** Sign-in name. */
  readonly staff: string;
  /** Name on the screen. */
  readonly name: string;
  /** Role. */
  readonly role: Role;
  /** Agency. */
  readonly agency: string;
}

/** What went wrong: a public code of the gateway, or no answer at all. */
export class SignInFailed extends Error {
  /** `sign_in_refused`, `sign_in_slowed`, `token_expired` … or `no_answer`. */
  readonly code: string;
  /** Pause before the next try, in ms, when the gateway says so. */
  readonly afterMs: number | undefined;

  constructor(code: string, afterMs?: number) {
    super(code);
    this.name = 'SignInFailed';
    this.code = code;
    this.afterMs = afterMs;
  }
}

/** The part of `fetch` this module needs. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

async function ask(fetch: Fetch, url: string, init: RequestInit): Promise<SignedIn> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, method: 'POST', cache: 'no-store', credentials: 'omit' });
  } catch {
    throw new SignInFailed('no_answer');
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && isSignedIn(body)) return body;
  const problem = (body ?? {}) as { code?: unknown; after_ms?: unknown };
  const code = typeof problem.code === 'string' ? problem.code : 'no_answer';
  throw new SignInFailed(code, typeof problem.after_ms === 'number' ? problem.after_ms : undefined);
}

function isSignedIn(body: unknown): body is SignedIn {
  if (typeof body !== 'object' || body === null) return false;
  const told = body as Record<string, unknown>;
  return typeof told['token'] === 'string' && typeof told['expires_ms'] === 'number' && typeof told['staff'] === 'string';
}

/** Trades agency, name and passphrase for a token. */
export function signIn(
  who: { agency: string; name: string; passphrase: string },
  origin = '',
  request: Fetch = (url, init) => fetch(url, init),
): Promise<SignedIn> {
  return ask(request, `${origin}/api/v1/sign-in`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(who),
  });
}

/**
 * Trades a supervisor's token for a wallboard's: it reads the board of the same agency without anybody's name, is refreshed like any
 * other, and may do nothing else.
 */
export function openWallboard(
  token: string,
  origin = '',
  request: Fetch = (url, init) => fetch(url, init),
): Promise<SignedIn> {
  return ask(request, `${origin}/api/v1/sign-in/wallboard`, { headers: { authorization: `Bearer ${token}` } });
}

/** Trades a token that still counts for a fresh one. */
export function refresh(
  token: string,
  origin = '',
  request: Fetch = (url, init) => fetch(url, init),
): Promise<SignedIn> {
  return ask(request, `${origin}/api/v1/sign-in/refresh`, { headers: { authorization: `Bearer ${token}` } });
}
