"""``python -m bench boot``: from the address to the live list, cold, warm, and in a browser that was restarted."""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page

from bench.boot_targets import targets
from bench.lab import Lab
from bench.report import Report
from bench.samples import Samples
from bench.sites import DIST, install, routes

__all__ = ["TITLE", "routes", "run"]

TITLE: Final = "Boot: from the address to the live list"
SITES: Final = {"JavaScript": "js", "PyScript": "pyscript", "MicroPython": "micropython", "ours": "ours"}
LIVE: Final = "#rows:not([data-stale]) > [data-conversation-id]"
STARTED: Final = {"micropython": "[data-bench]"}  # shows no list
UNITS: Final = {"first paint": "ms", "first line": "ms", "a list": "ms", "live list": "ms", "longest task": "ms"}
WHENS: Final = ("cold", "warm", "restarted")
LINGER: Final = 3000  # milliseconds that a page stays, so that the browser caches its compiled code


def run(lab: Lab) -> Report:
    if not (DIST / "manifest.json").is_file():
        raise SystemExit("bench boot: there is no build to measure; run make build")
    install()
    samples, rounds = Samples(), max(1, lab.repeats // 2)
    for number in range(-1, rounds):  # the first round does not count: files are compressed, and read from the disk
        order = list(SITES) if number % 2 == 0 else list(reversed(SITES))
        for name, found in _round(lab, order):
            if number >= 0:
                samples.add(name, found)
    units = {f"{what}, {when}": unit for what, unit in UNITS.items() for when in WHENS} | {"over the wire, cold": "kB"}
    manifest: dict[str, Any] = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    notes = [f"{rounds} rounds; a list is the last one that this browser has seen, or the live one"]
    return Report("boot", TITLE, units, samples, targets(samples, manifest), notes)


def _round(lab: Lab, order: list[str]) -> Iterable[tuple[str, dict[str, float]]]:
    """Every contender in a browser that knows none of them, then again, then again in a browser that is restarted."""
    with tempfile.TemporaryDirectory() as folder:
        with lab.profile(Path(folder)) as browser:
            _prepare(lab, browser)
            for name in order:
                yield name, _load(lab, browser, name, "cold")
            for name in order:
                _load(lab, browser, name, "")  # code is cached by its second use
                yield name, _load(lab, browser, name, "warm")
        with lab.profile(Path(folder)) as browser:
            _prepare(lab, browser)
            for name in order:
                yield name, _load(lab, browser, name, "restarted")


def _prepare(lab: Lab, browser: BrowserContext) -> None:
    """Give every page a session and the marks, and let the browser have started."""
    user = lab.server.backend.store.user_by_login("sara@example.com")
    assert user is not None
    access, refresh = lab.server.backend.tokens.issue(user)
    stored = json.dumps({"access_token": access, "refresh_token": refresh})
    browser.add_init_script(f"({MARKS})({stored}, {json.dumps(LIVE)})")
    page = browser.new_page()
    page.goto(f"{lab.server.url}/health/")
    page.close()


def _load(lab: Lab, browser: BrowserContext, name: str, when: str) -> dict[str, float]:
    """Open the page, wait for what it is to reach; the marks in milliseconds."""
    site = SITES[name]
    page = browser.new_page()
    page.goto(f"http://{site}.localhost:{lab.server.port}/{'conversations' if site == 'ours' else ''}")
    page.wait_for_selector(STARTED.get(site, LIVE), state="attached", timeout=60_000)
    found = _marks(page)
    if when == "cold":
        page.evaluate(f"new Promise((done) => setTimeout(done, {LINGER}))")
    page.close()
    wire = found.pop("wire")
    marks = {f"{what}, {when}": value for what, value in found.items()}
    return {**marks, "over the wire, cold": wire / 1000} if when == "cold" else marks


def _marks(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.evaluate("benchMarks()")
    return found


# Runs before the page does. `document` is there, its element is not.
MARKS: Final = """(stored, live) => {
  if (!location.hostname.endsWith(".localhost")) return;
  for (const [key, value] of Object.entries(stored)) localStorage.setItem(key, value);
  const marks = {};
  const note = (name) => { marks[name] ??= performance.now(); };
  for (const name of ["py:ready", "mpy:ready"]) document.addEventListener(name, () => note("first line"), true);
  const look = () => {
    if (document.querySelector("#rows > .row")) note("a list");
    if (document.querySelector(live)) note("live list");
  };
  const options = { childList: true, subtree: true, attributes: true, attributeFilter: ["data-stale"] };
  new MutationObserver(look).observe(document, options);
  marks["longest task"] = 0;
  const tasks = (list) => {
    for (const { duration } of list.getEntries()) marks["longest task"] = Math.max(marks["longest task"], duration);
  };
  new PerformanceObserver(tasks).observe({ type: "longtask", buffered: true });
  globalThis.benchMarks = async () => {
    await new Promise((done) => setTimeout(done, 100)); // the last task is told late
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    if (paint) marks["first paint"] = paint.startTime;
    const [line] = performance.getEntriesByName("first line");
    if (line) marks["first line"] = line.startTime;
    const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    marks.wire = loaded.reduce((total, { transferSize }) => total + transferSize, 0);
    return marks;
  };
}"""
