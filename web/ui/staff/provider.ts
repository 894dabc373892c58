// The way to an agency's sign-in provider and back.
//
// Owns: the secret that binds the way back to this tab, and reading what the provider sent, which stands behind the `#` and is taken out of
// the address at once. Must not: hold a code or token longer than it takes to trade it, or draw anything. Used by: the console, the
// supervisor's page and their sign-in.
import { beginAtProvider, endAtProvider, SignInFailed, type FromProvider, type SignedIn } from '../../sdk/src/staff.ts'
import { keepText, keptText, rememberedText, rememberText } from './kept.ts'

const TRIP = 'callbox-trip'
const SIGNED_OUT = 'callbox-signed-out'
const SECRET_BYTES = 32

interface Trip {
  readonly secret: string
  /** What was typed before: it stands there again when nothing comes of it. */
  readonly agency: string
  readonly name: string
}

/** Leaves for the provider. Comes back only when that fails. */
export async function goToProvider(agency: string, name: string): Promise<void> {
  const secret = inBase64url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)))
  const proof = inBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))))
  const trip = JSON.stringify({ secret, agency, name } satisfies Trip)
  keepText(TRIP, trip)
  if (keptText(TRIP) !== trip) throw new SignInFailed('keeps_nothing')
  const url = await beginAtProvider({ agency, back: location.pathname + location.search, proof, afresh: hasSignedOut() })
  if (!/^https?:$/.test(new URL(url).protocol)) throw new SignInFailed('provider_untrusted')
  location.assign(url)
}

/** What the provider sent along, if this page was opened on the way back. The address is clean afterwards. */
export function cameBack(): FromProvider | undefined {
  const said = new URLSearchParams(location.hash.slice(1))
  if (!said.has('provider')) return undefined
  history.replaceState(history.state, '', location.pathname + location.search)
  const word = (name: 'code' | 'iss' | 'error') => {
    const text = said.get(name)
    return text === null ? {} : { [name]: text }
  }
  return { state: said.get('state') ?? '', ...word('code'), ...word('iss'), ...word('error') }
}

/** What was typed before this tab left for the provider. */
export function typedBefore(): { agency: string; name: string } | undefined {
  const { agency, name } = trip() ?? {}
  return agency === undefined || name === undefined ? undefined : { agency, name }
}

/** Trades what the provider sent for a sign-in: once, and only in the tab that began. */
export async function endTrip(came: FromProvider): Promise<SignedIn> {
  const secret = trip()?.secret
  keepText(TRIP, undefined)
  if (secret === undefined) throw new SignInFailed('sign_in_lost')
  return endAtProvider(secret, came)
}

/** Somebody signed out here, or in: after a sign-out the provider asks who is there, although it may know the last one still. */
export function noteSignedOut(out: boolean): void {
  rememberText(SIGNED_OUT, out ? '1' : undefined)
}

function hasSignedOut(): boolean {
  return rememberedText(SIGNED_OUT) !== undefined
}

function trip(): Trip | undefined {
  try {
    return (JSON.parse(keptText(TRIP) ?? 'null') as Trip | null) ?? undefined
  } catch {
    return undefined
  }
}

function inBase64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
