// Says how far the start is: the bytes of the downloads that have come, of all that it is known to fetch. The sizes are in
// the page; where it names none, the bar says that something is going on and no more.
(() => {
  const { setting, whenParsed } = window.pilitoBoot;
  const sizes = JSON.parse(setting("pilito-bytes") || "{}"); // bytes by path, as they are without compression
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const come = new Set();

  const show = () => {
    const bar = document.getElementById("boot-bar");
    if (!bar || !total) return;
    const bytes = [...come].reduce((sum, path) => sum + sizes[path], 0);
    const percent = Math.floor((100 * bytes) / total);
    bar.setAttribute("aria-valuenow", percent);
    bar.style.setProperty("--done", `${percent}%`);
  };
  const watcher = new PerformanceObserver((list) => {
    for (const { name, responseStatus = 200 } of list.getEntries()) {
      const path = new URL(name).pathname;
      if (path in sizes && responseStatus < 400) come.add(path);
    }
    show();
    if (come.size === Object.keys(sizes).length) watcher.disconnect();
  });
  watcher.observe({ type: "resource", buffered: true });
  whenParsed(show);
  delete window.pilitoBoot; // the last of the scripts: what the first one knows, the token among it, is nobody else's
})();
