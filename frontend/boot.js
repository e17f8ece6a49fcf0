// Runs before the first paint and before Python: theme, language, the session question, and a page for when all fails.
(() => {
  const root = document.documentElement;
  const stored = (key) => {
    try { return localStorage.getItem(key); } catch { return null; }
  };
  const texts = {
    en: { loading: "Loading…", failed: "Pilito could not start.", reload: "Reload", copy: "Copy details" },
    fa: { loading: "در حال بارگذاری…", failed: "پیلیتو اجرا نشد.", reload: "بارگذاری دوباره", copy: "رونوشت جزئیات" },
  };
  const language = stored("pilito.language") === "fa" ? "fa" : "en";
  root.lang = language;
  root.dir = language === "fa" ? "rtl" : "ltr";
  const theme = stored("pilito.theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  const asked = stored("access_token");
  if (asked) {
    const backend = document.querySelector('meta[name="pilito-backend"]').content;
    const session = fetch(`${backend}/api/v1/usr/auth/status`, {
      headers: { Authorization: `Bearer ${asked}` }, credentials: "omit", cache: "no-store",
      signal: AbortSignal.timeout(10000),
    }).then(async (answer) => JSON.stringify({ status: answer.status, body: await answer.text() })).catch(() => null);
    window.pilitoSession = async (token) => (token === asked ? session : null);
  }

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
    const text = texts[language];
    document.getElementById("boot-text").textContent = text.failed;
    document.getElementById("boot-reload").textContent = text.reload;
    document.getElementById("boot-copy").textContent = text.copy;
    document.getElementById("boot-details").textContent = problems.join("\n");
    document.getElementById("boot-actions").hidden = false;
    const build = document.querySelector('meta[name="pilito-build"]')?.content;
    navigator.serviceWorker?.controller?.postMessage({ kind: "failed", build }); // the next start is from an older build
  };
  window.pilitoBootFailed = fail;
  addEventListener("error", (event) => fail(event.message || `Could not load ${event.target?.src || event.target?.href}`), true);
  addEventListener("unhandledrejection", (event) => fail(event.reason));
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("boot-text").textContent = texts[language].loading;
    document.getElementById("boot-reload").addEventListener("click", () => location.reload());
    document.getElementById("boot-copy").addEventListener("click", () => navigator.clipboard?.writeText(problems.join("\n")));
  });
  setTimeout(() => fail("Python did not start within 90 s"), 90000);
})();
