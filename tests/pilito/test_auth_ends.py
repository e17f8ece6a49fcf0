"""How a session begins and ends: login, logout and expiry, over one and several tabs, on virtual time."""

import asyncio

import pytest
from pilito.auth import AuthChange, Session
from pilito.events import Reason
from pilito.exceptions import AuthenticationError, NetworkError, ServerError
from pilito.ports import Denied, Issued, Unavailable

from tests.fakes import pass_time
from tests.pilito.tabs import LOCKS, Browser, scenario


@scenario
async def test_login_and_its_troubles() -> None:
    """A login stores the pair and the user; wrong password, offline and a server error are told apart."""
    browser = Browser()
    tab = await browser.session()
    with pytest.raises(AuthenticationError) as refused:
        await tab.login("one@x", "wrong")
    assert refused.value.fields == {"": "Invalid email/username or password."}
    browser.server.offline = True
    with pytest.raises(NetworkError):
        await tab.login("one@x", "right")
    browser.server.offline, browser.server.status = False, 500
    with pytest.raises(ServerError):
        await tab.login("one@x", "right")
    browser.server.status = None
    user = await tab.login("one@x", "right")
    assert (user.id, tab.session) == ("1", Session.VALID)
    assert tab.heard == [AuthChange.LOGGED_IN]


@LOCKS
@scenario
async def test_logout_reaches_every_tab_and_revokes_both_tokens(locks: bool) -> None:
    """Logout clears the user's data, tells the siblings, and revokes both tokens with a bare header."""
    browser = Browser(locks=locks)
    access, refresh = browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.store["pilito.data.1.outbox.x"] = "unsent"
    await first.logout()
    await pass_time()
    assert [tab.heard for tab in (first, second)] == [[AuthChange.LOGGED_OUT]] * 2
    assert second.session is Session.NONE
    assert browser.stored == {}
    assert access not in browser.server.access
    assert refresh not in browser.server.refresh


@pytest.mark.parametrize(("storage_lag", "channel_lag"), [(5.0, 0.0), (0.0, 5.0)])
@scenario
async def test_logout_is_known_as_soon_as_anything_says_so(storage_lag: float, channel_lag: float) -> None:
    """A sibling leaves at the first news of a logout, and what it has written meanwhile goes too."""
    browser = Browser()
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.lag, browser.shared.channel_lag = storage_lag, channel_lag
    out = asyncio.ensure_future(first.logout())
    second.storage.set("pilito.data.1.draft.x", "typed a moment too late")
    await pass_time(0.1)
    assert second.heard == [AuthChange.LOGGED_OUT]
    assert isinstance(await second.ask(), Denied)
    await out
    await pass_time(6)
    assert "pilito.data.1.draft.x" not in browser.stored
    assert second.heard == [AuthChange.LOGGED_OUT]


@scenario
async def test_a_tab_that_dials_before_the_news_of_a_logout_hears_of_a_logout() -> None:
    """A token that is gone together with its user is no expired session, and what the tab wrote since goes too."""
    browser = Browser()
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.channel_lag = 5.0
    out = asyncio.ensure_future(first.logout())
    asyncio.get_running_loop().call_soon(second.storage.set, "pilito.data.1.draft.x", "typed a moment too late")
    asking = asyncio.ensure_future(second.ask())  # in the same turn, in which no event of storage has come yet
    assert isinstance(await asking, Denied)
    await out
    await pass_time(6)
    assert second.heard == [AuthChange.LOGGED_OUT]
    assert "pilito.data.1.draft.x" not in browser.stored


@scenario
async def test_a_logout_during_a_refresh_revokes_the_new_pair_too() -> None:
    """The pair that a refresh brings after a logout is wanted by nobody, and does not stay alive on the server."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.server.refresh_latency = 5.0
    asking = asyncio.ensure_future(tab.ask(refresh=True))
    await pass_time(1)
    await tab.logout()
    assert isinstance(await asking, Denied)
    await pass_time(1)
    assert browser.stored == {}
    assert browser.server.access == browser.server.refresh == {}
    assert tab.heard == [AuthChange.LOGGED_OUT]


@scenario
async def test_logout_revokes_what_it_can() -> None:
    """A logout without a network is a logout, and the tokens of a server that drops the first call are still tried."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.server.offline = True
    await tab.logout()
    assert tab.session is Session.NONE
    assert browser.server.count("logout") == 2


@LOCKS
@scenario
async def test_an_expired_session_keeps_what_was_typed(locks: bool) -> None:
    """The end of a session clears the tokens in every tab, and no draft."""
    browser = Browser(locks=locks)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.store["pilito.data.1.draft.x"] = "half a thought"
    browser.server.access.clear()
    browser.server.refresh.clear()
    await first.ask(refresh=True)
    await pass_time()
    assert [tab.heard for tab in (first, second)] == [[AuthChange.EXPIRED]] * 2
    assert browser.stored["pilito.data.1.draft.x"] == "half a thought"
    await first.login("one@x", "right")
    await pass_time(1)
    assert browser.stored["pilito.data.1.draft.x"] == "half a thought"
    assert second.session is Session.VALID


@LOCKS
@scenario
async def test_another_users_login_hides_the_first_at_once(locks: bool) -> None:
    """When another user logs in, a sibling shows nobody's data before it knows whose the tokens are, however long."""
    browser = Browser(locks=locks)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.store["pilito.data.1.draft.x"] = "secret"
    await first.login("two@x", "right")
    browser.server.latency = 30.0
    await pass_time(0.1)
    assert second.heard == [AuthChange.LOGGED_OUT]
    assert second.user is None
    assert "pilito.data.1.draft.x" not in browser.stored
    await pass_time(90)
    assert second.heard == [AuthChange.LOGGED_OUT, AuthChange.LOGGED_IN]
    assert second.user is not None
    assert second.user.id == "2"


@scenario
async def test_the_same_token_again_after_a_logout_is_a_session() -> None:
    """Two logins within a second get the same token: what a logout has ended does not end the login after it."""
    browser = Browser()
    browser.server.spell = lambda number, user: f"access-of-{user}"
    first, second = await browser.session(), await browser.session()
    await first.login("one@x", "right")
    await pass_time(1)
    await first.logout()
    await first.login("one@x", "right")
    await pass_time(1)
    assert second.session is Session.VALID
    assert isinstance(await second.ask(), Issued)


@scenario
async def test_a_refresh_token_that_was_dead_may_live_again() -> None:
    """A login within the second brings the very refresh token that was refused before it: it is tried again."""
    browser = Browser()
    browser.server.spell = lambda number, user: f"access-of-{user}"
    tab = await browser.session()
    await tab.login("one@x", "right")
    spent = browser.stored["refresh_token"]
    browser.server.access.clear()
    browser.server.refresh.clear()
    assert isinstance(await tab.ask(refresh=True), Denied)
    await tab.login("one@x", "right")
    await pass_time(6)
    browser.shared.store["refresh_token"] = spent
    browser.server.refresh[spent] = 1
    browser.server.access.clear()
    await tab.ask(refresh=True)
    assert browser.refreshes == 2


@scenario
async def test_trouble_with_a_new_token_is_trouble_and_no_logout() -> None:
    """When the server cannot say whose a sibling's new token is, the answer is to come back."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.log_in()
    browser.server.status = 500
    answer = await tab.ask()
    assert isinstance(answer, Unavailable)
    assert answer.reason is Reason.SERVER
    assert tab.heard == []
