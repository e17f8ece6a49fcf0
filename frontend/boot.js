// Runs before the first paint and before Python: theme, language, the session question, and a page for when all fails.
(() => {
  const root = document.documentElement;
  const stored = (key) => {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const words = {
    en: {
      loading: "Loading…", failed: "Pilito could not start.", reload: "Reload", copy: "Copy details",
      connecting: "Connecting…", asOf: "as of {time}",
    },
    fa: {
      loading: "در حال بارگذاری…", failed: "پیلیتو اجرا نشد.", reload: "بارگذاری دوباره", copy: "رونوشت جزئیات",
      connecting: "در حال اتصال…", asOf: "به وقت {time}",
    },
  };
  const language = stored("pilito.language") === "fa" ? "fa" : "en";
  const texts = words[language];
  root.lang = language;
  root.dir = language === "fa" ? "rtl" : "ltr";
  const theme = stored("pilito.theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  /** Whose token it is, as the token says, which anybody may have written; null for what is none. */
  const userOf = (token) => {
    try {
      return String(JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).user_id ?? "") || null;
    } catch { return null; }
  };
  /** Whose it is as the server says: a user's id, null for nobody's, undefined where it does not say. */
  const judge = (answer) => {
    try {
      const { status, body } = JSON.parse(answer);
      const { authenticated, user } = status === 200 ? JSON.parse(body) : {};
      return authenticated === false ? null : authenticated === true && user ? String(user.id) : undefined;
    } catch { return undefined; }
  };
  const asked = (stored("access_token") ?? "").trim();
  const setting = (name) => document.querySelector(`meta[name="${name}"]`).content;
  let session = Promise.resolve(null);
  if (asked) {
    session = fetch(`${setting("pilito-backend")}/api/v1/usr/auth/status`, {
      headers: { Authorization: `Bearer ${asked}` }, credentials: "omit", cache: "no-store",
      signal: AbortSignal.timeout(10000),
    }).then(async (answer) => JSON.stringify({ status: answer.status, body: await answer.text() })).catch(() => null);
    window.pilitoSession = async (token) => (token === asked ? session : null);
  }
  /** Call back before the first paint, once what `index.html` shows is there. */
  const whenParsed = (call) => {
    const watcher = new MutationObserver(() => {
      if (!document.getElementById("boot-details")) return;
      watcher.disconnect();
      call();
    });
    watcher.observe(root, { childList: true, subtree: true });
  };
  /** The endpoint that the page of a path is connected to; null where it is none or not known here. */
  const endpoint = (path) => {
    if (path === "/" || path === "/conversations") return "/ws/conversations/";
    if (path === "/customers") return "/ws/customers/";
    const chat = /^\/chat\/(\w+)$/.exec(path);
    return chat && `/ws/chat/${chat[1]}/`;
  };
  window.pilitoBoot = {
    root, stored, setting, language, texts, endpoint, asked, userOf, user: userOf(asked), session: session.then(judge), whenParsed,
  };

  // PyScript asks a database for packages, and we have none in it. Where databases are forbidden (a sandboxed frame,
  // blocked cookies) asking throws, which would end the start: there an empty one answers.
  const answer = (result) => {
    const request = {};
    queueMicrotask(() => request.onsuccess?.({ target: { result } }));
    return request;
  };
  const rows = { getAllKeys: () => answer([]), get: () => answer(), put: () => answer(), clear: () => answer() };
  const empty = { transaction: () => ({ objectStore: () => rows }), close() {} };
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...names) {
    try { return open.apply(this, names); } catch { return answer(empty); }
  };

  const problems = [];
  const hide = (text) => String(text).replace(/[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g, "[token]").replace(/token=[^&\s]+/g, "token=[token]");
  const fail = (problem) => {
    problems.push(hide(problem));
    if (root.dataset.app !== "booting") return;
    root.dataset.app = "error";
    window.pilitoEarly?.discard();
    document.getElementById("boot-text").textContent = texts.failed;
    document.getElementById("boot-reload").textContent = texts.reload;
    document.getElementById("boot-copy").textContent = texts.copy;
    document.getElementById("boot-details").textContent = problems.join("\n");
    document.getElementById("boot-actions").hidden = false;
    const build = document.querySelector('meta[name="pilito-build"]')?.content;
    navigator.serviceWorker?.controller?.postMessage({ kind: "failed", build }); // the next start is from an older build
  };
  window.pilitoBootFailed = fail;
  addEventListener("error", (event) => fail(event.message || `Could not load ${event.target?.src || event.target?.href}`), true);
  addEventListener("unhandledrejection", (event) => fail(event.reason));
  whenParsed(() => {
    document.getElementById("boot-text").textContent = texts.loading;
    document.getElementById("boot-reload").addEventListener("click", () => location.reload());
    document.getElementById("boot-copy").addEventListener("click", () => navigator.clipboard?.writeText(problems.join("\n")));
  });
  setTimeout(() => fail("Python did not start within 90 s"), 90000);
})();
