/* Keeps the portal's shell, so that it opens without a line. Answers of the API are never kept here. */
const CACHE = 'aftercare-__VERSION__'
const SHELL = '__SHELL__'

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((n) => n.startsWith('aftercare-') && n !== CACHE).map((n) => caches.delete(n))))
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== location.origin) return
  if (url.pathname.startsWith('/assets/')) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)))
    return
  }
  // Desk and console live beside the portal but are not its pages.
  const isPortalPage = request.mode === 'navigate' && !/^\/(api|desk|console|chat|docs|healthz|readyz|metrics)(\/|$)/.test(url.pathname)
  if (isPortalPage) event.respondWith(fetch(request).catch(() => caches.match('/')))
})
