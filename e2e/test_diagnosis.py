"""Why a socket never opened: five answers, in the words and with the wait of each, on every version of the backend."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from e2e.pair import next_second
from e2e.tab import CONVERSATIONS, Tab
from mock_server.profiles import PROFILES
from mock_server.profiles import profile as profile_named
from mock_server.server import MockServer
from mock_server.testing.evidence import Evidence
from mock_server.testing.waiting import eventually

SARA = "sara@example.com"
STATUS = "/api/v1/usr/auth/status"


@pytest.fixture(scope="module")
def opened(browser: Browser, new_server: Callable[..., MockServer], context_options: dict[str, Any]) -> Iterator[Tab]:
    """One tab for all tests, whose clock is moved by hand: Python is started once."""
    with new_server(conversations=30) as server:
        context = browser.new_context(**context_options)
        context.tracing.start()
        tab = Tab(context.new_page(), server)
        tab.hold_clock()
        tab.give_session().open().ready()
        tab.pause()
        yield tab
        context.close()


@pytest.fixture(params=PROFILES)
def tab(request: pytest.FixtureRequest, opened: Tab, evidence: Evidence) -> Iterator[Tab]:
    """Logged in and live, on each version of the backend in turn."""
    server = opened.server
    server.backend.settings = replace(server.backend.settings, profile=profile_named(request.param))
    server.reset()
    with evidence.borrow(server, opened):
        opened.expected = [r"Failed to load resource", r"WebSocket connection to .* failed"]
        opened.console.clear()
        opened.console_errors.clear()
        opened.store("pilito.dials", None)
        if opened.stored("access_token") is None:
            next_second()
            opened.log_in()
        go(opened, "/nowhere")
        go(opened, "/conversations")
        pass_time_until(opened, lambda: opened.connection().get_attribute("data-state") == "ready", within=90)
        eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 1)
        server.backend.hub.totals.clear()
        yield opened


def go(tab: Tab, path: str) -> None:
    """What a click on a link to ``path`` does."""
    click = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
    tab.page.evaluate(click, path)
    tab.pass_time(0.2)


def pass_time_until(tab: Tab, holds: Callable[[], bool], *, within: int) -> None:
    """Let time pass in the page, half a second at a time, until something holds, but none while a dial is under way:
    its time-outs would come before its answer."""
    left = [2 * within]

    def look() -> bool:
        if holds():
            return True
        dials = any(row["state"] in ("authenticating", "connecting", "open") for row in tab.connections())
        if left[0] and not dials:
            left[0] -= 1
            tab.pass_time(0.5)
        return False

    eventually(look, page=tab.page, seconds=20, otherwise=lambda: tab.page.locator("#connections").inner_text())


def expect_wait(
    tab: Tab, reason: str, words: str, seconds: tuple[float, float], *, endpoint: str = CONVERSATIONS
) -> None:
    """Wait until the page waits for this reason; then it says so, and counts down from so many seconds."""
    badge = tab.connection(endpoint)
    pass_time_until(tab, lambda: badge.get_attribute("data-reason") == reason, within=40)
    expect(badge.get_by_role("status")).to_have_text(words)
    row = next(row for row in tab.connections() if row["endpoint"] == endpoint)
    left = row["nextRetryAt"] - tab.page.evaluate("Date.now() / 1000")
    assert (row["state"], seconds[0] <= left <= seconds[1]) == ("waiting", True), left


def expect_session(tab: Tab, path: str = "/conversations") -> None:
    tab.expect_path(f"{path}$")
    assert tab.stored("access_token")
    assert tab.server.state()["refreshes"] == tab.server.state()["logins"] == 0


def test_not_authenticated(tab: Tab) -> None:
    """Dead tokens: one refresh in vain, then the login page, which says that the session has ended."""
    tab.server.fault("revoke", user=SARA)
    tab.server.fault("close", code=1012, endpoint=CONVERSATIONS)
    pass_time_until(tab, lambda: "/login" in tab.page.url, within=40)
    expect(tab.page.get_by_text("Your session has ended.")).to_be_visible()
    assert tab.page.url.endswith("/login?next=%2Fconversations")
    assert tab.server.state()["refreshes"] == 1
    assert tab.stored("access_token") is None


def test_throttled(tab: Tab) -> None:
    """The allowance is used up: the page waits its turn for about a minute, and nobody is logged out."""
    tab.server.fault("rate_limit", per_minute=1)
    tab.server.fault("close", code=1012, endpoint=CONVERSATIONS)
    expect_wait(tab, "throttled", "Waiting its turn", (40, 75))
    tab.pass_time(9)
    expect(tab.page.locator("#banner")).to_contain_text("waiting its turn")
    expect_session(tab)


def test_a_conversation_of_somebody_else(tab: Tab) -> None:
    """A conversation that is not ours cannot be opened; where nothing says so, it is tried again in two minutes."""
    store = tab.server.backend.store
    foreign = next(row.id for row in store.conversations.values() if row.owner.email != SARA)
    go(tab, f"/chat/{foreign}")
    chat = f"/ws/chat/{foreign}/"
    if tab.server.backend.profile.says_denied:
        pass_time_until(tab, lambda: tab.connection(chat).get_attribute("data-state") == "closed", within=10)
        expect(tab.connection(chat).get_by_role("status")).to_have_text("No access")
    else:
        expect_wait(tab, "refused", "Cannot be opened", (90, 150), endpoint=chat)
    expect_session(tab, f"/chat/{foreign}")


def test_server_in_trouble(tab: Tab) -> None:
    """The server answers with errors of its own: it is left alone for ten seconds, and nobody is logged out."""
    tab.server.fault("refuse", status=503, endpoint=STATUS)
    tab.server.fault("refuse", status=502, endpoint=CONVERSATIONS)
    tab.server.fault("close", code=1012, endpoint=CONVERSATIONS)
    expect_wait(tab, "server", "Server in trouble", (8, 14))
    expect_session(tab)


def test_offline(tab: Tab) -> None:
    """No answer at all: the page says that it is offline, and dials as soon as the network is back."""
    tab.goes_offline()
    tab.server.fault("abort", endpoint=CONVERSATIONS)
    expect_wait(tab, "offline", "Offline", (0.5, 20))
    tab.page.context.set_offline(False)
    pass_time_until(tab, lambda: tab.connection().get_attribute("data-state") == "ready", within=3)
    expect_session(tab)


@pytest.mark.parametrize("tab", ["current"], indirect=True)
def test_a_hidden_tab_waits_its_turn_until_it_is_looked_at(tab: Tab) -> None:
    """With seven dials in the last minute the other three are left to the tab that is looked at: a hidden one waits,
    news of the network does not change that, and shown it dials at once."""
    hide = "hidden => Object.defineProperty(document, 'visibilityState', { value: hidden, configurable: true })"
    dialled = tab.server.endpoint(CONVERSATIONS)["dialled"]
    tab.page.evaluate(hide, "hidden")
    tab.page.evaluate("localStorage.setItem('pilito.dials', JSON.stringify(Array(7).fill(Date.now() / 1000)))")
    tab.server.fault("close", code=1012, endpoint=CONVERSATIONS)
    expect_wait(tab, "queued", "Waiting its turn", (40, 75))
    tab.page.evaluate("dispatchEvent(new Event('online'))")
    expect_wait(tab, "queued", "Waiting its turn", (40, 75))
    assert tab.server.endpoint(CONVERSATIONS)["dialled"] == dialled
    tab.page.evaluate(hide, "visible")
    tab.becomes_visible()
    tab.ready()
    assert tab.server.endpoint(CONVERSATIONS)["dialled"] == dialled + 1
