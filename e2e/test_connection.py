"""The connection as the reconnect guide asks for it: one socket, confirmed, counted on the server."""

import re
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import expect

from e2e.steady import Steady
from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from e2e.waiting import eventually
from mock_server.server import MockServer

BOTH = pytest.mark.parametrize("profile", ["guide", "current"])


@pytest.fixture
def server(steady: Steady) -> MockServer:
    return steady.server


@pytest.fixture
def inbox(steady: Steady) -> Tab:
    """The tab that stays open, with the live list of conversations."""
    steady.conversations()
    return steady.tab


@BOTH
def test_one_socket_for_each_endpoint(inbox: Tab, server: MockServer) -> None:
    """A page opens exactly one socket to its endpoint, and the inspector shows it."""
    assert server.endpoint(CONVERSATIONS)["accepted"] == 1
    (row,) = inbox.connections()
    assert (row["endpoint"], row["state"], row["attempts"]) == (CONVERSATIONS, "ready", 0)


@BOTH
def test_moving_between_pages_leaves_nothing_behind(inbox: Tab, server: MockServer) -> None:
    """Only the endpoint of the page in view is connected; groups and presence are cleared on the server."""
    inbox.rows().first.locator("a").click()
    inbox.expect_path(r"/chat/\w+$")
    chat = f"/ws{inbox.page.url.removeprefix(server.url)}/"
    inbox.ready(chat)
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 0)
    inbox.page.get_by_role("link", name="Customers").click()
    inbox.ready(CUSTOMERS)
    eventually(lambda: server.endpoint(chat)["live"] == 0)
    assert server.state()["presence"] == {}
    assert list(server.state()["groups"]) == ["user_1_customers"]
    assert [row["endpoint"] for row in inbox.connections()] == [CUSTOMERS]
    expect(inbox.page.locator("[data-connection]")).to_have_count(1)


def test_the_console_tells_the_story(inbox: Tab) -> None:
    """The console shows connecting, connected, confirmed and received, in this order and without a token."""
    eventually(lambda: inbox.said("Received message: conversations_list") > 0, page=inbox.page)
    story = [
        line for line in inbox.console if re.match(r"(Connecting to|WebSocket connected|Connection est|Received)", line)
    ]
    starts = [
        "Connecting to WebSocket: ws://",
        "WebSocket connected: ws://",
        "Connection established confirmed: ",
        "Received message: conversations_list",
    ]
    for line, start in zip(story, starts, strict=False):
        assert line.startswith(start)
    assert inbox.said("Already") == 0


def test_three_tabs_have_one_connection_each(new_tab: Callable[..., Tab], server: MockServer) -> None:
    """Three tabs of one user are three connections on the server, and stay three."""
    first = new_tab().give_session()
    tabs = [first, new_tab(), new_tab()]
    for tab in tabs:
        tab.open().ready()
    assert server.endpoint(CONVERSATIONS)["live"] == 3
    assert server.endpoint(CONVERSATIONS)["accepted"] == 3


def test_a_closed_tab_is_gone_and_a_new_one_connects_once(new_tab: Callable[..., Tab], server: MockServer) -> None:
    """The server sees a closed tab leave; opened again, it has one connection."""
    tab = new_tab().give_session().open().ready()
    tab.page.close()
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 0)
    new_tab().open().ready()
    assert server.endpoint(CONVERSATIONS)["live"] == 1
    assert server.endpoint(CONVERSATIONS)["accepted"] == 2


@BOTH
def test_becoming_visible_asks_for_fresh_data(inbox: Tab, server: MockServer) -> None:
    """A tab that comes to the front asks again in its endpoint's own words, over the same socket."""
    before = inbox.sent("refresh_conversations")
    inbox.becomes_visible()
    eventually(lambda: inbox.sent("refresh_conversations") == before + 1, page=inbox.page)
    assert server.endpoint(CONVERSATIONS)["accepted"] == 1


def test_a_second_kick_is_not_fought(inbox: Tab, server: MockServer) -> None:
    """Closed with 1000 by the server, the page says that another tab took over, and only the user connects again."""
    server.fault("close", code=1000, endpoint=CONVERSATIONS)
    inbox.expect_state("suspended", reason="replaced")
    inbox.becomes_visible()
    inbox.ready()
    server.fault("close", code=1000, endpoint=CONVERSATIONS)
    inbox.expect_state("suspended", reason="replaced")
    inbox.becomes_visible()
    assert server.endpoint(CONVERSATIONS)["accepted"] == 2
    inbox.page.get_by_role("button", name="Use here").click()
    inbox.ready()
    assert server.endpoint(CONVERSATIONS)["accepted"] == 3


def test_final_codes_end_it(inbox: Tab, server: MockServer) -> None:
    """A close that forbids or refuses is shown, nothing dials afterwards, and the user may ask for one more try."""
    for dialled, (code, reason) in enumerate(
        [(1008, "forbidden"), (4403, "forbidden"), (4400, "refused"), (1009, "refused")], 1
    ):
        server.fault("close", code=code, endpoint=CONVERSATIONS)
        inbox.expect_state("closed", reason=reason)
        assert server.endpoint(CONVERSATIONS)["accepted"] == dialled
        inbox.page.get_by_role("button", name="Retry now").click()
        inbox.ready()


STRANGE = ["{broken", "42", "[]", "null", '"text"', "{}", '{"type": "no_such_type"}', '{"type": 7}', "[" * 50_000]


def test_strange_frames_are_survived(inbox: Tab, server: MockServer) -> None:
    """Malformed, bare, typeless, unknown and absurdly nested frames are reported, and the connection lives."""
    for frame in STRANGE:
        server.push(endpoint=CONVERSATIONS, frame=frame)
    server.push(endpoint=CONVERSATIONS, frame={"type": "conversations_list", "conversations": None, "filters": 3})
    eventually(lambda: inbox.said("Received message: no_such_type") == 1, page=inbox.page)
    inbox.becomes_visible()
    eventually(lambda: inbox.sent("refresh_conversations") == 1, page=inbox.page)
    inbox.ready()
    assert server.endpoint(CONVERSATIONS)["accepted"] == 1


def test_ten_megabytes_are_survived(inbox: Tab, server: MockServer) -> None:
    """A frame of ten million characters is reported and dropped."""
    server.push(endpoint=CONVERSATIONS, frame='{"type": "x", "y": "' + "a" * 10_000_000 + '"}')
    eventually(lambda: inbox.said("over the limit") == 1, page=inbox.page)
    inbox.ready()


def test_server_frames_are_no_lifecycle_events(inbox: Tab, server: MockServer) -> None:
    """A server frame named like a lifecycle event changes neither the state nor the page."""
    for name in ("error", "connected", "disconnected", "auth_error", "max_reconnect_reached"):
        server.push(endpoint=CONVERSATIONS, frame={"type": name, "message": "from the server"})
        eventually(partial(_received, inbox, name), page=inbox.page)
    inbox.ready()
    inbox.expect_path("/conversations$")
    assert inbox.connections()[0]["generation"] == 1


def _received(tab: Tab, name: str) -> bool:
    return tab.said(f"Received message: {name}") == 1
