// Where a resident's device keeps what must outlive a reload: the device key, the session, the outbox, photos on their way.
//
// Two of the same kind: IndexedDB, and memory only for silent mode, which must leave no trace on the device.

/** The drawers of a keep. */
export type Drawer = 'key' | 'session' | 'outbox' | 'photos'

const DRAWERS: readonly Drawer[] = ['key', 'session', 'outbox', 'photos']
/** Name of the database on the device; it says nothing about emergencies to somebody who looks. */
const DATABASE = 'page-state'

/** Keeps values under keys; a written value is on the device when the promise resolves. */
export interface Keep {
  /** Whether it survives the page. */
  readonly lasting: boolean
  get(drawer: Drawer, key: string): Promise<unknown>
  put(drawer: Drawer, key: string, value: unknown): Promise<void>
  delete(drawer: Drawer, key: string): Promise<void>
  all(drawer: Drawer): Promise<unknown[]>
  /** Removes everything, the database itself too. */
  wipe(): Promise<void>
}

/** A keep that forgets with the page. */
export function memoryKeep(): Keep {
  const drawers = new Map<Drawer, Map<string, unknown>>(DRAWERS.map((drawer) => [drawer, new Map()]))
  const drawer = (name: Drawer): Map<string, unknown> => drawers.get(name) ?? new Map<string, unknown>()
  return {
    lasting: false,
    get: (name, key) => Promise.resolve(drawer(name).get(key)),
    put: (name, key, value) => Promise.resolve(void drawer(name).set(key, value)),
    delete: (name, key) => Promise.resolve(void drawer(name).delete(key)),
    all: (name) => Promise.resolve([...drawer(name).values()]),
    wipe: () => Promise.resolve(drawers.forEach((values) => values.clear())),
  }
}

/** How long the device's database may take to open, in ms: a blocked one never answers, and a report must not wait for it. */
const OPEN_WITHIN_MS = 1_500

/**
 * The keep of the device; in memory where the browser gives no database (private windows of some, storage forbidden). Each agency
 * that an address names has one of its own, with a key of its own: a report to one is nothing to another.
 */
export async function deviceKeep(agency?: string): Promise<Keep> {
  try {
    const name = databaseOf(agency)
    const opening = open(name)
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<null>((done) => (timer = setTimeout(done, OPEN_WITHIN_MS, null)))
    const database = await Promise.race([opening, late])
    clearTimeout(timer)
    if (database !== null) return databaseKeep(database, name)
    // It opens too late: let go of it, so that nothing holds it.
    void opening.then((one) => one.close()).catch(() => undefined)
    return memoryKeep()
  } catch {
    return memoryKeep()
  }
}

/**
 * The same keep, where a refusal of the device (full, forbidden, wiped by another window) is told and stops nothing: what is
 * written still goes out from memory.
 */
export function guarded(keep: Keep, refused: () => void): Keep {
  const told = <T>(instead: T) => (): T => {
    refused()
    return instead
  }
  return {
    lasting: keep.lasting,
    get: (drawer, key) => keep.get(drawer, key).catch(told(undefined)),
    put: (drawer, key, value) => keep.put(drawer, key, value).catch(told(undefined)),
    delete: (drawer, key) => keep.delete(drawer, key).catch(told(undefined)),
    all: (drawer) => keep.all(drawer).catch(told([])),
    wipe: () => keep.wipe().catch(told(undefined)),
  }
}

/** The agency's name is not in it, for whoever looks: only a number made of it. */
function databaseOf(agency: string | undefined): string {
  if (agency === undefined) return DATABASE
  const number = [...agency].reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 16_777_619), 2_166_136_261)
  return `${DATABASE}-${(number >>> 0).toString(36)}`
}

function open(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => {
    for (const drawer of DRAWERS) opening.result.createObjectStore(drawer)
  }
  return answer(opening).then((database) => {
    // Another window wipes the database: let go, or its deletion waits for ever.
    database.onversionchange = () => database.close()
    return database
  })
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result)
    request.onerror = () => fail(request.error ?? new Error('the database refused'))
  })
}

function databaseKeep(database: IDBDatabase, name: string): Keep {
  const drawer = (one: Drawer): IDBObjectStore => database.transaction(one).objectStore(one)
  // Done when the transaction is: a request may succeed and the device still have no room for it.
  const change = (one: Drawer, wish: (store: IDBObjectStore) => void): Promise<void> =>
    new Promise((done, fail) => {
      const transaction = database.transaction(one, 'readwrite', { durability: 'strict' })
      transaction.oncomplete = () => done()
      transaction.onabort = transaction.onerror = () => fail(transaction.error ?? new Error('the database refused'))
      wish(transaction.objectStore(one))
      // Now, and not in a further turn of the page: this may be its last one.
      transaction.commit()
    })
  return {
    lasting: true,
    get: async (one, key) => answer(drawer(one).get(key)),
    put: async (one, key, value) => change(one, (store) => store.put(value, key)),
    delete: async (one, key) => change(one, (store) => store.delete(key)),
    all: async (one) => answer(drawer(one).getAll()),
    wipe: async () => {
      database.close()
      await answer(indexedDB.deleteDatabase(name))
    },
  }
}

/** Copies everything from one keep to another and wipes the first: silent mode switched on midway. */
export async function move(from: Keep, to: Keep, keys: Partial<Record<Drawer, (value: unknown) => string>>): Promise<void> {
  for (const drawer of DRAWERS) {
    const key = keys[drawer]
    if (key === undefined) continue
    for (const value of await from.all(drawer)) await to.put(drawer, key(value), value)
  }
  await from.wipe()
}
