"""A long day in one tab, in minutes: reconnects and page changes by the thousand, and what the tab holds on the way."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession

from e2e.tab import CONVERSATIONS, Tab
from e2e.waiting import eventually
from mock_server.server import MockServer

PATHS = ("/customers", "/conversations", "/chat/{id}")
QUIET = 5  # looks that find the same
STEP = 500  # reconnects, or five times as many as page changes, between two samples

HURRY = """() => {
  const press = () => document.querySelector('[data-state="waiting"] [data-retry]')?.click();
  window.hurry = new MutationObserver(press);
  window.hurry.observe(document.getElementById("shell"), { subtree: true, childList: true, attributes: true });
}"""
"""The user's finger on "Retry now", so that nobody waits for a delay."""

GLANCE_AWAY = """() => {
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  delete document.visibilityState;
}"""
"""A page that is hidden keeps the picture of its rows at once; otherwise its timer is there for up to 15 s."""

VISIT = """async (paths) => {
  const ready = () => document.querySelector('#connections [data-state="ready"]')?.dataset.connection;
  for (const path of paths) {
    history.pushState(null, "", path);
    dispatchEvent(new PopStateEvent("popstate"));
    const end = path.split("/").pop();
    while (!ready()?.includes(end)) await new Promise((done) => setTimeout(done, 5));
  }
}"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the tab holds after ``done`` reconnects or page changes. ``heap`` and ``wasm`` are bytes."""

    done: int
    sockets: int
    timers: int
    tasks: int
    proxies: int
    listeners: int
    pyproxies: int
    dom_listeners: int
    nodes: int
    objects: int
    wasm: int
    heap: int


class Soak:
    """Drives one tab that shows the live list of conversations."""

    def __init__(self, tab: Tab, server: MockServer) -> None:
        self._tab, self._server = tab, server
        self._looks: list[dict[str, int]] = []
        self._devtools: CDPSession = tab.page.context.new_cdp_session(tab.page)
        self._devtools.send("Performance.enable")
        tab.page.evaluate("pilito.countProxies()")

    def reconnects(self, count: int, step: int = STEP) -> Iterator[Sample]:
        """Lose the connection ``count`` times, as soon as it is up; a sample, connected, after every ``step``."""
        self._tab.page.evaluate(HURRY)
        self._go("/conversations")
        yield self._sample(0)
        for done in range(step, count + 1, step):
            target = self._accepted() + step
            self._server.fault("close", code=1012, endpoint=CONVERSATIONS, times=1)
            if step > 1:
                self._server.fault("close", code=1012, endpoint=CONVERSATIONS, times=step - 1, after=0.01)
            eventually(self._has_accepted(target), page=self._tab.page, seconds=900)
            yield self._sample(done)
        self._tab.page.evaluate("window.hurry.disconnect()")

    def page_changes(self, count: int, step: int = STEP // 5) -> Iterator[Sample]:
        """Go from page to page ``count`` times; a sample, on the list of conversations, after every ``step``."""
        identity = next(iter(self._server.backend.store.conversations))
        paths = [PATHS[number % len(PATHS)].format(id=identity) for number in range(step)]
        self._go("/conversations")
        yield self._sample(0)
        for done in range(step, count + 1, step):
            self._tab.page.evaluate(VISIT, paths)
            self._go("/conversations")
            yield self._sample(done)

    def _is_settled(self) -> bool:
        """A tab that has just connected has the timers UPTIME and IDLE, and the session's own; what comes in then is
        handled once several looks have found the same."""
        self._tab.page.evaluate(GLANCE_AWAY)
        self._looks.append(self._tab.resources())
        last = self._looks[-QUIET:]
        return last[0]["tasks"] == 0 and last[0]["timers"] == 3 and last == [last[0]] * QUIET

    def _go(self, path: str) -> None:
        self._tab.page.evaluate(VISIT, [path])

    def _accepted(self) -> int:
        return self._server.endpoint(CONVERSATIONS)["accepted"]

    def _has_accepted(self, target: int) -> Callable[[], bool]:
        return lambda: self._accepted() >= target

    def _sample(self, done: int) -> Sample:
        self._tab.ready()
        self._looks.clear()
        with contextlib.suppress(AssertionError):  # what never settles is to be seen in the sample
            eventually(self._is_settled, page=self._tab.page, seconds=15)
        self._tab.frames[:] = [frame for frame in self._tab.frames if frame["direction"] in ("opened", "closed")]
        self._devtools.send("HeapProfiler.collectGarbage")
        held = self._looks[-1]
        metrics: Any = self._devtools.send("Performance.getMetrics")["metrics"]
        found = {metric["name"]: int(metric["value"]) for metric in metrics}
        return Sample(
            done=done,
            heap=found["JSHeapUsedSize"],
            nodes=found["Nodes"],
            dom_listeners=found["JSEventListeners"],
            **held,
        )
