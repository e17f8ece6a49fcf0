// The service worker of the build: it keeps one build whole and answers the app's addresses and files from what it keeps.
// tools/bundle/worker.py writes before this text: BUILD, FILES (address -> integrity) and ROUTES (of the app's pages).
// Whatever is neither such an address nor a file of the build goes its own way, unseen and unkept.
const PREFIX = "pilito-";
const OWN = PREFIX + BUILD;
const PAGE = "/index.html"; // kept last: a build without it is not whole
const FAILED = "/failed"; // kept once a page of the build could not start
const ANSWER_WITHIN = 1000; // milliseconds in which a page says which build it is of
const RENEW_WITHIN = 10_000; // milliseconds: the next build's worker waits until this one has nothing to do
const AGAIN = 3000; // milliseconds until the wish to take over is said once more, and a page that said nothing is asked again
const MARK = (build) => `name="pilito-build" content="${build}"`;

let active = false;

self.addEventListener("install", (event) => event.waitUntil(keep().then(takeOver)));
self.addEventListener("activate", (event) => {
  active = true;
  event.waitUntil(self.clients.claim().then(announce));
});
self.addEventListener("message", (event) => event.waitUntil(hear(event.data, event.source)));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (ROUTES.some((route) => route.test(pathname))) event.respondWith(page(event));
  } else if (pathname in FILES || pathname.startsWith("/assets/")) event.respondWith(asset(request));
});

const kept = (address, cacheName) => caches.match(address, { cacheName, ignoreVary: true });
const builds = async () => (await caches.keys()).filter((name) => name.startsWith(PREFIX));

/** Keep every file of this build, each checked against its hash, and the page last. All of it, or the worker is no more. */
async function keep() {
  if (await kept(PAGE, OWN)) return; // back to a build that is still here
  try {
    const cache = await caches.open(OWN);
    for (const [address, integrity] of Object.entries(FILES)) {
      const known = await caches.match(address, { ignoreVary: true }); // of another build: the name is the content
      await cache.put(address, known ?? good(await file(address, integrity)));
    }
    const answer = good(await ask("/"));
    if (!isWhole(await answer.clone().text(), BUILD)) throw new Error("the server's page is of another build");
    await cache.put(PAGE, answer);
    if ((await (await caches.open(OWN)).keys()).length <= Object.keys(FILES).length) throw new Error("the browser drops files");
  } catch (error) {
    await caches.delete(OWN);
    throw error;
  }
}

/**
 * Take the old worker's place. Where that one answers a page at the very moment, Chromium may let the new one wait for five
 * minutes, and then hears one more wish: so it is said when the answer is long out.
 */
function takeOver() {
  self.skipWaiting();
  setTimeout(() => active || self.skipWaiting(), AGAIN);
}

/** A file, checked. What the browser's own cache keeps for ever may have arrived damaged: then the server is asked. */
async function file(address, integrity) {
  const options = { integrity, credentials: "omit" };
  return fetch(address, options).catch(() => fetch(address, { ...options, cache: "reload" }));
}

const ask = (address, options) => fetch(address, { cache: "no-cache", credentials: "omit", redirect: "error", ...options });
const isWhole = (text, build) => text.includes(MARK(build)) && text.trimEnd().endsWith("</html>");

function good(answer) {
  if (!answer.ok) throw new Error(`${answer.url} was answered with ${answer.status}`);
  return answer;
}

/** The cache whose page a start gets: this build's or, once that could not start, the newest other one that could. */
async function current() {
  const others = (await builds()).filter((name) => name !== OWN).reverse();
  for (const name of [OWN, ...others]) if ((await kept(PAGE, name)) && !(await kept(FAILED, name))) return name;
  return "";
}

/** Answer with the page that is kept; meanwhile look whether the server has changed what it says about this build. */
async function page(event) {
  const name = await current();
  const found = name && (await kept(PAGE, name));
  if (!found) return fetch(event.request).catch(async (error) => (await kept(PAGE, OWN)) ?? Promise.reject(error));
  event.waitUntil(renew(name, event.request.url, found.clone()).catch(() => {})); // offline: the page stays as it is
  return found;
}

/** Keep the server's page in place of ours where it is of the same build: its backend or its headers may have changed. */
async function renew(name, address, old) {
  const fresh = await ask(address, { signal: AbortSignal.timeout(RENEW_WITHIN) });
  const [text, before] = [await fresh.clone().text(), await old.text()];
  const policy = "Content-Security-Policy";
  if (!fresh.ok || !isWhole(text, name.slice(PREFIX.length))) return;
  if (text !== before || fresh.headers.get(policy) !== old.headers.get(policy)) await (await caches.open(name)).put(PAGE, fresh);
}

/** A file of any build that is kept: a page that is open needs its own build's. */
const asset = async (request) => (await caches.match(request.url, { ignoreVary: true })) ?? fetch(request);

const pages = async () => {
  const found = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  return found.filter((client) => ROUTES.some((route) => route.test(new URL(client.url).pathname)));
};

/** Tell every page, or one, which build a start would get. */
async function announce(client) {
  const build = (await current()).slice(PREFIX.length);
  for (const each of client ? [client] : await pages()) each.postMessage({ kind: "current", build });
}

async function hear({ kind, build }, client) {
  const name = PREFIX + build;
  if (kind === "failed" && (await caches.has(name))) await (await caches.open(name)).put(FAILED, new Response());
  if (kind !== "started") return;
  if (await caches.has(name)) await (await caches.open(name)).delete(FAILED);
  await announce(client);
  if (name === (await current())) await clean();
}

/**
 * Forget the builds that no page uses. A page that does not say what it is of may need anything: then nothing goes, and
 * as it may only be busy, with its own start for one, it is asked again.
 */
async function clean(mine = registration.active, times = 3) {
  const [used, there] = [new Set([await current(), OWN]), await builds()];
  for (const client of await pages()) {
    const build = await buildOf(client);
    if (!build) return void (times > 1 && setTimeout(clean, AGAIN, mine, times - 1));
    used.add(PREFIX + build);
  }
  const { active: now, installing, waiting } = registration;
  if (installing || waiting || now !== mine) return; // a newer worker needs what it keeps, and no page is of it yet
  for (const name of there) if (!used.has(name)) await caches.delete(name);
}

const buildOf = (client) =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    setTimeout(resolve, ANSWER_WITHIN, "");
    port1.onmessage = (event) => resolve(event.data);
    client.postMessage({ kind: "which" }, [port2]);
  });
