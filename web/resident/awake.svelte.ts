// Keeps the screen on while a report is open, and says when the device refuses.
//
// Owns: the wake lock. Must not: ask for one in silent mode, where a lit screen may betray. Used by: `App`.

/** `off`: not wanted; `held`: the screen stays on; `refused`: the device says no, so the person must keep it on. */
export type Awake = 'off' | 'held' | 'refused'

/** The screen's wake lock. */
export class ScreenLock {
  state = $state<Awake>('off')
  #lock: WakeLockSentinel | null = null
  #wanted = false

  /** Wanted from now on, or no more. */
  want(wanted: boolean): void {
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    if (wanted) void this.#take()
    else {
      void this.#lock?.release().catch(() => undefined)
      this.#lock = null
      this.state = 'off'
    }
  }

  /** The page is looked at again: the browser let go of the lock meanwhile. */
  again(): void {
    if (this.#wanted && this.#lock === null) void this.#take()
  }

  async #take(): Promise<void> {
    try {
      // Absent in old browsers: the same as a refusal.
      const lock = await navigator.wakeLock.request('screen')
      if (!this.#wanted) return void lock.release()
      this.#lock = lock
      this.state = 'held'
      lock.onrelease = () => {
        if (this.#lock !== lock) return
        this.#lock = null
        // Low battery, or the page is hidden. Hidden pages ask again when they are looked at.
        if (document.visibilityState === 'visible') this.state = 'refused'
      }
    } catch {
      if (this.#wanted && document.visibilityState === 'visible') this.state = 'refused'
    }
  }
}
