"""The life of a tab in Chromium as people have it: hidden, frozen, cached, crashed, and taken over by another tab."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Playwright, Route, expect

from e2e.real_browser import executable, launched, set_frozen, store_only
from e2e.tab import CONVERSATIONS, Tab
from e2e.waiting import eventually
from mock_server.server import MockServer

OpenTab = Callable[[], Tab]


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for this file."""
    with launched(playwright, executable(playwright)) as browser:
        yield browser


@pytest.fixture
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """The browser's own window, whose tabs are closed after the test."""
    context = chromium.contexts[0]
    before = list(context.pages)
    yield context
    for page in context.pages:
        if page not in before:
            page.close()


@pytest.fixture
def open_tab(window: BrowserContext, server: MockServer, new_tab: Callable[..., Tab]) -> OpenTab:
    """Opens tabs in front of the others, all with the same session, showing the live list of conversations."""
    access, refresh = server.issue_tokens("sara@example.com")
    page = window.new_page()
    store_only(page, server.url, {"access_token": access, "refresh_token": refresh})
    page.close()

    def make() -> Tab:
        tab = new_tab(window)
        tab.tokens += [access, refresh]
        return tab.open("/conversations").ready()

    return make


def _is_hidden(tab: Tab) -> bool:
    return bool(tab.page.evaluate("document.visibilityState === 'hidden'"))


def _hide(tab: Tab) -> None:
    """Put another tab in front."""
    tab.page.context.new_page()
    eventually(lambda: _is_hidden(tab))


def _live(server: MockServer) -> int:
    return server.endpoint(CONVERSATIONS)["live"]


def _news(server: MockServer, text: str) -> None:
    """A customer writes, whether anybody is connected or not."""
    conversation = next(iter(server.backend.store.conversations.values()))
    server.push(event="customer_message", conversation=conversation.id, content=text)


def test_frozen_and_thawed_without_being_looked_at(open_tab: OpenTab, server: MockServer) -> None:
    """A hidden tab that is frozen leaves the server at once; thawed, still hidden, it is back with fresh data."""
    tab = open_tab()
    _hide(tab)
    set_frozen(tab.page, True)
    eventually(lambda: _live(server) == 0)
    _news(server, "while you were frozen")
    set_frozen(tab.page, False)
    eventually(lambda: _live(server) == 1)
    expect(tab.page.get_by_text("while you were frozen")).to_have_count(1)
    assert _is_hidden(tab)
    assert server.endpoint(CONVERSATIONS)["accepted"] == 2
    assert len(tab.connections()) == 1


def test_into_the_cache_and_out_again(open_tab: OpenTab, server: MockServer) -> None:
    """A page that is left closes its socket at once; from the back/forward cache it has one new socket, fresh data."""
    tab = open_tab()
    tab.page.evaluate("window.sameDocument = true")
    tab.page.goto(f"{server.url}/health/")
    eventually(lambda: _live(server) == 0)
    _news(server, "while you were away")
    tab.page.evaluate("history.back()")
    eventually(lambda: _live(server) == 1)
    tab.expect_path("/conversations$")  # the page may dial before Playwright knows that it is back
    assert tab.page.evaluate("window.sameDocument") is True
    expect(tab.page.get_by_text("while you were away")).to_have_count(1)
    tab.ready()
    assert server.endpoint(CONVERSATIONS)["accepted"] == 2


def test_a_throttled_tab_connects_and_hurries_when_it_is_looked_at(open_tab: OpenTab, server: MockServer) -> None:
    """A hidden tab, whose timers are throttled, still dials; coming to the front it does not wait for a long delay."""
    tab = open_tab()
    _hide(tab)
    took = tab.page.evaluate(
        "new Promise(done => { const start = performance.now();"
        "setTimeout(() => setTimeout(() => done(performance.now() - start), 10), 10); })"
    )
    assert took > 800, "the browser did not throttle the timers of a hidden tab"
    for dialled in (1, 2, 3):
        eventually(partial(_has_dialled, server, dialled))
        tab.ready()
        server.fault("close", code=1012, endpoint=CONVERSATIONS)
    tab.expect_state("waiting")
    due = tab.connections()[0]["nextRetryAt"]
    tab.page.bring_to_front()
    eventually(partial(_has_dialled, server, 4))
    assert tab.page.evaluate("Date.now() / 1000") < due
    tab.ready()


def _has_dialled(server: MockServer, times: int) -> bool:
    return server.endpoint(CONVERSATIONS)["accepted"] == times


def test_a_crashed_tab_leaves_and_a_new_one_connects(open_tab: OpenTab, server: MockServer) -> None:
    """When a tab crashes the server sees it leave; opened again, there is one connection."""
    tab = open_tab()
    with pytest.raises(Error):
        tab.page.goto("chrome://crash")
    eventually(lambda: _live(server) == 0)
    open_tab()
    counts = server.endpoint(CONVERSATIONS)
    assert (counts["live"], counts["accepted"], counts["closed"]) == (1, 2, 1)


@pytest.mark.parametrize("profile", ["kick"])
def test_two_tabs_do_not_fight_over_one_place(open_tab: OpenTab, server: MockServer) -> None:
    """Where the server allows one tab, the one in front has it; after a second kick only the user takes it back."""
    first = open_tab()
    second = open_tab()
    first.expect_state("suspended", reason="replaced")
    assert server.endpoint(CONVERSATIONS)["accepted"] == 2
    first.page.bring_to_front()
    first.ready()
    second.expect_state("suspended", reason="replaced")
    second.page.bring_to_front()
    second.ready()
    first.expect_state("suspended", reason="replaced")
    first.page.bring_to_front()
    eventually(lambda: not _is_hidden(first))
    first.expect_state("suspended", reason="replaced")
    assert server.endpoint(CONVERSATIONS)["accepted"] == 4
    first.page.get_by_role("button", name="Use here").click()
    first.ready()
    eventually(lambda: _live(server) == 1)  # the other one's goodbye takes its time


def _sandboxed(route: Route) -> None:
    """Serve the page as in a frame with ``sandbox="allow-scripts allow-forms"``, whose origin is nobody's.

    Its own policy would have to name the server for sockets: to nobody's origin ``'self'`` is none.
    """
    answer = route.fetch()
    headers = {**answer.headers, "access-control-allow-origin": "*"}
    if "content-security-policy" in headers:
        headers["content-security-policy"] = "sandbox allow-scripts allow-forms"
    route.fulfill(response=answer, headers=headers)


def test_a_sandboxed_page_works_alone(window: BrowserContext, server: MockServer, new_tab: Callable[..., Tab]) -> None:
    """Without an origin there is no storage and no lock: the user logs in, and the list is live in this tab."""
    tab = new_tab(window)
    tab.page.route("**/*", _sandboxed)
    tab.open("/conversations")
    assert tab.page.evaluate("self.origin") == "null"
    tab.expect_path("/login")
    tab.log_in().ready()
    expect(tab.rows().first).to_be_visible()
    server.fault("close", code=1012, endpoint=CONVERSATIONS)
    eventually(lambda: server.endpoint(CONVERSATIONS)["accepted"] == 2)
    tab.ready()
    tab.page.goto("about:blank")  # a page that is gone fetches nothing more in its own time
    tab.page.unroute_all(behavior="ignoreErrors")
