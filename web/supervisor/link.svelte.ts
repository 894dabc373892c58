// Looks after a client's link while a page stands: what the browser says about the network and the tab makes it look at once, and after
// a break it asks whether the page is older than its gateway by now.
import { onMount } from 'svelte'
import type { StaffClient } from '../sdk/src/staff.ts'
import { newerPage, tilesMoved } from '../ui/staff/version.ts'

/** For a component that stands as long as the page; `newer` is called when there is a newer one. */
export function lookAfter(client: () => StaffClient, newer: () => void): void {
  onMount(() => {
    const look = (): void => client().check()
    let before = false
    const stop = client().link.subscribe(({ at }) => {
      if (at !== 'open') return
      if (before) void newerPage().then((found) => found && newer())
      before = true
    })
    const stopTiles = tilesMoved(client().welcome, newer)
    window.addEventListener('online', look)
    window.addEventListener('offline', look)
    document.addEventListener('visibilitychange', look)
    return () => {
      stop()
      stopTiles()
      window.removeEventListener('online', look)
      window.removeEventListener('offline', look)
      document.removeEventListener('visibilitychange', look)
    }
  })
}
