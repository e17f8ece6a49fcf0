"""Login and back, tokens that die, several tabs of one session."""

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from e2e.tab import CONVERSATIONS, CUSTOMERS, Tab
from e2e.waiting import eventually
from mock_server.server import MockServer
from mock_server.testing.waiting import becomes

BOTH = pytest.mark.parametrize("profile", ["guide", "current"])
BAD_REQUEST = r"Failed to load resource"
FAILED_SOCKET = r"WebSocket connection to .* failed"


@BOTH
def test_login_and_back(tab: Tab, server: MockServer) -> None:
    """Without a session every page leads to login, and after login back to where the user was going."""
    tab.open("/customers?page=2")
    tab.expect_path(r"/login\?next=%2Fcustomers%3Fpage%3D2$")
    tab.log_in()
    tab.expect_path(r"/customers\?page=2$").ready(CUSTOMERS)
    expect(tab.rows("customer").first).to_be_visible()
    assert server.state()["logins"] == 1


def test_a_wrong_password_says_so(tab: Tab) -> None:
    """A wrong password is named, the e-mail stays, and nothing is stored."""
    tab.expected.append(BAD_REQUEST)
    tab.open("/login").log_in(password="wrong")
    expect(tab.page.get_by_text("Email or password is wrong.")).to_be_visible()
    expect(tab.page.get_by_label("Email")).to_have_value("sara@example.com")
    expect(tab.page.get_by_label("Password")).to_have_value("")
    assert tab.stored("access_token") is None


def test_an_empty_field_says_so(tab: Tab, server: MockServer) -> None:
    """Empty fields are named without asking the server."""
    tab.open("/login")
    tab.page.get_by_role("button", name="Log in").click()
    expect(tab.page.get_by_text("Please fill in this field.")).to_have_count(2)
    assert server.state()["logins"] == 0


def test_a_server_error_at_login_says_so(tab: Tab, server: MockServer) -> None:
    """A server error is called one, and the form can be sent again."""
    tab.expected.append(BAD_REQUEST)
    server.fault("refuse", status=503, endpoint="/api/v1/usr/login", times=1)
    tab.open("/login").log_in()
    expect(tab.page.get_by_text("The server has a problem.")).to_be_visible()
    tab.page.get_by_role("button", name="Log in").click()
    tab.ready()


def test_network_trouble_at_login_says_so(tab: Tab) -> None:
    """Without a network the login says so and keeps what was typed."""
    tab.expected.append(BAD_REQUEST)
    tab.open("/login")
    tab.goes_offline()
    tab.log_in()
    expect(tab.page.get_by_text("No answer from the server.")).to_be_visible()
    tab.page.context.set_offline(False)
    tab.page.get_by_role("button", name="Log in").click()
    tab.ready()


TRICKS = [
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "HTTPS:evil.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "/%2F/evil.example",
    "/%2fevil.example",
    "/%255c%255cevil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\u2028//evil.example",
    "/..//evil.example",
    "/./login",
    "/login?next=//evil.example",
    "/" + "a" * 5000,
    "",
    "//sara:pw@evil.example",
    "/sara@evil.example",
    "/%40evil.example",
    "java\tscript:alert(1)",
    "/\\\tevil.example",
    "/%25252f%25252fevil.example",
    "/\uff0f\uff0fevil.example",
    "/\uff0e\uff0e/evil.example",
    "/\u2025/evil.example",
    "//evil\u3002example",
    "/x\u202eevil.example",
    "/%c0%af%c0%afevil.example",
]


def test_next_never_leaves_the_site(tab: Tab, server: MockServer) -> None:
    """Whatever ``next`` says, a login, or a visit with a session, ends on this site."""
    tab.open(f"/login?next={quote('//evil.example', safe='')}").log_in()
    tab.expect_path(f"^{server.url}/conversations$").ready()
    go = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
    for trick in TRICKS:
        for spelt in (quote(trick, safe=""), quote(trick, safe="/:\\")):
            tab.page.evaluate(go, f"/login?next={spelt}")
            tab.expect_path(f"^{server.url}/conversations$")
    assert tab.foreign == []


@BOTH
def test_rubbish_in_storage_leads_to_login_once(tab: Tab, server: MockServer) -> None:
    """A rubbish access token brings the login page, one redirect, no confirmed connection and no loop."""
    tab.expected += [FAILED_SOCKET, BAD_REQUEST]
    tab.give_session().open().ready()
    tab.store("access_token", "invalid_token")
    tab.store("refresh_token", "invalid_token")
    server.reset()
    tab.reload()
    tab.expect_path(r"/login\?next=%2Fconversations$")
    assert server.endpoint(CONVERSATIONS)["accepted"] <= 1
    assert tab.said("Connection established confirmed") <= 1
    assert tab.stored("access_token") is None


@BOTH
def test_rubbish_while_connected_leads_to_login_at_the_next_dial(inbox: Tab, server: MockServer) -> None:
    """Rubbish put into storage is found out by the next dial, not announced twice, and never dialled again."""
    inbox.expected += [FAILED_SOCKET, BAD_REQUEST]
    inbox.store("access_token", "invalid_token")
    inbox.store("refresh_token", "invalid_token")
    server.fault("close", code=1012, endpoint=CONVERSATIONS)
    inbox.expect_path(r"/login\?next=%2Fconversations$")
    expect(inbox.page.locator("[data-connection]")).to_have_count(0)
    assert inbox.said("Authentication error") <= 1
    accepted = server.endpoint(CONVERSATIONS)["accepted"]
    assert accepted <= 3


def test_tokens_that_expire_while_connected_lead_to_login(inbox: Tab, server: MockServer) -> None:
    """The guide's server says so on the open socket: one refresh is tried, then login, then back."""
    inbox.expected.append(BAD_REQUEST)
    server.fault("expire", user="sara@example.com")
    inbox.expect_path(r"/login\?next=%2Fconversations$")
    assert server.state()["refreshes"] == 1
    inbox.log_in()
    inbox.expect_path("/conversations$").ready()


def test_an_access_token_that_expires_is_refreshed_once(inbox: Tab, server: MockServer) -> None:
    """With a live refresh token the user notices nothing."""
    server.fault("expire", user="sara@example.com", refresh=False)
    eventually(lambda: server.endpoint(CONVERSATIONS)["accepted"] == 2)
    inbox.ready()
    inbox.expect_path("/conversations$")
    assert server.state()["refreshes"] == 1


@BOTH
def test_tokens_that_expire_while_retrying_lead_to_login(tab: Tab, server: MockServer) -> None:
    """A token that dies during a delay is found out by the next attempt."""
    tab.expected += [FAILED_SOCKET, BAD_REQUEST]
    tab.hold_clock()
    tab.give_session().open().ready()
    tab.pause()
    server.fault("close", code=1012, endpoint=CONVERSATIONS)
    tab.expect_state("waiting")
    server.fault("expire", user="sara@example.com")
    tab.pass_waits_until(lambda: "/login" in tab.page.url)
    tab.expect_path(r"/login\?next=%2Fconversations$")


def test_two_tabs_refresh_one_token_once(new_tab: Callable[..., Tab], server: MockServer) -> None:
    """Two tabs whose token dies at the same moment make one refresh call, and nobody is logged out."""
    first = new_tab().give_session().open().ready()
    second = new_tab().open().ready()
    server.fault("expire", user="sara@example.com", refresh=False)
    eventually(lambda: server.endpoint(CONVERSATIONS)["accepted"] == 4)
    for tab in (first, second):
        tab.ready().expect_path("/conversations$")
    assert server.state()["refreshes"] == 1


def test_logout_reaches_every_tab(new_tab: Callable[..., Tab], server: MockServer) -> None:
    """Log out in one tab: all of them show the login page, nothing of the user, and no socket stays."""
    first = new_tab().give_session().open().ready()
    second = new_tab().open("/customers").ready(CUSTOMERS)
    access = first.tokens[0]
    first.log_out()
    for tab in (first, second):
        tab.expect_path("/login$")
        expect(tab.rows()).to_have_count(0)
        expect(tab.rows("customer")).to_have_count(0)
        for key in ("access_token", "pilito.user"):  # one tab's view of storage lags behind another's
            becomes(partial(tab.stored, key), None, key, page=tab.page)
    eventually(lambda: all(counts["live"] == 0 for counts in server.state()["endpoints"].values()))
    eventually(lambda: server.backend.tokens.user_id(access) is None)


def test_another_user_does_not_see_the_first_ones_data(new_tab: Callable[..., Tab], server: MockServer) -> None:
    """After another user has logged in, the other tab shows that user's data over a socket of theirs."""
    first = new_tab().give_session().open().ready()
    expect(first.page.get_by_text("60 conversations")).to_be_visible()
    second = new_tab().open().ready()
    second.log_out()
    second.expect_path("/login$").log_in("omid@example.com", "demo-omid")
    for tab in (first, second):
        tab.expect_path("/conversations$")
        expect(tab.page.get_by_text("6 conversations", exact=True)).to_be_visible()


def test_a_backend_in_debug_mode_shows_nobody_elses_inbox(tab: Tab, new_server: Callable[..., MockServer]) -> None:
    """A server that opens sockets for rubbish as its first user gets no socket: the session question comes first."""
    with new_server(profile="current", debug=True, conversations=5) as lenient:
        tab.server = lenient
        tab.page.context.add_init_script("localStorage.setItem('access_token', 'rubbish')")
        tab.open("/conversations")
        tab.expect_path("/login")
        expect(tab.rows()).to_have_count(0)
        assert lenient.state()["endpoints"] == {}
