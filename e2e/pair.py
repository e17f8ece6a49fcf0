"""Two tabs of one person that stay open for many tests, against a server that changes its version under them.

Starting Python is what a browser test costs. These tests need real tabs, but not fresh ones: between two of them the
server is reset, and the tabs log in again where they have to.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from playwright.sync_api import Browser

from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from mock_server.profiles import profile as profile_named
from mock_server.server import MockServer
from mock_server.testing.waiting import eventually

ENDPOINTS = (CONVERSATIONS, CUSTOMERS)
EXPECTED = [r"Failed to load resource", r"WebSocket connection to .* failed"]
WITHOUT_LOCKS = "delete Navigator.prototype.locks"
CLOSED = "WebSocket closed:"  # what a page says once for each socket that it had
_UP = "path => pilito.connections().some((one) => one.endpoint === path && one.state === 'ready')"
HURRY = """new MutationObserver(() => {
  const button = document.querySelector('[data-state=waiting] [data-retry]');
  if (button) { localStorage.removeItem('pilito.dials'); button.click(); }
}).observe(document, { subtree: true, childList: true, attributes: true });"""
"""Each page presses "Retry now" the moment that it is offered, whatever its allowance: nobody waits for back-off, which
others test."""


class Pair:
    """One tab on the conversations, one on the customers, so that no version lets them kick each other."""

    def __init__(self, tabs: list[Tab], server: MockServer, *, locks: bool) -> None:
        self.tabs, self.server, self.locks = tabs, server, locks
        self.first, self.second = tabs

    def begin(self, profile: str) -> "Pair":
        """Both tabs logged in as Sara and live, on a server of this version that has counted nothing yet."""
        self.server.backend.settings = replace(self.server.backend.settings, profile=profile_named(profile))
        for tab in self.tabs:
            tab.expected = [*EXPECTED]
            tab.console.clear()
            tab.console_errors.clear()
        self.server.reset()
        if self.first.stored("access_token") is None:
            next_second()
            self.first.log_in()
            eventually(lambda: self.first.stored("access_token") is not None)
        self.first.front()
        self.reopen()  # the connections of the test before, and what they remember of it, are gone
        self.live()
        self.server.backend.hub.totals.clear()
        return self

    def go(self, tab: Tab, path: str) -> None:
        """What a click on a link to ``path`` does."""
        click = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
        tab.page.evaluate(click, path)

    def live(self) -> None:
        """Wait until both are connected. After what costs a tab its connection this is true still, until the tab has
        noticed: see :meth:`losing`."""
        self.until(lambda: all(self.ready(tab, path) for tab, path in zip(self.tabs, ENDPOINTS, strict=True)))

    def ready(self, tab: Tab, path: str) -> bool:
        return self.server.endpoint(path)["live"] == 1 and self._up(tab, path)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what needs dials."""
        eventually(holds, page=self.first.page, seconds=30)

    def reopen(self) -> None:
        """Both tabs leave their page and come back to it: their connections begin anew, and remember nothing."""
        for tab in self.tabs:
            self.go(tab, "/nowhere")
        eventually(lambda: not self.server.backend.hub.connections)
        self.go(self.first, "/conversations")
        self.go(self.second, "/customers")

    def cut(self, *tabs: Tab) -> None:
        """The server restarts under these tabs, under both where none is named; returns once they have noticed."""
        with self.losing(*tabs):
            for tab, path in zip(self.tabs, ENDPOINTS, strict=True):
                if not tabs or tab in tabs:
                    self.server.fault("close", code=1012, endpoint=path)

    @contextmanager
    def losing(self, *tabs: Tab) -> Iterator[None]:
        """What is done inside costs these tabs, both where none is named, the connections that they have now; the block
        ends once each of them has noticed."""
        losers = [(tab, path) for tab, path in zip(self.tabs, ENDPOINTS, strict=True) if not tabs or tab in tabs]
        assert all(self._up(tab, path) for tab, path in losers), "there is no connection to lose: call live() first"
        closed = [(tab, tab.said(CLOSED)) for tab, _ in losers]  # a state could be over before it is looked at
        yield
        for tab, before in closed:
            eventually(partial(self._has_noticed, tab, before), page=tab.page, seconds=30)

    def _has_noticed(self, tab: Tab, before: int) -> bool:
        return tab.said(CLOSED) > before

    def _up(self, tab: Tab, path: str) -> bool:
        return bool(tab.page.evaluate(_UP, path))


def next_second() -> None:
    """Wait until the clock shows another second: within one the backend issues the very same tokens again."""
    began = int(time.time())
    eventually(lambda: int(time.time()) > began)


@contextmanager
def open_pair(browser: Browser, server: MockServer, options: dict[str, Any], *, locks: bool) -> Iterator[Pair]:
    """Start Python in two tabs of one context."""
    context = browser.new_context(**options)
    context.tracing.start()
    context.add_init_script(HURRY)
    if not locks:
        context.add_init_script(WITHOUT_LOCKS)
    tabs = [Tab(context.new_page(), server) for _ in range(2)]
    tabs[0].give_session()
    for tab, path in zip(tabs, ("/conversations", "/customers"), strict=True):
        tab.open(path)
    assert tabs[0].page.evaluate("'locks' in navigator") is locks
    yield Pair(tabs, server, locks=locks)
    context.close()
