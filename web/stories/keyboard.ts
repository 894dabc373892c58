// Going through a page by its keys, with the focus looked at in each step.
//
// Owns: where the focus is and whether somebody can see it. Must not: press anything but what it is told.
import type { Page } from 'playwright-core'
import { expect } from './harness.ts'

/** The way to anything on a page is no longer than this. */
const STEPS_MAX = 90

/** What has the focus, in words; in capitals before it what is wrong with how it shows. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement
    const { top, bottom, left, width } = element.getBoundingClientRect()
    const under = document.elementFromPoint(left + width / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2)
    const hidden = under === null || !(element.contains(under) || under.contains(element) || under.closest('label')?.control === element)
    const { outlineWidth, outlineStyle } = getComputedStyle(element)
    const ring = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
    const name = element.innerText.trim() || element.getAttribute('aria-label') || element.id || element.getAttribute('name') || element.tagName
    return `${hidden ? 'HIDDEN ' : ''}${ring || element === document.body ? '' : 'NO RING '}${name}`
  })
}

/** The focus is where somebody sees it. */
export async function inSight(page: Page): Promise<string> {
  const at = await focused(page)
  expect(!/^(HIDDEN|NO RING)/.test(at), `the focus is in sight: ${at}`)
  return at
}

/** Goes on until something of this name has the focus; it is in sight all the way. */
export async function go(page: Page, to: RegExp, key = 'Tab'): Promise<void> {
  const way: string[] = []
  for (let step = 0; step < STEPS_MAX; step += 1) {
    await page.keyboard.press(key)
    const at = await inSight(page)
    if (to.test(at)) return
    way.push(at.split('\n')[0] ?? '')
  }
  throw new Error(`no way to ${String(to)} by ${key}: ${way.join(' > ')}`)
}
