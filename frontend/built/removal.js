// Put in the place of service-worker.js it ends the app's service worker in every browser that looks for a new one: what
// is kept is forgotten, the worker unregisters itself, and pages come from the network again.
const AGAIN = 3000; // milliseconds until the wish to take over is said once more: see takeOver() of service-worker.js

let active = false;

self.addEventListener("install", () => {
  self.skipWaiting();
  setTimeout(() => active || self.skipWaiting(), AGAIN);
});
self.addEventListener("activate", (event) => {
  active = true;
  event.waitUntil(leave());
});

async function leave() {
  const names = (await caches.keys()).filter((name) => name.startsWith("pilito-"));
  await Promise.all(names.map((name) => caches.delete(name)));
  await self.registration.unregister();
}
