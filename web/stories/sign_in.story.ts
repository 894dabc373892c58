// Signing in at an agency's own provider, against a real one: one press there and back, and every way in which it can come to nothing.
import type { Page } from 'playwright-core'
import { expect, within, type Story } from './harness.ts'
import { CLIENT, continueAs, IdProvider, turnBack, type Setting } from './provider.ts'
import { accessible, residentWith, signIn, staffSays, tooWide } from './staff_hands.ts'

const WIDE = { viewport: { width: 1440, height: 900 } }
/** Where the provider sends people of the demo agency back to. */
const BACK = '/api/v1/sign-in/provider/demo.example/return'

/** A provider for the demo agency, and a gateway that knows it; `more` stands beside what it is told. */
async function provided(story: Story, setting: Setting = {}, more = ''): Promise<IdProvider> {
  const provider = await IdProvider.start([story.gateway.origin + BACK], setting)
  story.later(() => void provider.down())
  await story.gateway.with(`[agency.sign_in]
issuer = "${provider.issuer}"
client_id = "${CLIENT.id}"
words = "County account"
scopes = ["openid", "profile", "groups"]
roles = [{ value = "911-leads", role = "supervisor" }, { value = "911-desk", role = "telecommunicator" }]
${more}`)
  return provider
}

const press = (page: Page) => page.getByRole('button', { name: /Sign in with .*County account/ }).click()
const told = (page: Page) => page.getByRole('alert').filter({ hasText: /\S/ })

/** Waits until the page says this, and is asked again. */
async function isTold(page: Page, words: string): Promise<void> {
  await told(page).getByText(words).waitFor()
  await page.getByRole('button', { name: /Sign in with/ }).and(page.locator(':enabled')).waitFor()
}

/** What the gateway is asked over HTTP, as the page at its origin asks. */
async function ask(story: Story, path: string, body: object): Promise<{ status: number; said: Record<string, string> }> {
  const answer = await fetch(`${story.gateway.origin}/api/v1/sign-in/provider${path}`, {
    method: 'POST', headers: { 'content-type': 'application/json', origin: story.gateway.origin }, body: JSON.stringify(body),
  })
  return { status: answer.status, said: (await answer.json()) as Record<string, string> }
}

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'AL7 sign-in through the agency\'s provider: one press, and back on the same page with the usual token'(story) {
    await provided(story)
    const addresses: string[] = []
    const page = await story.visit('/console/?panel=overview', WIDE)
    page.on('framenavigated', (frame) => void addresses.push(frame.url()))
    await press(page)
    await continueAs(page, 'nora')
    await page.waitForURL((url) => url.pathname === '/console/' && url.search === '?panel=overview' && url.hash === '')
    await within('the sign-in is kept', () => page.evaluate(() => sessionStorage.getItem('callbox-console') !== null))
    const kept = await page.evaluate(() => JSON.parse(sessionStorage.getItem('callbox-console') ?? '{}') as Record<string, unknown>)
    expect(kept['staff'] === 'nora' && kept['name'] === 'Nora Example' && kept['role'] === 'telecommunicator', `who: ${JSON.stringify({ ...kept, token: '' })}`)
    const parts = String(kept['token']).split('.').length
    expect(parts === 3, 'the usual signed token')
    expect(addresses.every((address) => !address.includes(String(kept['token']))), 'no token stands in an address')
    const left = await page.evaluate(() => [sessionStorage.getItem('callbox-trip'), location.hash])
    expect(left[0] === null && left[1] === '', 'nothing is left of the way')
    expect(!/code=|eyJ/.test(story.gateway.said) && /signed in/.test(story.gateway.said) && /provider/.test(story.gateway.said), 'the log has who and how, and no code or token')
  },

  async 'AL7 sign-in through the agency\'s provider: with a secret and a full ID token, as a supervisor, and in French'(story) {
    await provided(story, { inToken: true, secret: true }, `client_secret = "${CLIENT.secret}"`)
    const page = await story.visit('/supervisor/', { ...WIDE, locale: 'fr-CA' })
    await page.getByRole('button', { name: /Se connecter avec .*County account/ }).click()
    await continueAs(page, 'sam')
    await page.getByText('Connecté', { exact: true }).waitFor()
    await page.getByText('Sam Example').first().waitFor()
  },

  async 'AL7 sign-in through the agency\'s provider: the passphrase stays beside it, and goes where nobody has one'(story) {
    await provided(story)
    const page = await story.visit('/console/', WIDE)
    await signIn(page, 'tina')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.locator('[data-provider]').waitFor()
    await story.gateway.with('[agency.demo]\nenabled = false')
    const narrow = await story.visit('/console/', { viewport: { width: 320, height: 640 }, locale: 'fr-CA' })
    await narrow.locator('[data-provider]').waitFor()
    expect((await tooWide(narrow)) <= 0, 'it fits in French')
    for (const options of [{ viewport: { width: 320, height: 640 } }, { ...WIDE, colorScheme: 'dark' as const }]) {
      const bare = await story.visit('/console/', options)
      await bare.locator('[data-provider]').waitFor()
      expect((await bare.locator('[name=passphrase]').count()) === 0, 'no form for a passphrase that nobody has')
      expect((await tooWide(bare)) <= 0, 'it fits')
      await accessible(bare, 'the sign-in')
      await press(bare)
      await continueAs(bare, 'nora')
      await bare.getByText('Connected', { exact: true }).waitFor()
    }
  },

  async 'AL7 sign-in through the agency\'s provider: who signs out is asked again, also where the provider still knows the last one'(story) {
    await provided(story)
    const page = await story.visit('/console/', WIDE)
    await press(page)
    await continueAs(page, 'nora')
    await page.getByText('Connected', { exact: true }).waitFor()
    // Another tab of the same person: the provider knows her, and nothing is asked twice.
    await page.evaluate(() => sessionStorage.clear())
    await page.reload()
    await press(page)
    await page.getByText('Connected', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await press(page)
    await continueAs(page, 'sam')
    await page.getByText('Connected', { exact: true }).waitFor()
    const who = await page.evaluate(() => (JSON.parse(sessionStorage.getItem('callbox-console') ?? '{}') as { staff?: string }).staff)
    expect(who === 'sam', `the next person is themself, not ${String(who)}`)
  },

  async 'AL7 sign-in through the agency\'s provider: its keys change, and it is still believed'(story) {
    const provider = await provided(story)
    const page = await story.visit('/console/', WIDE)
    await press(page)
    await continueAs(page, 'nora')
    await page.getByText('Connected', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await press(page)
    await page.getByRole('heading', { name: 'County sign-in' }).waitFor()
    // The gateway has read the old keys a moment ago; a node that comes back forgets its sessions, so the way begins anew.
    await provider.down()
    await provider.up()
    await page.goto(`${story.gateway.origin}/console/`)
    await press(page)
    await continueAs(page, 'nora')
    await page.getByText('Connected', { exact: true }).waitFor()
  },

  async 'AL7 sign-in through the agency\'s provider: its end is told ahead, and put off by one press while a session goes on'(story) {
    await provided(story)
    const page = await story.visit('/console/', WIDE)
    await press(page)
    await continueAs(page, 'nora')
    await page.getByText('Connected', { exact: true }).waitFor()
    expect((await page.getByText('Your sign-in ends at').count()) === 0, 'nothing is told twelve hours ahead')
    // As it stands ten minutes before the end.
    await page.evaluate(() => {
      const kept = JSON.parse(sessionStorage.getItem('callbox-console') ?? '{}') as Record<string, unknown>
      const ends_ms = Date.now() + 600_000
      sessionStorage.setItem('callbox-console', JSON.stringify({ ...kept, ends_ms, expires_ms: ends_ms }))
    })
    await page.reload()
    await page.getByText('Your sign-in ends at').waitFor()
    await accessible(page, 'the end is told')
    await residentWith(story, 'Smoke from the roof')
    await page.getByRole('button', { name: /Take next/ }).click()
    await page.locator('#composer').fill('Half a sentence')
    const opened = page.waitForEvent('popup')
    await page.getByRole('button', { name: 'Sign in again' }).click()
    const popup = await opened
    // The provider still knows her: the window comes back by itself, and closes.
    if (!popup.isClosed()) await popup.waitForEvent('close')
    await page.getByText('Your sign-in ends at').waitFor({ state: 'detached' })
    const kept = await page.evaluate(() => JSON.parse(sessionStorage.getItem('callbox-console') ?? '{}') as { ends_ms?: number })
    expect((kept.ends_ms ?? 0) > Date.now() + 11 * 3_600_000, 'the end is a shift away again')
    expect((await page.locator('#composer').inputValue()) === 'Half a sentence', 'what was begun stays')
    await staffSays(page, 'We are on our way')
    await page.getByText('We are on our way').first().waitFor()
  },

  async 'AL7 refused at the agency\'s provider: each time a plain sentence, what to do, and nothing typed is lost'(story) {
    const provider = await provided(story)
    const page = await story.visit('/console/', WIDE)
    await page.locator('[name=name]').fill('tina')
    await press(page)
    await turnBack(page)
    await isTold(page, 'did not let you in')
    expect((await page.locator('[name=name]').inputValue()) === 'tina', 'what was typed stands there again')
    await accessible(page, 'the refusal')

    await press(page)
    await continueAs(page, 'vic')
    await isTold(page, 'has no role here')

    await page.evaluate(() => localStorage.setItem('callbox-signed-out', '1'))
    await press(page)
    await page.getByRole('heading', { name: 'County sign-in' }).waitFor()
    await page.goBack()
    await page.getByRole('button', { name: /Sign in with/ }).and(page.locator(':enabled')).waitFor()

    await provider.down()
    // Who begins within half a minute of the last word is sent there, and finds nobody: the gateway asks itself after that.
    await story.gateway.with('')
    await page.reload()
    await press(page)
    await isTold(page, 'does not answer')
    // Everything else is served meanwhile.
    await signIn(page, 'tina')
  },

  async 'AL7 refused at the agency\'s provider: a way back that somebody else began, that is used twice, or that leads elsewhere'(story) {
    await provided(story)
    // Somebody signs in by hand as far as the way back, and sends that link to somebody else.
    const links: string[] = []
    const secrets: string[] = []
    const attacker = await story.visit('/console/', WIDE)
    attacker.on('request', (request) => {
      if (request.url().includes('/return?')) links.push(request.url())
    })
    await attacker.route('**/sign-in/provider/end', async (route) => {
      secrets.push((route.request().postDataJSON() as { secret: string }).secret)
      await route.abort()
    })
    await press(attacker)
    await continueAs(attacker, 'nora')
    await within('the way back is known', () => Promise.resolve(links.length > 0 && secrets.length > 0))
    const [link, secret] = [links[0], secrets[0]]
    if (link === undefined || secret === undefined) throw new Error('no way back')

    const victim = await story.visit('/console/', WIDE)
    await victim.goto(link)
    await isTold(victim, 'begun in another window')
    expect(await victim.evaluate(() => sessionStorage.getItem('callbox-console') === null), 'nobody is signed in')
    expect(!victim.url().includes('code='), 'the address is clean')
    // The same for a tab that began a way of its own.
    await press(victim)
    await victim.getByRole('heading', { name: 'County sign-in' }).waitFor()
    await victim.goto(link)
    await isTold(victim, 'begun in another window')

    // With the right secret the way ends once.
    const came = Object.fromEntries(new URL(link).searchParams)
    const lost = async (of: string, what: string) => {
      const { status, said } = await ask(story, '/end', { secret: of, ...came })
      expect(status === 403 && said['code'] === 'sign_in_lost', `${what}: ${status} ${said['code'] ?? ''}`)
    }
    await lost('a guess', 'without the secret')
    const first = await ask(story, '/end', { secret, ...came })
    expect(first.status === 200 && first.said['staff'] === 'nora', 'with the secret')
    await lost(secret, 'a second time')

    for (const back of ['//evil.example/console/', 'https://evil.example/', '/console/\\evil', '/a/harbour.example/console/']) {
      const answer = await ask(story, '', { agency: 'demo.example', back, proof: 'A'.repeat(43) })
      expect(answer.status === 400, `${back}: ${JSON.stringify(answer)}`)
    }
    const elsewhere = await fetch(`${story.gateway.origin}${BACK}?state=forged&code=x`, { redirect: 'manual' })
    const to = elsewhere.headers.get('location') ?? ''
    expect(elsewhere.status === 303 && to.startsWith('/a/demo.example/console/#'), `a forged way back leads to ${to}`)
  },
}
