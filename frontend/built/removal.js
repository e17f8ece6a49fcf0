// Put in the place of service-worker.js it ends the app's service worker in every browser that looks for a new one: what
// is kept is forgotten, the worker unregisters itself, and pages come from the network again.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(leave()));

async function leave() {
  const names = (await caches.keys()).filter((name) => name.startsWith("pilito-"));
  await Promise.all(names.map((name) => caches.delete(name)));
  await self.registration.unregister();
}
