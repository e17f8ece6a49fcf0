"""Five real tabs and a server that allows ten connections a minute, on one clock that is moved by hand."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from playwright.sync_api import Browser

from e2e.pair import EXPECTED
from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from mock_server.profiles import profile as profile_named
from mock_server.server import MockServer
from mock_server.testing.evidence import Evidence
from mock_server.testing.waiting import eventually

SARA = "sara@example.com"
ELSEWHERE = 8  # of the ten dials a minute, those that another device of hers has just made
BUSY = ("authenticating", "connecting", "open", "asking")  # on the page's clock time is up before the answer is there
STEP = 7.0  # seconds: a sibling's news may begin a probe in the midst of a step, and no link is given up before 3 + 5
NOTE_PROBES = """(() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (data === "") {
      globalThis.asking = true;
      for (const end of ["message", "close"]) this.addEventListener(end, () => { globalThis.asking = false; });
    }
    send.call(this, data);
  };
})()"""
LOOK = """() => {
  if (globalThis.asking) return ["asking", "", Infinity];
  const [own, ...others] = pilito.connections();
  if (!own || others.length) return ["none", "", 0];
  return [own.state, own.reason, own.state === "waiting" ? own.nextRetryAt - Date.now() / 1000 : Infinity];
}"""
HIDE = "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })"


@dataclass
class Five:
    """One tab in front and four hidden ones, on three endpoints."""

    tabs: list[Tab]
    paths: list[str]
    endpoints: list[str]
    server: MockServer
    passed: float = 0.0  # seconds, in the pages and for the server's count of dials
    reasons: set[str] = field(default_factory=set)  # why anybody was seen waiting

    def begin(self, profile: str) -> None:
        """Every tab is live on a server of this version, which counts from now on."""
        backend = self.server.backend
        backend.settings = replace(backend.settings, profile=profile_named(profile))
        self.server.reset()
        backend.gate.clock = lambda: self.passed
        self.reasons.clear()
        self.until_all_are_live(within=360)
        for counts in backend.hub.counts.values():
            counts.refused = 0
        backend.hub.totals.clear()

    def until_all_are_live(self, *, within: int) -> float:
        """Pass time while nobody dials or asks, to the next dial that is due, until every tab is connected; returns how
        many seconds it took."""
        began = self.passed

        def look() -> bool:
            found = [tab.page.evaluate(LOOK) for tab in self.tabs]
            self.reasons |= {reason for state, reason, _ in found if state == "waiting"}
            states = {state for state, _, _ in found}
            if states == {"ready"}:
                return self.live == len(self.tabs)
            if not states & set(BUSY) and self.passed - began < within:
                step = max(1.0, min(STEP, *(left for _, _, left in found)))
                self.passed += step
                self.tabs[0].pass_time(step)  # the tabs of one context have one clock
            return False

        eventually(look, seconds=90, otherwise=lambda: f"after {self.passed - began:.0f} s: {self.states()}")
        return self.passed - began

    @property
    def live(self) -> int:
        return sum(self.server.endpoint(path)["live"] for path in set(self.endpoints))

    def states(self) -> str:
        return str([tab.connections() for tab in self.tabs])


@pytest.fixture(scope="module")
def opened(browser: Browser, new_server: Callable[..., MockServer], context_options: dict[str, Any]) -> Iterator[Five]:
    with new_server(conversations=30) as server:
        conversation = list(server.backend.store.conversations)[1]
        paths = ["/conversations", "/customers", f"/chat/{conversation}", "/conversations", "/customers"]
        chat = f"/ws/chat/{conversation}/"
        context = browser.new_context(**context_options)
        context.tracing.start()
        context.add_init_script(NOTE_PROBES)
        tabs = [Tab(context.new_page(), server) for _ in paths]
        tabs[0].give_session()
        tabs[0].hold_clock()
        for tab, path in zip(tabs, paths, strict=True):
            tab.expected = [*EXPECTED]
            tab.open(path)
        for tab in tabs[1:]:
            tab.page.evaluate(HIDE)
        tabs[0].pause()
        yield Five(tabs, paths, [CONVERSATIONS, CUSTOMERS, chat, CONVERSATIONS, CUSTOMERS], server)
        context.close()


@pytest.fixture
def five(profile: str, opened: Five, evidence: Evidence) -> Iterator[Five]:
    with evidence.borrow(opened.server, *opened.tabs):
        opened.begin(profile)
        yield opened


@pytest.mark.parametrize("profile", ["guide", "hello", "current"])
def test_five_tabs_on_three_endpoints_recover_after_a_restart(five: Five) -> None:
    """With two dials left of the ten a minute, five tabs that a restart cuts off all come back, say meanwhile that they
    wait their turn, and nobody is logged out."""
    five.server.fault("rate_limit", per_minute=10)
    gate = five.server.backend.gate
    gate.dials[SARA] = deque([gate.clock()] * ELSEWHERE)
    five.tabs[0].store("pilito.dials", None)  # these tabs have not dialled for a minute, and know of no other device
    eventually(lambda: all(tab.stored("pilito.dials") is None for tab in five.tabs))
    accepted = {path: five.server.endpoint(path)["accepted"] for path in five.endpoints}
    five.server.fault("restart", seconds=0)
    eventually(lambda: five.live == 0)
    assert five.until_all_are_live(within=360) >= 55
    assert "throttled" in five.reasons
    refused = sum(five.server.endpoint(path)["refused"] for path in set(five.endpoints))
    assert 1 <= refused <= 3 * len(five.tabs)
    dials = {path: five.server.endpoint(path)["accepted"] - before for path, before in accepted.items()}
    assert dials == {path: five.endpoints.count(path) for path in five.endpoints}
    assert five.server.state()["refreshes"] == five.server.state()["logins"] == 0
    assert [tab.page.url for tab in five.tabs] == [f"{five.server.url}{path}" for path in five.paths]
    assert five.tabs[0].stored("access_token")
