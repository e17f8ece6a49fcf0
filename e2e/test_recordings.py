"""The pages driven by what the real backend sent: ``../shared/transcripts``."""

import json

import pytest
from playwright.sync_api import expect

from e2e.recordings import frames
from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from mock_server.server import MockServer


@pytest.mark.parametrize("profile", ["current"])
@pytest.mark.parametrize(
    ("recording", "page", "endpoint", "kind"),
    [
        ("conversations-HEAD-daphne-debug0", "/conversations", CONVERSATIONS, "conversation"),
        ("customers-HEAD-daphne-debug0", "/customers", CUSTOMERS, "customer"),
    ],
)
def test_recorded_lists_drive_the_pages(
    tab: Tab, server: MockServer, recording: str, page: str, endpoint: str, kind: str
) -> None:
    """Every list that the real backend sent is taken, and the rows of its first page are shown."""
    tab.expected.append(r"Failed to load resource|ERR_|Refused to")
    tab.page.route("**/media/**", lambda route: route.abort())
    tab.give_session().open(page).ready(endpoint)
    expect(tab.rows(kind).first).to_be_visible()
    lists = [frame for frame in frames(recording) if frame.get("type") == f"{kind}s_list"]
    assert lists
    first = [str(row["id"]) for row in lists[0][f"{kind}s"]]
    shown = ", ".join(f'[data-{kind}-id="{identity}"]' for identity in first)
    tab.page.evaluate("1")
    server.push(endpoint=endpoint, frame=json.dumps(lists[0]).replace("127.0.0.1", "localhost"))
    tab.foreign.clear()
    expect(tab.page.locator(shown)).to_have_count(len(set(first)))
    for frame in lists:
        server.push(endpoint=endpoint, frame=json.dumps(frame))
    tab.becomes_visible()
    tab.ready(endpoint)
    tab.foreign.clear()


@pytest.mark.parametrize("profile", ["current"])
def test_a_recorded_chat_is_shown(tab: Tab, server: MockServer) -> None:
    """The real backend's messages of every kind appear, in order, each once, and as text."""
    tab.expected.append(r"Failed to load resource|ERR_")
    tab.page.route("**/media/**", lambda route: route.abort())
    identity = list(server.backend.store.conversations)[2]  # an empty one
    tab.give_session().open(f"/chat/{identity}").ready(f"/ws/chat/{identity}/")
    snapshot = next(
        f for f in frames("chat-HEAD-daphne-debug0") if f.get("type") == "recent_messages" and f["messages"]
    )
    server.push(endpoint=f"/ws/chat/{identity}/", frame=json.dumps(snapshot))
    wanted = [row["id"] for row in snapshot["messages"]]
    expect(tab.rows("message")).to_have_count(len(wanted))
    shown = tab.page.locator("[data-message-id]").evaluate_all("all => all.map(e => e.dataset.messageId)")
    assert sorted(shown) == sorted(wanted)
    assert tab.page.locator("#log script, #log b").count() == 0
    tab.foreign.clear()
