// What the page left on the device beside the report: the service worker and its copies of the page's own files.
//
// Owns: removing them. Used by: `exit.ts`, `silence.ts`, `offline.ts`.

/** Removes worker and copies: nothing is left. */
export async function removed(): Promise<void> {
  try {
    const all = (await navigator.serviceWorker?.getRegistrations()) ?? []
    await Promise.all(all.map((one) => one.unregister()))
    for (const name of await caches.keys()) await caches.delete(name)
  } catch {
    // Absent: nothing to remove.
  }
}
