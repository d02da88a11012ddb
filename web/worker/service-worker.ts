/**
 * Keeps the page's own files, so that it works in a field without a network. A new version is taken when all its pages are
 * closed, never under a flash that is going on. What `npm start` tells of its board is never kept.
 */
declare const self: ServiceWorkerGlobalScope;
/** Put in by the build (vite.config.ts). */
declare const __FILES__: readonly string[];
declare const __CACHE__: string;

const CACHE = __CACHE__;
const files = new Set(__FILES__.map((file) => new URL(file, self.registration.scope).href));

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll([...files].map((url) => new Request(url, { cache: "reload" })));
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith("godwit-") && name !== CACHE).map((name) => caches.delete(name)),
  );
  await self.clients.claim();
}

/** File names carry a hash of what is in them. */
async function cacheFirst(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}

async function networkFirst(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(self.registration.scope, { ignoreSearch: true });
    if (kept !== undefined) return kept;
    throw error;
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  url.search = "";
  url.hash = "";
  if (request.mode === "navigate") event.respondWith(networkFirst(request));
  else if (files.has(url.href)) event.respondWith(cacheFirst(request));
});
