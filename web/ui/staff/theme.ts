// The remembered switch between the system's theme, light, dark and high contrast.
//
// Owns: the choice and where it is kept. `public/assets/theme-2.js` applies it before the first paint. Used by: the top bar, the map.
import { Store } from '../../sdk/src/store.ts'
import { rememberText } from './kept.ts'

/** What a person can choose. */
export type Theme = 'system' | 'light' | 'dark' | 'contrast'

const KEY = 'callbox-theme'

function kept(): Theme {
  const { theme, contrast } = document.documentElement.dataset
  if (contrast === 'more') return 'contrast'
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

/** The choice now. */
export const theme = new Store<Theme>(kept())

/** Applies and remembers a choice. */
export function choose(next: Theme): void {
  const { dataset } = document.documentElement
  // A person who chose light or dark gets it, whatever contrast the system asks for.
  delete dataset['theme']
  delete dataset['contrast']
  if (next === 'contrast') dataset['contrast'] = 'more'
  else if (next !== 'system') Object.assign(dataset, { theme: next, contrast: 'normal' })
  rememberText(KEY, next === 'system' ? undefined : next)
  theme.set(next)
}

/** Calls back when what is on the screen changes: by the switch or by the system. */
export function onThemeChange(run: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const contrast = matchMedia('(prefers-contrast: more)')
  system.addEventListener('change', run)
  contrast.addEventListener('change', run)
  let first = true
  const stop = theme.subscribe(() => {
    if (!first) run()
    first = false
  })
  return () => {
    system.removeEventListener('change', run)
    contrast.removeEventListener('change', run)
    stop()
  }
}
