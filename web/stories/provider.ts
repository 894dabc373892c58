// A real OpenID Connect provider for stories: the certified server of the package `oidc-provider`, on a free port, with people, keys and a
// page of its own on which they sign in.
//
// Owns: the provider and what a story may have it do (turn somebody away, change its keys, be away). Must not: know the gateway.
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import Provider from 'oidc-provider'
import type { Page } from 'playwright-core'
import { freePort } from './harness.ts'

/** The part of the server's context that is read here. */
interface GrantContext {
  oidc: { client?: { clientId: string }; session?: { accountId?: string }; provider: Provider }
}

/** Who has an account there, with their groups. */
export const PEOPLE: Readonly<Record<string, { name: string; groups: readonly string[] }>> = {
  nora: { name: 'Nora Example', groups: ['everybody', '911-desk'] },
  sam: { name: 'Sam Example', groups: ['911-desk', '911-leads'] },
  vic: { name: 'Vic Example', groups: ['everybody'] },
}

export const CLIENT = { id: 'callbox', secret: 'a-secret-of-the-story' }

/** How long what it hands out lives, in s: longer than any story. */
const LIVES_S = 600

/** How it is set up. */
export interface Setting {
  /** Whether the ID token holds the claims, or they must be asked for. */
  readonly inToken?: boolean
  /** Whether the client has to know a secret. */
  readonly secret?: boolean
}

/** A running provider. */
export class IdProvider {
  readonly issuer: string
  readonly #port: number
  readonly #redirects: readonly string[]
  readonly #setting: Setting
  #server: Server | undefined

  private constructor(port: number, redirects: readonly string[], setting: Setting) {
    this.issuer = `http://127.0.0.1:${port}`
    this.#port = port
    this.#redirects = redirects
    this.#setting = setting
  }

  /** Starts one that sends browsers back to these addresses only. */
  static async start(redirects: readonly string[], setting: Setting = {}): Promise<IdProvider> {
    const provider = new IdProvider(await freePort(), redirects, setting)
    await provider.up()
    return provider
  }

  /** Starts (again), with fresh keys: what was signed before is signed by a key that is gone. */
  async up(): Promise<void> {
    const provider = new Provider(this.issuer, this.#configuration())
    const answer = provider.callback()
    this.#server = createServer((request, response) => {
      if (request.url?.startsWith('/interaction/')) void interact(provider, request, response)
      else void answer(request, response)
    }).listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Away, or for good. */
  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  #configuration(): object {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const kid = `key-${Math.random().toString(36).slice(2)}`
    const claims = (id: string) => ({ sub: `subject-of-${id}`, preferred_username: id, ...PEOPLE[id] })
    return {
      clients: [{
        client_id: CLIENT.id,
        redirect_uris: [...this.#redirects],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        ...(this.#setting.secret
          ? { client_secret: CLIENT.secret, token_endpoint_auth_method: 'client_secret_basic' }
          : { token_endpoint_auth_method: 'none' }),
      }],
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] },
      cookies: { keys: ['a key of the story'] },
      claims: { openid: ['sub'], profile: ['preferred_username', 'name'], groups: ['groups'] },
      scopes: ['openid', 'profile', 'groups'],
      conformIdTokenClaims: !this.#setting.inToken,
      ttl: { Interaction: LIVES_S, Grant: LIVES_S, Session: LIVES_S, AccessToken: LIVES_S, IdToken: LIVES_S },
      pkce: { required: () => true },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
      findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => claims(id) }),
      // Nobody is asked what they agree to: the agency agreed for them.
      loadExistingGrant: async (ctx: GrantContext) => {
        const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client?.clientId ?? '', accountId: ctx.oidc.session?.accountId ?? '' })
        grant.addOIDCScope('openid profile groups')
        await grant.save()
        return grant
      },
    }
  }
}

/** The page on which somebody says who they are, or turns back. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (request.method === 'POST') {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      const said = new URLSearchParams(Buffer.concat(parts).toString())
      const account = said.get('account') ?? ''
      const result = said.has('enter') && account in PEOPLE
        ? { login: { accountId: account } }
        : { error: 'access_denied', error_description: 'turned back' }
      await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
      return
    }
    const { uid } = await provider.interactionDetails(request, response)
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><html lang="en"><title>County sign-in</title><link rel="icon" href="data:,">
      <h1>County sign-in</h1><form method="post" action="/interaction/${uid}">
      <label>Account <input name="account" autofocus></label>
      <button name="enter" value="1">Continue</button> <button name="leave" value="1">Cancel</button></form></html>`)
  } catch (error) {
    response.statusCode = 500
    response.end(String(error))
  }
}

/** On the provider's page: continues as somebody. */
export async function continueAs(page: Page, account: string): Promise<void> {
  await page.getByRole('heading', { name: 'County sign-in' }).waitFor()
  await page.getByLabel('Account').fill(account)
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** On the provider's page: turns back. */
export async function turnBack(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'County sign-in' }).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
}
