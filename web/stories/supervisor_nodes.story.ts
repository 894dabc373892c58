// The nodes: how each is in words and by shape, and the drain that an administrator orders, confirmed and on record.
import { expect, type Story } from './harness.ts'
import { accessible, residentWith, signIn, supervisorOf, tooWide } from './staff_hands.ts'

const DESK = { viewport: { width: 1440, height: 900 }, locale: 'en-US' }

export const stories: Record<string, (story: Story) => Promise<void>> = {
  'OP1 SV7: each node stands in the list with its state, what safe is worth, and live figures; a supervisor only reads it': async (story) => {
    const sue = await supervisorOf(story, { viewport: DESK.viewport })
    await residentWith(story, 'smoke over a roof')
    await sue.getByRole('link', { name: 'Nodes' }).click()
    const row = sue.locator('tr[data-node]')
    await row.getByText('the only node').waitFor()
    await row.getByText('Ready', { exact: true }).waitFor()
    await row.getByText("Safe: on this node's disk").waitFor()
    await row.getByText('this page is connected to it').waitFor()
    await row.getByText(/[\d.]+.* GB free/).waitFor()
    await sue.getByRole('columnheader', { name: 'Sessions held' }).waitFor()
    await row.locator('td').nth(3).getByText('1', { exact: true }).waitFor()
    await sue.getByText(/1 node/).waitFor()
    expect((await row.getByRole('button').count()) === 0, 'a supervisor orders no drain')
    await accessible(sue, 'the nodes')
    await sue.setViewportSize({ width: 320, height: 640 })
    expect((await tooWide(sue)) <= 0, 'nothing scrolls sideways at 320 px')
    const cut = await row.evaluate((node) => [...node.querySelectorAll('td')].filter((cell) => cell.getBoundingClientRect().right > innerWidth).length)
    expect(cut === 0, `every figure of a node is in sight at 320 px: ${String(cut)} are not`)
    await sue.setViewportSize(DESK.viewport)
    await sue.getByRole('link', { name: 'Supervisor' }).click()
    await sue.locator('article[data-queue]').first().waitFor()
  },
  'OP1: an administrator sees the nodes and no session, confirms a drain, and reads why the only node refuses': async (story) => {
    const words = 'nobody who runs nodes reads this'
    await residentWith(story, words)
    const ada = await story.visit('/supervisor/', DESK)
    await signIn(ada, 'ada')
    const row = ada.locator('tr[data-node]')
    await row.getByText('Ready', { exact: true }).waitFor()
    expect(!(await ada.locator('body').innerText()).includes(words), 'no word of a session')
    await ada.setViewportSize({ width: 320, height: 640 })
    const press = await row.getByRole('button').boundingBox()
    expect(press !== null && press.x >= 0 && press.x + press.width <= 320, 'the drain can be reached at 320 px without scrolling sideways')
    await ada.setViewportSize(DESK.viewport)
    await row.getByRole('button').focus()
    await ada.keyboard.press('Enter')
    const dialog = ada.getByRole('dialog', { name: /^Drain .*the only node/ })
    await dialog.getByLabel('Everybody has moved within, in seconds').fill('120')
    await dialog.getByLabel('Clients a second').fill('25')
    await accessible(ada, 'the drain')
    const frames: string[] = []
    ada.on('websocket', () => frames.push('again'))
    await ada.keyboard.press('Enter')
    await dialog.getByRole('alert').getByText('There is no other node that residents could go to.').waitFor()
    await ada.keyboard.press('Escape')
    await row.getByText('Ready', { exact: true }).waitFor()
    expect(await row.getByRole('button').evaluate((node) => node === document.activeElement), 'the focus comes back')
    expect(frames.length === 0, 'nobody was sent away')
  },
}
