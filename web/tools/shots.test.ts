import { existsSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

describe('pictures', () => {
  const pictures = ['resident', 'console', 'supervisor', 'wallboard'].flatMap((page) => ['light', 'dark'].map((theme) => `docs/images/${page}-${theme}.webp`))

  it('exist, are small, and stand in the README', () => {
    const readme = readFileSync(at('README.md'), 'utf8')
    for (const picture of pictures) {
      expect(existsSync(at(picture)), picture).toBe(true)
      expect(statSync(at(picture)).size, picture).toBeLessThan(300_000)
      expect(readme, picture).toContain(picture)
    }
  })

  it('have a stamp that says what they show', () => {
    expect(Object.keys(JSON.parse(readFileSync(at('docs/images/shots.json'), 'utf8')) as object)).toEqual(['resident', 'console', 'supervisor', 'wallboard'])
  })
})
