// Service worker of the resident page: keeps the page and its files, so that it opens without a network.
// Built into `/sw.js` with the list of the page's files and a name that changes with them. It answers only for the resident page
// (its scope) and touches no API, no upload and no socket.
const FILES = self.CALLBOX_FILES
const NAME = self.CALLBOX_NAME
const PAGE = '/'

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(NAME).then((cache) => cache.addAll([PAGE, ...FILES])).then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  const old = (names) => Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name)))
  event.waitUntil(caches.keys().then(old))
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== self.location.origin) return
  // The page itself from the network, so that a new version is there at once; the copy where there is none.
  if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(() => caches.match(PAGE).then((kept) => kept ?? Response.error())))
  } else if (FILES.includes(pathname)) {
    event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(request)))
  } else if (pathname === '/api/v1/agency' || pathname.startsWith('/api/v1/agencies/')) {
    // Banner and number of the last time: better than none.
    event.respondWith(agency(request))
  }
})

async function agency(request) {
  const cache = await caches.open(NAME)
  try {
    const answer = await fetch(request)
    if (answer.ok) await cache.put(request.url, answer.clone())
    return answer
  } catch {
    return (await cache.match(request.url)) ?? Response.error()
  }
}
