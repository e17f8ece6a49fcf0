"""One whole visit, from the login page to the end of the session."""

import pytest
from playwright.sync_api import expect

from e2e.tab import CONVERSATIONS, Tab
from e2e.waiting import eventually
from mock_server.server import MockServer


@pytest.mark.parametrize("profile", ["guide", "current"])
def test_a_visit_from_login_to_login(tab: Tab, server: MockServer, profile: str) -> None:
    """Log in, read, filter, answer, lose the network, get it back, and be sent to login when the token dies."""
    page = tab.page
    tab.expected += [r"Failed to load resource", r"WebSocket connection to .* failed"]
    tab.hold_clock()
    tab.open("/")
    tab.expect_path("/login").log_in()
    tab.expect_path("/conversations$").ready()
    expect(page.get_by_text("60 conversations")).to_be_visible()
    page.get_by_label("Status").select_option("closed")
    expect(page.get_by_text("15 conversations")).to_be_visible()

    tab.rows().first.locator("a").click()
    tab.expect_path(r"/chat/\w+$")
    chat = f"/ws{page.url.removeprefix(server.url)}/"
    tab.ready(chat)
    expect(tab.rows("message").first).to_be_visible()
    page.get_by_label("Message", exact=True).fill("Yes, we have it in blue.")
    page.keyboard.press("Enter")
    answer = tab.rows("message").filter(has_text="Yes, we have it in blue.")
    expect(answer).to_have_count(1)
    expect(answer.locator("[role=status]")).to_have_count(0)  # the server's own row has taken its place
    eventually(lambda: server.endpoint(CONVERSATIONS)["live"] == 0)

    tab.pause()
    tab.goes_offline()
    tab.pass_time(4)
    tab.expect_state("waiting", chat, reason="offline")
    page.get_by_label("Message", exact=True).fill("typed in the tunnel")
    page.context.set_offline(False)
    tab.ready(chat)
    expect(answer).to_have_count(1)
    expect(page.get_by_label("Message", exact=True)).to_have_value("typed in the tunnel")

    before = page.url
    server.fault("expire")
    if profile == "current":  # says nothing on open sockets: the next dial finds out
        server.fault("close", code=1012, endpoint=chat)
    tab.pass_waits_until(lambda: "/login" in page.url)
    tab.expect_path(r"/login\?next=%2Fchat%2F\w+$")
    expect(tab.rows("message")).to_have_count(0)
    eventually(lambda: server.endpoint(chat)["live"] == 0)
    tab.log_in()
    tab.ready(chat)
    assert page.url == before
    expect(answer).to_have_count(1)
    expect(page.get_by_label("Message", exact=True)).to_have_value("typed in the tunnel")
