"""The session over one and several tabs, on virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pilito.auth import Auth, AuthChange, Session
from pilito.budget import ALLOWED, LEDGER, DialBudget
from pilito.events import Reason
from pilito.exceptions import AuthenticationError, NetworkError, ServerError
from pilito.ports import Denied, Issued, Unavailable

from tests.fakes import (
    Clock,
    FakeChannel,
    FakeHttp,
    FakeLife,
    FakeLocks,
    FakeServer,
    FakeStorage,
    Shared,
    pass_time,
    run,
)

LIST, CHAT = "/ws/conversations/", "/ws/chat/abc/"


class Browser:
    """Several tabs of one person, against one server."""

    def __init__(self, *, locks: bool = True) -> None:
        self.server, self.shared, self.clock = FakeServer(), Shared(), Clock()
        self.across_tabs = locks

    def tab(self, *, visible: bool = True) -> Auth:
        storage, life = FakeStorage(self.shared), FakeLife()
        life.visible = visible
        locks = FakeLocks(self.shared, across_tabs=self.across_tabs)
        auth = Auth(
            http=FakeHttp(self.server),
            storage=storage,
            locks=locks,
            channel=FakeChannel(self.shared),
            scheduler=self.clock,
            budget=DialBudget(storage, locks, self.clock, life),
        )
        auth.heard = []  # type: ignore[attr-defined]
        auth.subscribe(auth.heard.append)  # type: ignore[attr-defined]
        return auth

    def log_in(self, user: int = 1) -> tuple[str, str]:
        access, refresh = self.server.issue(user)
        self.shared.store.update(access_token=access, refresh_token=refresh)
        return access, refresh

    async def session(self, *, visible: bool = True) -> Auth:
        auth = self.tab(visible=visible)
        await auth.start()
        return auth


def heard(auth: Auth) -> list[AuthChange]:
    found: list[AuthChange] = auth.heard  # type: ignore[attr-defined]
    return found


def scenario(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def wrapped() -> None:
        run(test)

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    return wrapped


async def ask(
    auth: Auth, endpoint: str = LIST, *, verify: bool = False, refresh: bool = False, failures: int = 0
) -> object:
    refused = auth._tokens.access if refresh else None
    return await auth.token(endpoint, verify=verify, refused=refused, failures=failures)


@scenario
async def test_a_pair_newer_than_the_refused_token_is_not_refreshed() -> None:
    """A tab that learns of a sibling's refresh before its own socket is refused dials with the pair it has."""
    browser = Browser()
    old, _ = browser.log_in()
    first, second = await browser.session(), await browser.session()
    renewed = await ask(first, refresh=True)
    await pass_time(1)
    assert await second.token(LIST, verify=False, refused=old, failures=0) == renewed
    assert browser.server.count("refresh-access") == 1


@scenario
async def test_start_says_whose_session_it_is() -> None:
    """With a good token the session is valid and the user known; without one there is none."""
    browser = Browser()
    assert (await browser.session()).session is Session.NONE
    browser.log_in()
    auth = await browser.session()
    assert auth.session is Session.VALID
    assert auth.user is not None
    assert auth.user.id == "1"


@scenario
async def test_an_unreachable_server_keeps_the_tokens() -> None:
    """Offline at start is not a logout, and asking again finds the session."""
    browser = Browser()
    browser.log_in()
    browser.server.offline = True
    auth = await browser.session()
    assert auth.session is Session.UNREACHABLE
    browser.server.offline = False
    await auth.start()
    assert auth.session is Session.VALID


@scenario
async def test_a_dead_token_at_start_is_refreshed_once() -> None:
    """A dead access token with a live refresh token starts a session after one refresh."""
    browser = Browser()
    access, _ = browser.log_in()
    del browser.server.access[access]
    auth = await browser.session()
    assert auth.session is Session.VALID
    assert browser.server.count("refresh-access") == 1


@scenario
async def test_rubbish_at_start_ends_in_login() -> None:
    """Rubbish in storage is asked about, refreshed once in vain, and cleared."""
    browser = Browser()
    browser.shared.store.update(access_token="rubbish", refresh_token="rubbish")
    auth = await browser.session()
    assert auth.session is Session.NONE
    assert "access_token" not in browser.shared.store
    assert browser.server.count("refresh-access") == 1


@scenario
async def test_another_users_answer_clears_what_was_stored() -> None:
    """When the server names another user than the stored one, the old user's data goes and the change is announced."""
    browser = Browser()
    browser.log_in(1)
    await browser.session()
    browser.shared.store["pilito.data.1.draft.x"] = "secret"
    browser.log_in(2)
    auth = await browser.session()
    assert auth.user is not None
    assert auth.user.id == "2"
    assert "pilito.data.1.draft.x" not in browser.shared.store
    assert heard(auth) == [AuthChange.USER_CHANGED]


@scenario
async def test_no_token_is_denied() -> None:
    """Without a token the answer is Denied, and the end of the session is announced once."""
    browser = Browser()
    browser.log_in()
    auth = await browser.session()
    browser.shared.store.clear()
    assert isinstance(await ask(auth), Denied)
    assert isinstance(await ask(auth), Denied)
    assert heard(auth) == [AuthChange.EXPIRED]


@scenario
async def test_the_five_answers() -> None:
    """A dial that never opened is diagnosed: dead token, allowance, refused chat, server in trouble, offline."""
    browser = Browser()
    access, _ = browser.log_in()
    auth = await browser.session()
    assert isinstance(await ask(auth, verify=True, failures=1), Issued)
    assert isinstance(await ask(auth, CHAT), Issued)
    throttled = await ask(auth, verify=True, failures=2)
    assert isinstance(throttled, Unavailable)
    assert throttled.reason is Reason.THROTTLED
    assert throttled.retry_after == pytest.approx(60, abs=2)
    refused = await ask(auth, CHAT, verify=True, failures=2)
    assert isinstance(refused, Unavailable)
    assert refused.reason is Reason.REFUSED
    browser.server.status = 503
    assert await ask(auth, verify=True, failures=1) == Unavailable(Reason.LOST)
    browser.server.status = 429
    assert await ask(auth, verify=True, failures=1) == Unavailable(Reason.THROTTLED)
    browser.server.status, browser.server.offline = None, True
    assert await ask(auth, verify=True, failures=1) == Unavailable(Reason.OFFLINE)
    browser.server.offline = False
    browser.server.access.clear()
    browser.server.refresh.clear()
    assert isinstance(await ask(auth, verify=True, failures=1), Denied)
    assert heard(auth) == [AuthChange.EXPIRED]
    assert access not in browser.shared.store.values()


@scenario
async def test_patience_ends_after_a_minute() -> None:
    """A minute after the last dial another one is allowed."""
    browser = Browser()
    browser.log_in()
    auth = await browser.session()
    await ask(auth)
    assert isinstance(await ask(auth, verify=True, failures=5), Unavailable)
    await pass_time(61)
    assert isinstance(await ask(auth, verify=True, failures=5), Issued)


@scenario
async def test_a_forced_refresh_adopts_a_siblings_pair() -> None:
    """When a sibling has stored a newer pair, it is adopted without a call."""
    browser = Browser()
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    answers = [await ask(first, refresh=True), await ask(second)]
    assert isinstance(answers[0], Issued)
    assert answers[0].token == browser.shared.store["access_token"]
    assert browser.server.count("refresh-access") == 1


@pytest.mark.parametrize(("storage_lag", "channel_lag"), [(0.5, 0.2), (0.2, 0.5), (2.0, 9.0), (9.0, 2.0)])
def test_a_refresh_is_known_before_its_news_arrives(storage_lag: float, channel_lag: float) -> None:
    """A tab whose view of storage lags waits for the sibling's pair instead of refreshing the dead one again."""

    async def once() -> None:
        browser = Browser()
        browser.log_in()
        first, second = await browser.session(), await browser.session()
        browser.shared.lag, browser.shared.channel_lag = storage_lag, channel_lag
        answers = [await ask(first, refresh=True), await ask(second, refresh=True)]
        assert answers[0] == answers[1]
        assert isinstance(answers[0], Issued)
        assert browser.server.count("refresh-access") == 1
        assert isinstance(await ask(second), Issued)
        assert heard(second) == []

    run(once)


@scenario
async def test_without_locks_the_loser_of_a_race_adopts_the_pair() -> None:
    """Where locks are missing, the tab whose refresh comes too late waits for the winner's pair and stays logged in."""
    browser = Browser(locks=False)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.lag = 0.5
    answers = await asyncio.gather(ask(first, refresh=True), ask(second, refresh=True))
    assert isinstance(answers[0], Issued)
    assert answers[0] == answers[1]
    assert heard(first) == heard(second) == []


def test_two_tabs_refresh_once_a_hundred_times() -> None:
    """Two tabs whose token is refused at the same moment make one call, a hundred times over, and stay logged in."""

    async def once() -> None:
        browser = Browser()
        browser.log_in()
        first, second = await browser.session(), await browser.session()
        browser.server.refresh_latency = 7.0
        for round_ in range(1, 101):
            access = browser.shared.store["access_token"]
            browser.server.access.pop(access)
            one, two = await asyncio.gather(ask(first, refresh=True), ask(second, verify=True, failures=1))
            assert isinstance(one, Issued)
            assert isinstance(two, Issued)
            assert one.token == two.token != access
            assert browser.server.count("refresh-access") == round_
            await pass_time(120)
        assert heard(first) == heard(second) == []

    run(once)


@scenario
async def test_a_refresh_that_gets_no_answer_is_not_a_logout() -> None:
    """Offline, or a server in trouble, during a refresh leaves the session and the tokens alone."""
    browser = Browser()
    browser.log_in()
    auth = await browser.session()
    browser.server.offline = True
    assert await ask(auth, refresh=True) == Unavailable(Reason.OFFLINE)
    browser.server.offline, browser.server.status = False, 502
    assert isinstance(await ask(auth, refresh=True), Unavailable)
    assert auth.session is Session.VALID
    assert heard(auth) == []


@scenario
async def test_login_and_its_troubles() -> None:
    """A login stores the pair and the user; wrong password, offline and a server error are told apart."""
    browser = Browser()
    auth = await browser.session()
    with pytest.raises(AuthenticationError) as refused:
        await auth.login("one@x", "wrong")
    assert refused.value.fields == {"": "Invalid email/username or password."}
    browser.server.offline = True
    with pytest.raises(NetworkError):
        await auth.login("one@x", "right")
    browser.server.offline, browser.server.status = False, 500
    with pytest.raises(ServerError):
        await auth.login("one@x", "right")
    browser.server.status = None
    user = await auth.login("one@x", "right")
    assert (user.id, auth.session) == ("1", Session.VALID)
    assert heard(auth) == [AuthChange.LOGGED_IN]


@scenario
async def test_logout_reaches_every_tab_and_revokes_both_tokens() -> None:
    """Logout clears the user's data, tells the siblings, and revokes both tokens with a bare header."""
    browser = Browser()
    access, refresh = browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.store["pilito.data.1.outbox.x"] = "unsent"
    await first.logout()
    await pass_time()
    assert [heard(tab) for tab in (first, second)] == [[AuthChange.LOGGED_OUT]] * 2
    assert second.session is Session.NONE
    assert browser.shared.store == {}
    assert access not in browser.server.access
    assert refresh not in browser.server.refresh


@scenario
async def test_an_expired_session_keeps_what_was_typed() -> None:
    """The end of a session clears the tokens in every tab, and no draft."""
    browser = Browser()
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    browser.shared.store["pilito.data.1.draft.x"] = "half a thought"
    browser.server.access.clear()
    browser.server.refresh.clear()
    await ask(first, refresh=True)
    await pass_time()
    assert [heard(tab) for tab in (first, second)] == [[AuthChange.EXPIRED]] * 2
    assert browser.shared.store["pilito.data.1.draft.x"] == "half a thought"
    await first.login("one@x", "right")
    await pass_time(1)
    assert browser.shared.store["pilito.data.1.draft.x"] == "half a thought"
    assert second.session is Session.VALID


@scenario
async def test_without_locks_a_lost_race_is_no_logout() -> None:
    """Where locks are missing, the tab whose refresh was too late adopts the pair of the one that won."""
    browser = Browser(locks=False)
    browser.log_in()
    first, second = await browser.session(), await browser.session()
    import asyncio

    async def late() -> object:
        await asyncio.sleep(0.02)
        return await ask(second, refresh=True)

    one, two = await asyncio.gather(ask(first, refresh=True), late())
    assert isinstance(one, Issued)
    assert isinstance(two, Issued)
    assert one.token == two.token


# --- the shared budget ---


@scenario
async def test_hidden_and_refused_tabs_wait_their_turn() -> None:
    """With the ledger full a visible tab that has not failed dials, a hidden or refused one waits for room."""
    browser = Browser()
    browser.log_in()
    looked_at, hidden = await browser.session(), await browser.session(visible=False)
    for _ in range(ALLOWED):
        assert isinstance(await ask(looked_at), Issued)
    assert isinstance(await ask(looked_at), Issued)
    waiting = await ask(hidden)
    assert isinstance(waiting, Unavailable)
    assert waiting.reason is Reason.THROTTLED
    assert waiting.retry_after is not None
    assert 0 < waiting.retry_after <= 61
    await pass_time(waiting.retry_after + 61)
    assert isinstance(await ask(hidden), Issued)


@pytest.mark.parametrize("rubbish", ["", "null", "{}", "[1e999]", '["x", null, true]', "[", "[99999999999]"])
def test_a_ledger_that_cannot_be_read_is_empty(rubbish: str) -> None:
    """Whatever stands in storage, a dial is allowed and the ledger is written anew."""

    async def once() -> None:
        browser = Browser()
        browser.log_in()
        browser.shared.store[LEDGER] = rubbish
        assert isinstance(await ask(await browser.session(visible=False)), Issued)

    run(once)


def test_five_tabs_on_three_endpoints_recover_after_a_restart() -> None:
    """Fifteen connections with ten dials a minute all come back within a few minutes, and nobody is logged out."""

    async def once() -> None:
        browser = Browser()
        browser.log_in()
        tabs = [await browser.session(visible=number == 0) for number in range(5)]
        wanted = [(tab, endpoint) for tab in tabs for endpoint in (LIST, CHAT, "/ws/customers/")]
        granted: list[float] = []
        for _ in range(400):
            left = []
            for tab, endpoint in wanted:
                now = browser.clock.now()
                recent = [at for at in granted if now - at < 60]
                answer = await ask(tab, endpoint, verify=True, failures=1)
                assert not isinstance(answer, Denied)
                if isinstance(answer, Issued) and len(recent) < 10:
                    granted.append(now)
                else:
                    left.append((tab, endpoint))
            wanted = left
            if not wanted:
                break
            await pass_time(5)
        assert wanted == []
        assert all(tab.session is Session.VALID for tab in tabs)

    run(once)
