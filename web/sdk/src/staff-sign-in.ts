// Signing in over HTTP and keeping the token fresh.
//
// Owns: the requests and the form of their answers. Must not: keep a passphrase, or write anything to storage: who calls
// decides where a token may lie. Used by: `staff.ts` and the sign-in views.

import type { Problem, ProviderAddress, ProviderBegin, ProviderEnd, SignedIn, SignInRequest } from './protocol.ts';

export type { SignedIn } from './protocol.ts';

/** What the agency's provider sent along with the browser. */
export type FromProvider = Omit<ProviderEnd, 'secret'>;

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

async function ask<T>(fetch: Fetch, url: string, init: RequestInit, is: (body: unknown) => body is T): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, method: 'POST', cache: 'no-store', credentials: 'omit' });
  } catch {
    throw new SignInFailed('no_answer');
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && is(body)) return body;
  const problem = (body ?? {}) as Partial<Record<keyof Problem, unknown>>;
  const code = typeof problem.code === 'string' ? problem.code : 'no_answer';
  throw new SignInFailed(code, typeof problem.after_ms === 'number' ? problem.after_ms : undefined);
}

function isSignedIn(body: unknown): body is SignedIn {
  if (typeof body !== 'object' || body === null) return false;
  const told = body as Record<string, unknown>;
  return typeof told['token'] === 'string' && typeof told['expires_ms'] === 'number' && typeof told['staff'] === 'string';
}

function isAddress(body: unknown): body is ProviderAddress {
  return typeof body === 'object' && body !== null && typeof (body as { url?: unknown }).url === 'string';
}

const JSON_BODY = { 'content-type': 'application/json' };

/**
 * Begins a sign-in at the agency's provider: answers where the browser goes. `back` is the page, as path and query; `proof` the SHA-256 of
 * a secret that the page keeps, in base64url; `afresh` has the provider ask who is there even if it knows.
 */
export async function beginAtProvider(
  asked: ProviderBegin,
  origin = '',
  request: Fetch = (url, init) => fetch(url, init),
): Promise<string> {
  const init = { headers: JSON_BODY, body: JSON.stringify(asked) };
  return (await ask(request, `${origin}/api/v1/sign-in/provider`, init, isAddress)).url;
}

/** Ends it: what the provider sent with the browser, and the page's secret, for a token. */
export function endAtProvider(
  secret: string,
  came: FromProvider,
  origin = '',
  request: Fetch = (url, init) => fetch(url, init),
): Promise<SignedIn> {
  const init = { headers: JSON_BODY, body: JSON.stringify({ secret, ...came } satisfies ProviderEnd) };
  return ask(request, `${origin}/api/v1/sign-in/provider/end`, init, isSignedIn);
}

/** Trades agency, name and passphrase for a token. */
export function signIn(
  who: SignInRequest,
  origin = '',
  request: Fetch = (url, init) => fetch(url, init),
): Promise<SignedIn> {
  return ask(request, `${origin}/api/v1/sign-in`, {
    headers: JSON_BODY,
    body: JSON.stringify(who),
  }, isSignedIn);
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
  return ask(request, `${origin}/api/v1/sign-in/wallboard`, { headers: { authorization: `Bearer ${token}` } }, isSignedIn);
}

/** Trades a token that still counts for a fresh one. */
export function refresh(
  token: string,
  origin = '',
  request: Fetch = (url, init) => fetch(url, init),
): Promise<SignedIn> {
  return ask(request, `${origin}/api/v1/sign-in/refresh`, { headers: { authorization: `Bearer ${token}` } }, isSignedIn);
}
