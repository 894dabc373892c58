// Two agencies on one gateway, each at its own address: whom a page is for stands on it, and nothing of the other is there.
import { expect, type Story } from './harness.ts'
import { begin, safe, write } from './resident_hands.ts'

export const stories: Record<string, (story: Story) => Promise<void>> = {
  async 'AG1 a resident of the second agency reads its name and its number, and its staff alone have the report'(story) {
    const page = await begin(story, '/a/harbour.example/')
    const banner = await page.locator('.banner').innerText()
    expect(banner.includes('Harbour Communications') && banner.includes('This reaches the harbour.'), `the banner: ${banner}`)
    expect((await page.locator('a[href="tel:112"]').count()) > 0 && (await page.locator('a[href="tel:911"]').count()) === 0, 'the number to call')
    await write(page, 'A boat drifts')
    await safe(page, 'A boat drifts')

    const staff = await story.visit('/a/harbour.example/console/', { viewport: { width: 1440, height: 900 } })
    await staff.getByText('Harbour Communications').waitFor()
    expect((await staff.locator('[name=agency]').inputValue()) === 'harbour.example', 'the agency is filled in')
    await staff.locator('[name=name]').fill('tina')
    await staff.locator('[name=passphrase]').fill('demo-tina-911')
    await staff.locator('button[type=submit]').click()
    await staff.getByRole('heading', { name: /Harbour Communications/ }).waitFor()
    await staff.getByText('Connected', { exact: true }).waitFor()

    const other = await story.telecommunicator('tina')
    const own = await other.hear('sessions')
    expect(own.rows.length === 0, 'nothing waits at the demo')
    await staff.locator('#queue-panel [data-row]').first().waitFor()
  },

  async 'AG1 two addresses keep two reports apart on one device, over a reload'(story) {
    const page = await begin(story, '/a/harbour.example/')
    await write(page, 'For the harbour')
    await safe(page, 'For the harbour')
    await page.goto(`${story.gateway.origin}/`)
    await page.getByRole('listitem').first().getByRole('button').waitFor()
    expect(!(await page.locator('body').innerText()).includes('For the harbour'), 'the demo page begins anew')
    await page.goto(`${story.gateway.origin}/a/harbour.example/`)
    await safe(page, 'For the harbour')
  },

  async 'AG1 where no agency answers the page says whom to call'(story) {
    const page = await story.visit('/a/nowhere.example/')
    await page.getByRole('heading', { name: 'No agency answers at this address' }).waitFor()
    expect((await page.locator('a[href="tel:911"]').count()) === 1, 'a number that works')
  },
}
