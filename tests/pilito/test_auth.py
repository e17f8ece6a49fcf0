"""Whose session it is: at the start, and when the token changes, over one and several tabs, on virtual time."""

import asyncio

import pytest
from pilito.auth import AuthChange, Session
from pilito.ports import Denied, HttpResponse

from tests.fakes import pass_time
from tests.pilito.tabs import Browser, scenario, token_of


@scenario
async def test_start_says_whose_session_it_is() -> None:
    """With a good token the session is valid and the user known; without one there is none."""
    browser = Browser()
    assert (await browser.session()).session is Session.NONE
    browser.log_in()
    tab = await browser.session()
    assert tab.session is Session.VALID
    assert tab.user is not None
    assert tab.user.id == "1"


@scenario
async def test_start_takes_an_answer_that_was_asked_for_early() -> None:
    """What plain script has asked while Python was starting is not asked again."""
    browser = Browser()
    access, _ = browser.log_in()
    asked: list[str] = []

    async def early(token: str) -> HttpResponse:
        asked.append(token)
        return HttpResponse(200, {"authenticated": True, "user": {"id": 1}})

    tab = browser.tab(early=early)
    await tab.start()
    assert asked == [access]
    assert (tab.session, browser.server.calls) == (Session.VALID, [])


@scenario
async def test_an_unreachable_server_keeps_the_tokens() -> None:
    """Offline at start is not a logout, and asking again finds the session."""
    browser = Browser()
    browser.log_in()
    browser.server.offline = True
    tab = await browser.session()
    assert tab.session is Session.UNREACHABLE
    browser.server.offline = False
    await tab.start()
    assert tab.session is Session.VALID


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(200, None),
        HttpResponse(200, {"ok": True}),
        HttpResponse(200, {"authenticated": "yes"}),
        HttpResponse(200, {"authenticated": True, "user": None}),
        HttpResponse(403, None),
        HttpResponse(404, None),
        HttpResponse(511, None),
    ],
)
@scenario
async def test_an_answer_that_is_not_the_backends_says_nothing(answer: HttpResponse) -> None:
    """A hotel's login page, a proxy's error, "authenticated" without a user: no session, and no end of one."""
    browser = Browser()
    access, _ = browser.log_in()
    browser.server.instead = {"auth/status": answer}
    tab = await browser.session()
    assert tab.session is Session.UNREACHABLE
    assert browser.stored["access_token"] == access
    assert browser.refreshes == 0


@scenario
async def test_a_dead_token_at_start_is_refreshed_once() -> None:
    """A dead access token with a live refresh token starts a session after one refresh."""
    browser = Browser()
    access, _ = browser.log_in()
    del browser.server.access[access]
    tab = await browser.session()
    assert tab.session is Session.VALID
    assert browser.refreshes == 1


@scenario
async def test_rubbish_at_start_ends_in_login() -> None:
    """Rubbish in storage is asked about, refreshed once in vain, and cleared."""
    browser = Browser()
    browser.shared.store.update(access_token="rubbish", refresh_token="rubbish")
    tab = await browser.session()
    assert tab.session is Session.NONE
    assert "access_token" not in browser.stored
    assert browser.refreshes == 1


@pytest.mark.parametrize("rubbish", ["{", "[1]", "null", '{"id": ""}', "[" * 100_000])
@scenario
async def test_a_stored_user_that_cannot_be_read_is_nobody(rubbish: str) -> None:
    """Whatever stands in storage, the server says whose session it is, and that is stored."""
    browser = Browser()
    browser.log_in()
    browser.shared.store["pilito.user"] = rubbish
    tab = await browser.session()
    assert (tab.session, tab.heard) == (Session.VALID, [])
    assert '"id": "1"' in browser.stored["pilito.user"]


@scenario
async def test_another_users_answer_clears_what_was_stored() -> None:
    """When the server names another user than the stored one, the old user's data goes and the change is announced."""
    browser = Browser()
    browser.log_in(1)
    await browser.session()
    browser.shared.store["pilito.data.1.draft.x"] = "secret"
    browser.log_in(2)
    tab = await browser.session()
    assert tab.user is not None
    assert tab.user.id == "2"
    assert "pilito.data.1.draft.x" not in browser.stored
    assert tab.heard == [AuthChange.USER_CHANGED]


@scenario
async def test_a_token_that_nobody_has_vouched_for_is_asked_about() -> None:
    """Rubbish that turns up in storage is never dialled with: a lenient server would show its first user's data."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.shared.store.update(access_token="rubbish", refresh_token="rubbish")
    asked = browser.server.count("auth/status")
    assert isinstance(await tab.ask(), Denied)
    assert browser.server.count("auth/status") == asked + 1
    assert tab.heard == [AuthChange.EXPIRED]


@scenario
async def test_another_users_token_in_storage_changes_the_user() -> None:
    """Another user's token put into storage by hand closes the session of the first, in every tab, without a dial."""
    browser = Browser()
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.store["pilito.data.1.draft.x"] = "secret"
    access, refresh = browser.server.issue(2)
    first.storage.set("refresh_token", refresh)
    first.storage.set("access_token", access)
    await pass_time(2)
    assert second.heard == [AuthChange.USER_CHANGED]
    assert "pilito.data.1.draft.x" not in browser.stored
    assert token_of(await first.ask()) == access
    assert first.heard == [AuthChange.USER_CHANGED]


@scenario
async def test_a_token_that_changes_while_it_is_asked_about_is_not_used() -> None:
    """The answer about a token that is no longer stored is not an answer about the one that is."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    asking = asyncio.ensure_future(tab.ask(verify=True, failures=1))
    await pass_time(0.01)
    access, _ = browser.log_in(2)
    assert token_of(await asking) == access
    assert tab.user is not None
    assert tab.user.id == "2"


@scenario
async def test_an_answer_about_a_session_that_has_ended_does_not_bring_it_back() -> None:
    """Who logs out while the server is being asked stays logged out, and is stored nowhere."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    asking = asyncio.ensure_future(tab.ask(verify=True, failures=1))
    await pass_time(0.01)
    await tab.logout()
    assert isinstance(await asking, Denied)
    assert (tab.session, tab.user, tab.heard) == (Session.NONE, None, [AuthChange.LOGGED_OUT])
    assert "pilito.user" not in browser.stored


@scenario
async def test_a_first_question_that_is_lost_does_not_undo_a_login_elsewhere() -> None:
    """A login in another tab is followed at once, and the loss of an older question says nothing about it."""
    browser = Browser()
    browser.log_in()
    other, tab = await browser.session(), browser.tab()
    browser.server.latency = 5
    starting = asyncio.ensure_future(tab.start())
    await pass_time(1)
    browser.server.latency = 0.05
    await other.login("two@x", "right")
    await pass_time(2)
    browser.server.offline = True
    await starting
    assert tab.session is Session.VALID
    assert tab.user is not None
    assert tab.user.id == "2"


@scenario
async def test_a_login_elsewhere_is_asked_about_until_a_server_answers() -> None:
    """A tab on the login page follows a login in another one, although the first questions about it are lost."""
    browser = Browser()
    other, tab = await browser.session(), await browser.session()
    browser.server.instead = {"auth/status": HttpResponse(200, None)}
    await other.login("one@x", "right")
    await pass_time(15)
    assert tab.session is Session.NONE
    browser.server.instead = {}
    await pass_time(15)
    assert (tab.session, tab.heard) == (Session.VALID, [AuthChange.LOGGED_IN])
    tab.release()


@scenario
async def test_a_question_that_is_lost_after_release_is_not_asked_again() -> None:
    """A tab that is released while the server is asked about a login elsewhere owns no timer afterwards."""
    browser = Browser()
    other, tab = await browser.session(), await browser.session()
    browser.server.instead = {"auth/status": HttpResponse(200, None)}
    await other.login("one@x", "right")
    other.release()
    await pass_time(browser.server.latency / 2)
    assert browser.server.count("auth/status") == 1
    tab.release()
    await pass_time(1)
    assert browser.clock.pending == 0


@scenario
async def test_a_new_token_that_dies_before_anybody_has_vouched_for_it_is_replaced_too() -> None:
    """The pair still has its refresh token: the session goes on, and nobody is sent to the login page."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    asking = asyncio.ensure_future(tab.ask(refresh=True))
    await pass_time(0.06)
    assert browser.refreshes == 1
    browser.server.access.clear()
    assert token_of(await asking) == tab.access
    assert (browser.refreshes, tab.heard) == (2, [])


@pytest.mark.parametrize(
    ("gone", "change"),
    [(["access_token"], AuthChange.EXPIRED), (["access_token", "pilito.user"], AuthChange.LOGGED_OUT)],
)
@scenario
async def test_no_token_is_denied(gone: list[str], change: AuthChange) -> None:
    """Without a token the answer is Denied, and the end is announced once; with the user gone, too, it is a logout."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    for key in gone:
        del browser.shared.store[key]
    assert isinstance(await tab.ask(), Denied)
    assert isinstance(await tab.ask(), Denied)
    assert tab.heard == [change]
