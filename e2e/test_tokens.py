"""Two real tabs of one person and the tokens that they share: every version of the backend, with locks and without."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from e2e.pair import ENDPOINTS, Pair, next_second, open_pair
from e2e.tab import CUSTOMERS, Tab
from mock_server.models import Conversation
from mock_server.profiles import PROFILES, Refusal
from mock_server.server import MockServer
from mock_server.testing.evidence import Evidence
from mock_server.testing.waiting import becomes, eventually

SARA = "sara@example.com"
DIALS = 3  # of one tab in one rotation, at most: with the dead token, once more after a doubt, with the new one


@pytest.fixture(scope="module")
def backend(new_server: Callable[..., MockServer]) -> Iterator[MockServer]:
    with new_server(conversations=30) as server:
        yield server


@pytest.fixture(scope="module", params=[True, False], ids=["locks", "no locks"])
def opened(
    request: pytest.FixtureRequest, browser: Browser, backend: MockServer, context_options: dict[str, Any]
) -> Iterator[Pair]:
    with open_pair(browser, backend, context_options, locks=request.param) as pair:
        yield pair


@pytest.fixture(params=PROFILES)
def pair(request: pytest.FixtureRequest, opened: Pair, evidence: Evidence) -> Iterator[Pair]:
    """Both tabs logged in and live, on each version of the backend in turn."""
    with evidence.borrow(opened.server, *opened.tabs):
        yield opened.begin(request.param)


def emails(pair: Pair) -> set[str]:
    """Whose sockets the server has."""
    return {connection.email for connection in pair.server.backend.hub.connections}


def comment_box(tab: Tab, conversation: Conversation) -> Locator:
    """The box for a comment on the newest AI answer, which is rated first: unrated ones have none."""
    answer = max((row for row in conversation.messages if row.type == "AI"), key=lambda row: row.created_at)
    tab.page.locator(f'[data-message-id="{answer.id}"]').get_by_role("button", name="Good answer").click()
    return tab.page.locator(f'[data-message-id="{answer.id}"]').get_by_label("Comment")


def test_a_dead_token_is_replaced_once(pair: Pair) -> None:
    """Two tabs whose token dies at the same moment make one refresh call, and nobody is logged out."""
    old = pair.first.stored("access_token")
    with pair.losing():
        if not pair.server.fault("expire", user=SARA, refresh=False):  # said on no open socket
            pair.cut()
    pair.until(lambda: pair.first.stored("access_token") not in (old, None))
    pair.live()
    assert pair.server.state()["refreshes"] == 1
    assert [tab.page.url.rpartition("/")[2] for tab in pair.tabs] == ["conversations", "customers"]


def test_a_refresh_cuts_no_open_socket(pair: Pair) -> None:
    """While one tab replaces the token, the other one's socket stays; its next dial uses the new token."""
    pair.server.fault("revoke", user=SARA, refresh=False)
    before = pair.server.endpoint(CUSTOMERS)  # a dial of the test before may have come after the reset
    pair.cut(pair.first)
    pair.live()
    assert pair.server.state()["refreshes"] == 1
    after = pair.server.endpoint(CUSTOMERS)
    assert (after["accepted"], after["closed"]) == (before["accepted"], before["closed"])
    pair.cut(pair.second)
    pair.until(lambda: pair.server.endpoint(CUSTOMERS)["accepted"] == before["accepted"] + 1)
    pair.live()
    assert pair.server.state()["refreshes"] == 1


def test_the_end_of_the_session_reaches_both_and_leads_back(pair: Pair) -> None:
    """Dead tokens show both tabs the login page, once, after one call; a login brings both back, and what was typed."""
    conversation = next(iter(pair.server.backend.store.conversations))
    chat = f"/ws/chat/{conversation}/"
    pair.go(pair.first, f"/chat/{conversation}")
    pair.until(lambda: pair.ready(pair.first, chat))
    pair.first.page.locator("#message").fill("half a thought")
    comment = comment_box(pair.first, next(iter(pair.server.backend.store.conversations.values())))
    comment.fill("half a comment")
    visited = [len(tab.visited) for tab in pair.tabs]
    pair.server.fault("revoke", user=SARA)
    pair.server.fault("close", code=1012, endpoint=chat)
    pair.until(lambda: all("/login" in tab.page.url for tab in pair.tabs))
    assert pair.server.state()["refreshes"] == 1
    assert [len(tab.visited) - before for tab, before in zip(pair.tabs, visited, strict=True)] == [1, 1]
    expect(pair.second.page.get_by_text("Your session has ended.")).to_be_visible()
    for tab in pair.tabs:
        expect(tab.page.locator("[data-connection]")).to_have_count(0)
        expect(tab.rows("customer")).to_have_count(0)
    next_second()  # or the login may bring the very token that both tabs know as dead for five seconds
    pair.first.log_in()
    pair.first.expect_path(f"/chat/{conversation}$").ready(chat)
    expect(pair.first.page.locator("#message")).to_have_value("half a thought")
    expect(comment).to_have_value("half a comment")
    pair.second.expect_path("/customers$").ready(CUSTOMERS)
    pair.first.page.locator("#message").fill("")
    pair.first.page.get_by_role("button", name="Save comment").last.click()
    kept = "Object.keys(localStorage).filter((key) => key.includes('.comment.'))"
    becomes(lambda: pair.first.page.evaluate(kept), [], "comments that are kept", page=pair.first.page)


def test_logout_reaches_both_and_revokes(pair: Pair) -> None:
    """Log out in one tab: both show the login page and nothing of the user, no socket stays, both tokens are dead."""
    access, refresh = pair.first.stored("access_token"), pair.first.stored("refresh_token")
    pair.second.store("pilito.data.1.draft.x", "secret")
    pair.first.log_out()
    for tab in pair.tabs:
        tab.expect_path("/login$")
        expect(tab.rows()).to_have_count(0)
        expect(tab.rows("customer")).to_have_count(0)
    left = pair.first.page.evaluate("Object.keys(localStorage).filter((key) => /token|pilito.(user|data)/.test(key))")
    assert left == []
    tokens = pair.server.backend.tokens
    pair.until(lambda: all(pair.server.endpoint(path)["live"] == 0 for path in ENDPOINTS))
    pair.until(lambda: tokens.user_id(str(access)) is None)
    pair.until(lambda: tokens.user_id(str(refresh), kinds=("refresh",)) is None)


def test_another_user_sees_nothing_of_the_first(pair: Pair) -> None:
    """After another user has logged in, both tabs show that user's data over sockets of theirs, and nothing is left."""
    pair.first.store("pilito.data.1.draft.x", "secret")
    pair.second.log_out()
    pair.second.expect_path("/login$").log_in("omid@example.com", "demo-omid")
    for tab in pair.tabs:
        tab.expect_path("/conversations$")
        expect(tab.page.get_by_text("3 conversations", exact=True)).to_be_visible()
        becomes(partial(tab.stored, "pilito.data.1.draft.x"), None, "what was stored for Sara")
    becomes(partial(emails, pair), {"omid@example.com"}, "who is connected")
    pair.second.log_out()
    for tab in pair.tabs:
        tab.expect_path("/login$")


def test_the_token_of_another_user_changes_the_user(pair: Pair) -> None:
    """Another user's tokens put into storage by hand close the first one's sockets, and their data is shown instead."""
    access, refresh = pair.server.issue_tokens("omid@example.com")
    pair.first.store("refresh_token", refresh)
    pair.first.store("access_token", access)
    expect(pair.second.page.get_by_text("1 customer", exact=True)).to_be_visible()
    pair.cut(pair.first)
    pair.until(lambda: emails(pair) == {"omid@example.com"})
    pair.second.log_out()
    for tab in pair.tabs:
        tab.expect_path("/login$")


def test_rubbish_leads_to_login_once(pair: Pair) -> None:
    """Rubbish in the place of both tokens: no connection is confirmed with it, one login page, and no loop."""
    confirmed = [tab.said("Connection established confirmed") for tab in pair.tabs]
    visited = [len(tab.visited) for tab in pair.tabs]
    rubbish = f"invalid for {pair.server.backend.profile.name}"  # what one test found dead is known for seconds
    pair.first.store("refresh_token", rubbish)
    pair.first.store("access_token", rubbish)
    pair.cut()
    pair.until(lambda: all("/login" in tab.page.url for tab in pair.tabs))
    assert [tab.said("Connection established confirmed") for tab in pair.tabs] == confirmed
    assert [len(tab.visited) - before for tab, before in zip(pair.tabs, visited, strict=True)] == [1, 1]
    assert pair.server.state()["refreshes"] <= 1
    assert pair.first.stored("access_token") is None


def test_rotation_after_rotation(pair: Pair) -> None:
    """Slow refreshes of revoked tokens, again and again: one call each, no logout, no loop."""
    rotations = int(os.environ.get("PILITO_ROTATIONS", "0")) or usual_rotations(pair)
    before = {path: pair.server.endpoint(path)["accepted"] for path in ENDPOINTS}
    said = pair.server.backend.profile.bad is Refusal.SAID
    for number in range(1, rotations + 1):
        pair.server.fault("slow_refresh", seconds=0.05, times=1)
        pair.server.fault("revoke", user=SARA, refresh=False)
        if said:  # and a second time within a minute of a refresh it would be final: the connections begin anew
            pair.reopen()
            pair.live()
        else:
            for path in ENDPOINTS:
                pair.server.fault("close", code=1012, endpoint=path)
            eventually(partial(all_back, pair, before, number), seconds=30)
        assert pair.server.state()["refreshes"] == number
    pair.live()
    assert pair.server.state()["logins"] == 0
    assert all("/login" not in tab.page.url for tab in pair.tabs)
    dialled = sum(pair.server.endpoint(path)["dialled"] for path in ENDPOINTS)
    assert dialled <= DIALS * len(ENDPOINTS) * (rotations + 1)


def usual_rotations(pair: Pair) -> int:
    """A hundred on the newest backend with the browser's locks; without them each dial waits for objections."""
    newest = pair.server.backend.profile.name == "current"
    return (100 if pair.locks else 10) if newest else 5


def all_back(pair: Pair, before: dict[str, int], rotations: int) -> bool:
    """Whether both tabs have dialled with a good token once for each rotation: a refused dial is not accepted."""
    counts = {path: pair.server.endpoint(path) for path in ENDPOINTS}
    return all(count["accepted"] == before[path] + rotations and count["live"] == 1 for path, count in counts.items())
