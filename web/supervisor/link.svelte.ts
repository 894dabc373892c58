// Looks after a client's link while a page stands: what the browser says about the network and the tab makes it look at once.
import { onMount } from 'svelte'
import type { StaffClient } from '../sdk/src/staff.ts'

/** For a component that stands as long as the page. */
export function lookAfter(client: () => StaffClient): void {
  onMount(() => {
    const look = (): void => client().check()
    window.addEventListener('online', look)
    window.addEventListener('offline', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      window.removeEventListener('online', look)
      window.removeEventListener('offline', look)
      document.removeEventListener('visibilitychange', look)
    }
  })
}
