"""One refresh at a time over all tabs, on virtual time, with the browser's locks and without."""

import asyncio

import jwt
import pytest
from pilito.auth import AuthChange, Session
from pilito.events import Reason
from pilito.ports import Denied, HttpResponse, Issued, Unavailable
from pilito.tokens import ACCESS_LIFETIME, REFRESH_AHEAD

from tests.fakes import START, pass_time
from tests.pilito.tabs import CHAT, CUSTOMERS, LIST, LOCKS, Browser, Tab, scenario, token_of

DAY = 86_400.0


@scenario
async def test_a_pair_newer_than_the_refused_token_is_not_refreshed() -> None:
    """A tab that learns of a sibling's refresh before its own socket is refused dials with the pair it has."""
    browser = Browser()
    old, _ = browser.log_in()
    first, second = await browser.session(), await browser.session()
    renewed = token_of(await first.ask(refresh=True))
    await pass_time(1)
    assert token_of(await second.token(LIST, verify=False, refused=old, failures=0)) == renewed
    assert browser.refreshes == 1


@LOCKS
@scenario
async def test_a_forced_refresh_adopts_a_siblings_pair(locks: bool) -> None:
    """When a sibling has stored a newer pair, it is adopted without a call."""
    browser = Browser(locks=locks)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    renewed = token_of(await first.ask(refresh=True))
    assert token_of(await second.ask()) == renewed == browser.stored["access_token"]
    assert browser.refreshes == 1


@LOCKS
@pytest.mark.parametrize(("storage_lag", "channel_lag"), [(0.5, 0.2), (0.2, 0.1), (2.0, 3.0), (9.0, 2.0)])
@scenario
async def test_a_refresh_is_known_before_its_news_arrives(locks: bool, storage_lag: float, channel_lag: float) -> None:
    """A tab whose view of storage lags waits for the sibling's pair instead of refreshing the dead one again."""
    browser = Browser(locks=locks)
    old, _ = browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.lag, browser.shared.channel_lag = storage_lag, channel_lag if locks else 0.05
    renewed = token_of(await first.ask(refresh=True))
    assert token_of(await second.token(LIST, verify=False, refused=old, failures=0)) == renewed
    assert browser.refreshes == 1
    assert isinstance(await second.ask(), Issued)
    assert second.heard == []


@LOCKS
@pytest.mark.parametrize("moment", ["before", "on its way", "during"])
@scenario
async def test_a_second_refusal_of_a_replaced_token_ends_no_session(locks: bool, moment: str) -> None:
    """The session goes on where a sibling replaces the token that was refused for good, whenever that is heard of."""
    browser = Browser(locks=locks)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    await second.ask()
    if moment == "during":
        browser.server.refresh_latency = 7.0
    elif moment == "on its way":
        browser.shared.lag, browser.shared.channel_lag = 0.5, 0.2 if locks else 0.05
    renewal = asyncio.ensure_future(first.ask(refresh=True))
    await (renewal if moment == "on its way" else pass_time(3))
    assert not await second.refused(LIST)
    renewed = token_of(await renewal)
    assert token_of(await second.ask()) == renewed == browser.stored["access_token"]
    assert (browser.refreshes, first.heard, second.heard) == (1, [], [])


@LOCKS
@scenario
async def test_a_second_refusal_of_the_newest_token_ends_the_session_everywhere(locks: bool) -> None:
    """Refused for good, and replaced by nobody, a token is the end of its session in every tab, without a call."""
    browser = Browser(locks=locks)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    await second.ask()
    assert await second.refused(LIST)
    await pass_time(1)
    assert (browser.refreshes, first.heard, second.heard) == (0, [AuthChange.EXPIRED], [AuthChange.EXPIRED])
    assert "access_token" not in browser.stored


@LOCKS
@scenario
async def test_three_connections_of_each_of_three_tabs_refresh_once(locks: bool) -> None:
    """Nine connections whose token is refused at the same moment make one call."""
    browser = Browser(locks=locks)
    access, _ = browser.log_in()
    tabs = [await browser.session() for _ in range(3)]
    browser.server.access.clear()
    browser.server.refresh_latency = 7.0
    asking = [
        tab.token(path, verify=False, refused=access, failures=0) for tab in tabs for path in (LIST, CHAT, CUSTOMERS)
    ]
    tokens = {token_of(answer) for answer in await asyncio.gather(*asking)}
    assert tokens == {browser.stored["access_token"]}
    assert browser.refreshes == 1


@LOCKS
@scenario
async def test_two_tabs_refresh_once_a_hundred_times(locks: bool) -> None:
    """Two tabs whose token dies at the same moment make one slow call, a hundred times over, and stay logged in."""
    browser = Browser(locks=locks)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.server.refresh_latency = 7.0
    for round_ in range(1, 101):
        access = browser.stored["access_token"]
        browser.server.access.pop(access)
        one, two = await asyncio.gather(first.ask(refresh=True), second.ask(verify=True, failures=1))
        assert token_of(one) == token_of(two) != access
        assert browser.refreshes == round_
        await pass_time(120)
    assert first.heard == second.heard == []


@scenario
async def test_locks_that_do_not_hold_cost_no_session() -> None:
    """Where two tabs refresh at once all the same, the loser waits for the winner's pair before it believes the 401."""
    browser = Browser(locks=False)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.channel_lag = 0.5  # longer than anybody waits for an objection
    one, two = await asyncio.gather(first.ask(refresh=True), second.ask(refresh=True))
    assert token_of(one) == token_of(two)
    assert browser.refreshes == 2
    assert first.heard == second.heard == []


@scenario
async def test_who_no_longer_wants_the_answer_does_not_stop_the_refresh() -> None:
    """A page that is left while its token is replaced loses nothing: the server has deleted the old pair already."""
    browser = Browser()
    old, _ = browser.log_in()
    tab = await browser.session()
    browser.server.refresh_latency = 7.0
    left = asyncio.ensure_future(tab.ask(refresh=True))
    await pass_time(1)
    left.cancel()
    await pass_time(10)
    assert browser.stored["access_token"] != old
    assert isinstance(await tab.ask(), Issued)
    assert (browser.refreshes, tab.heard) == (1, [])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HttpResponse(502), Reason.SERVER),
        (HttpResponse(200, {"success": True, "data": {}}), Reason.SERVER),
        (HttpResponse(403, None), Reason.SERVER),
        (HttpResponse(429, retry_after=5.0), Reason.THROTTLED),
    ],
)
@scenario
async def test_a_refresh_without_a_clear_answer_is_not_a_logout(answer: HttpResponse, reason: Reason) -> None:
    """A server in trouble, or a proxy that answers in its place, leaves the session and the tokens alone."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.server.instead = {"refresh-access": answer}
    found = await tab.ask(refresh=True)
    assert isinstance(found, Unavailable)
    assert found.reason is reason
    assert (tab.session, tab.heard) == (Session.VALID, [])


@scenario
async def test_a_refresh_that_gets_no_answer_is_not_a_logout() -> None:
    """Offline during a refresh leaves the session and the tokens alone."""
    browser = Browser()
    browser.log_in()
    tab = await browser.session()
    browser.server.offline = True
    assert await tab.ask(refresh=True) == Unavailable(Reason.OFFLINE)
    assert (tab.session, tab.heard) == (Session.VALID, [])


@LOCKS
@scenario
async def test_a_refresh_that_is_refused_is_asked_for_once(locks: bool) -> None:
    """Two tabs with a dead pair make one call in vain, although storage lags behind the end of the session."""
    browser = Browser(locks=locks)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.server.access.clear()
    browser.server.refresh.clear()
    browser.shared.lag = 0.5
    answers = await asyncio.gather(first.ask(refresh=True), second.ask(refresh=True))
    assert [type(answer) for answer in answers] == [Denied, Denied]
    assert browser.refreshes == 1


# --- before it dies ---


def dated(browser: Browser, **claims: object) -> None:
    """Let the server issue real tokens that say when they were born, as the backend's do, or whatever else."""

    def spell(number: int, user: int) -> str:
        minutes, seconds = divmod(int(browser.clock.now()) % 3600, 60)
        days, hours = divmod(int(browser.clock.now() - START + START % DAY) // 3600, 24)
        born = f"2026-09-{21 + days:02} {hours:02}:{minutes:02}:{seconds:02} +0000"
        said = {name: value + browser.clock.now() for name, value in claims.items() if isinstance(value, float)}
        return jwt.encode({"user_id": str(user), "created_at": born, "number": number, **said}, "k" * 64, "HS512")

    browser.server.spell = spell


async def booted(browser: Browser) -> Tab:
    tab = await browser.session()
    tab.read_claims()
    return tab


@scenario
async def test_a_token_that_is_vouched_for_after_release_is_not_looked_after() -> None:
    """A tab that is released while the server is asked whose a new token is plans no renewal of it."""
    browser = Browser()
    dated(browser)
    other, tab = await booted(browser), await booted(browser)
    await other.login("one@x", "right")
    other.release()
    await pass_time(browser.server.latency / 2)
    assert browser.server.count("auth/status") == 1
    tab.release()
    await pass_time(1)
    assert browser.clock.pending == 0


@LOCKS
@pytest.mark.parametrize("exp", [None, 7 * DAY])
@scenario
async def test_a_token_is_replaced_before_it_dies(locks: bool, exp: float | None) -> None:
    """Two tabs that nobody touches for a week replace their token once, a minute before its age or ``exp`` is up."""
    browser = Browser(locks=locks)
    dated(browser, exp=exp)
    old, _ = browser.log_in()
    first, second = await booted(browser), await booted(browser)
    await pass_time(ACCESS_LIFETIME - REFRESH_AHEAD - 10)
    assert browser.refreshes == 0
    await pass_time(20)
    assert browser.refreshes == 1
    assert first.access == second.access == browser.stored["access_token"] != old
    await pass_time(ACCESS_LIFETIME)
    assert browser.refreshes == 2
    assert first.heard == second.heard == []


@scenario
async def test_a_token_that_is_due_is_replaced_by_the_dial() -> None:
    """After a sleep that no timer survived, the dial itself replaces the token first."""
    browser = Browser()
    dated(browser)
    old, _ = browser.log_in()
    tab = await booted(browser)
    tab._stop_planning()
    await pass_time(8 * DAY)
    assert token_of(await tab.ask()) != old
    assert browser.refreshes == 1


@scenario
async def test_a_refresh_ahead_that_is_refused_is_not_tried_again() -> None:
    """Only the server says that a token is dead: one that cannot be replaced is used on, and not asked about again."""
    browser = Browser()
    dated(browser)
    old, _ = browser.log_in()
    tab = await booted(browser)
    browser.server.refresh.clear()
    await pass_time(8 * DAY)
    assert token_of(await tab.ask()) == old
    assert (browser.refreshes, tab.heard) == (1, [])
    browser.server.access.clear()
    assert isinstance(await tab.ask(refresh=True), Denied)
    assert browser.refreshes == 1


@scenario
async def test_a_refresh_ahead_without_a_network_is_tried_again_later() -> None:
    """Offline when it is due, the token is replaced once the network is back, without a call every moment."""
    browser = Browser()
    dated(browser)
    old, _ = browser.log_in()
    tab = await booted(browser)
    browser.server.offline = True
    await pass_time(ACCESS_LIFETIME + 600)
    assert browser.refreshes < 15
    browser.server.offline = False
    await pass_time(61)
    assert tab.access != old


@scenario
async def test_a_clock_that_is_wrong_refreshes_nothing() -> None:
    """A device whose clock is a month ahead finds every token dead: it replaces one, sees that, and stops."""
    browser = Browser()
    dated(browser, exp=-30 * DAY)
    browser.log_in()
    tab = await booted(browser)
    for _ in range(10):
        await tab.ask()
        await pass_time(DAY)
    assert browser.refreshes == 1
    assert tab.heard == []
