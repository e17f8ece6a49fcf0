"""Why a dial never opened: five answers, each with its own wait."""

import pytest
from pilito.auth import AuthChange, Session
from pilito.budget import ALLOWED
from pilito.events import Reason
from pilito.ports import Denied, HttpResponse, Issued, TokenAnswer, Unavailable

from tests.fakes import pass_time
from tests.pilito.tabs import CHAT, LIST, LOCKS, Browser, scenario


def waits(answer: TokenAnswer, reason: Reason, seconds: float | None) -> bool:
    """Whether the answer is to wait for this reason and so long."""
    assert isinstance(answer, Unavailable), answer
    assert answer.reason is reason
    assert answer.retry_after == (None if seconds is None else pytest.approx(seconds, abs=1))
    return True


@scenario
async def test_one_failure_is_nothing() -> None:
    """After one dial that never opened, and a token that is good, the next one goes out."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    await tab.ask()
    assert isinstance(await tab.ask(verify=True, failures=1), Issued)


@LOCKS
@scenario
async def test_not_authenticated_is_refreshed_and_then_the_end(locks: bool) -> None:
    """A dead access token is replaced at once; with a dead refresh token the session is over, after one call."""
    browser = Browser(locks=locks)
    browser.log_in()
    tab = await browser.session()
    browser.server.access.clear()
    assert isinstance(await tab.ask(verify=True, failures=2), Issued)
    assert browser.refreshes == 1
    browser.server.access.clear()
    browser.server.refresh.clear()
    assert isinstance(await tab.ask(verify=True, failures=1), Denied)
    assert browser.refreshes == 2
    assert tab.heard == [AuthChange.EXPIRED]
    assert "access_token" not in browser.stored


@scenario
async def test_throttled_waits_for_a_minute_after_the_last_dial() -> None:
    """Two dials that never opened, with a good token, are the server's allowance; a minute later it has room."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    await tab.ask()
    await pass_time(20)
    assert waits(await tab.ask(verify=True, failures=2), Reason.THROTTLED, 40)
    await pass_time(41)
    assert isinstance(await tab.ask(verify=True, failures=5), Issued)


@pytest.mark.parametrize(("asked", "wait"), [(None, None), (7.0, 7.0)])
@scenario
async def test_a_server_that_says_how_long_is_obeyed(asked: float | None, wait: float | None) -> None:
    """429 is the allowance as well, for as long as the server says."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.server.instead = {"auth/status": HttpResponse(429, retry_after=asked)}
    assert waits(await tab.ask(verify=True, failures=1), Reason.THROTTLED, wait)


@scenario
async def test_a_chat_with_room_for_dials_is_refused() -> None:
    """One conversation that never opens while dials have room is not ours, or is gone: it waits two minutes."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    await tab.ask(CHAT)
    assert waits(await tab.ask(CHAT, verify=True, failures=2), Reason.REFUSED, 120)
    assert isinstance(await tab.ask(LIST), Issued)
    await pass_time(121)
    assert isinstance(await tab.ask(CHAT, verify=True, failures=3), Issued)


@scenario
async def test_a_chat_without_room_for_dials_is_throttled() -> None:
    """When the tabs have used up the allowance themselves, a chat that never opens is not taken for refused."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    for _ in range(ALLOWED):
        await tab.ask(CHAT)
    assert waits(await tab.ask(CHAT, verify=True, failures=2), Reason.THROTTLED, 60)


@pytest.mark.parametrize(("status", "asked", "wait"), [(500, None, 10), (502, None, 10), (503, 30.0, 30), (503, 0, 0)])
@scenario
async def test_a_server_in_trouble_is_left_alone(status: int, asked: float | None, wait: float) -> None:
    """5xx says nothing about the token: the session stays, and the server is asked again after a while."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.server.instead = {"auth/status": HttpResponse(status, retry_after=asked)}
    assert waits(await tab.ask(verify=True, failures=1), Reason.SERVER, wait)
    assert (tab.session, tab.heard) == (Session.VALID, [])


@scenario
async def test_no_answer_is_offline() -> None:
    """Without an answer the wait is the connection's own, and nothing is said about the session."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.server.offline = True
    assert waits(await tab.ask(verify=True, failures=4), Reason.OFFLINE, None)
    assert (tab.session, tab.heard) == (Session.VALID, [])
