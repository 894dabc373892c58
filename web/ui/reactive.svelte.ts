// The one place where the SDK's stores meet Svelte.
import { createSubscriber } from 'svelte/reactivity'
import type { Readable } from '../sdk/src/store.ts'

/** A store as a reactive value: read `.now` in markup, `$derived` or `$effect`. */
export function reactive<T>(store: Readable<T>): { readonly now: T } {
  const subscribe = createSubscriber((update) => {
    let first = true
    return store.subscribe(() => {
      if (!first) update()
      first = false
    })
  })
  return {
    get now() {
      subscribe()
      return store.get()
    },
  }
}
