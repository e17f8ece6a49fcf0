"""The page's first socket, dialled before Python is there: one, in order, and never left behind."""

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.held import HeldPython
from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from e2e.waiting import eventually
from mock_server.profiles import PROFILES
from mock_server.server import MockServer


def start_held(tab: Tab, path: str = "/conversations") -> HeldPython:
    """A page with a session, and Python held back."""
    held = HeldPython(tab.page)
    tab.give_session().page.goto(f"{tab.server.url}{path}")
    return held.booting()


def dials(tab: Tab) -> list[float]:
    """The ledger that all tabs share."""
    found: list[float] = json.loads(tab.stored("pilito.dials") or "[]")
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_it_is_open_before_python_and_the_only_one(tab: Tab, server: MockServer, profile: str) -> None:
    """The list is connected while Python is held back, over the socket that Python then goes on with."""
    held = start_held(tab)
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 1, page=tab.page)
    assert tab.said("Connecting to WebSocket") == 0
    held.booting().release()
    tab.wait_ready().ready()
    expect(tab.rows()).to_have_count(20)
    assert server.endpoint(CONVERSATIONS)["accepted"] == 1
    assert tab.sockets == [CONVERSATIONS]
    assert tab.said("Connecting to WebSocket") == tab.said("WebSocket connected: ") == 1
    assert len(dials(tab)) == 1


def test_what_arrives_before_python_is_handled_in_its_order(tab: Tab, server: MockServer) -> None:
    """Of five versions of one message the last one is shown, and none is lost."""
    conversation = list(server.backend.store.conversations.values())[1]
    endpoint = f"/ws/chat/{conversation.id}/"
    held = start_held(tab, f"/chat/{conversation.id}")
    eventually(lambda: server.endpoint(endpoint)["live"] == 1, page=tab.page)
    message: dict[str, Any] = {"id": "versions", "type": "customer", "created_at": "2030-01-01T00:00:00Z"}
    for version in range(1, 6):
        frame = {"type": "chat_message", "message": {**message, "content": f"version {version}"}}
        server.push(endpoint=endpoint, frame=frame)
    tab.expect_frames("received", "chat_message", 5)
    held.booting().release()
    tab.wait_ready().ready(endpoint)
    expect(tab.page.locator('[data-message-id="versions"] .text')).to_have_text("version 5")
    assert server.endpoint(endpoint)["accepted"] == 1


def test_a_close_before_python_is_told_as_one(tab: Tab, server: MockServer) -> None:
    """The page says that the connection was lost and tries again; it does not take a dead socket for a live one."""
    held = start_held(tab, "/customers")
    eventually(lambda: server.endpoint(CUSTOMERS)["live"] == 1, page=tab.page)
    tab.expect_frames("received", "customers_list", 1)
    server.fault("close", code=1012, endpoint=CUSTOMERS)
    eventually(lambda: server.endpoint(CUSTOMERS)["live"] == 0, page=tab.page)
    held.booting().release()
    tab.wait_ready().expect_said("Scheduling reconnect attempt 1 in")
    tab.ready(CUSTOMERS)
    assert tab.said("WebSocket connected: ") == server.endpoint(CUSTOMERS)["accepted"] == 2
    assert len(dials(tab)) == 2


def test_no_socket_is_left_when_python_does_not_come(tab: Tab, server: MockServer) -> None:
    """With the failure page there is no connection."""
    start_held(tab)
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 1, page=tab.page)
    tab.page.evaluate("pilitoBootFailed('no Python today')")
    expect(tab.page.get_by_text("Pilito could not start.")).to_be_visible()
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 0, page=tab.page)
    assert server.endpoint(CONVERSATIONS)["accepted"] == 1


def test_a_socket_of_another_token_is_closed_and_not_used(tab: Tab, server: MockServer) -> None:
    """Should the token change before Python is there, the page dials with the new one, and the old socket goes."""
    held = start_held(tab)
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 1, page=tab.page)
    fresh = server.issue_tokens("omid@example.com")
    tab.tokens += fresh
    tab.store("refresh_token", fresh[1])
    tab.store("access_token", fresh[0])
    held.booting().release()
    tab.wait_ready().ready()
    expect(tab.page.get_by_text("6 conversations", exact=True)).to_be_visible()
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 1, page=tab.page)
    assert server.endpoint(CONVERSATIONS)["accepted"] == 2


def test_without_a_session_nothing_is_dialled(tab: Tab, server: MockServer) -> None:
    """A token that the server knows nobody for opens no socket, whether Python is there or not."""
    held = HeldPython(tab.page)
    tab.page.context.add_init_script("localStorage.setItem('access_token', 'aaaaaaaa.e30.bbbbbbbb')")
    tab.page.goto(f"{server.url}/conversations")
    eventually(lambda: server.state()["status_calls"] == 1, page=tab.page)
    held.booting().release()
    tab.wait_ready().expect_path("/login")
    assert server.state()["endpoints"] == {}


def test_a_page_that_is_never_painted_starts_all_the_same(tab: Tab) -> None:
    """PyScript begins behind the first frame, and without one where none comes, as in a tab in the background."""
    tab.page.add_init_script("window.requestAnimationFrame = () => 0")
    tab.give_session().open("/conversations").ready()
    expect(tab.rows().first).to_be_visible()
