"""Several tabs of one person on virtual time: what the tests of the session have in common."""

import functools
import random
from collections.abc import Awaitable, Callable, Mapping

import pytest
from pilito.auth import Auth, AuthChange
from pilito.budget import DialBudget
from pilito.channel_locks import ChannelLocks
from pilito.ports import HttpResponse, Issued, Locks, TokenAnswer

from tests.fakes import Clock, FakeChannel, FakeHttp, FakeLife, FakeLocks, FakeServer, FakeStorage, Shared, run

LIST, CHAT, CUSTOMERS = "/ws/conversations/", "/ws/chat/abc/", "/ws/customers/"
LOCKS = pytest.mark.parametrize("locks", [True, False], ids=["locks", "no locks"])


class Tab(Auth):
    """The session of one tab, with what a test wants to look at."""

    heard: list[AuthChange]
    storage: FakeStorage
    channel: FakeChannel
    life: FakeLife

    @property
    def access(self) -> str:
        return self._tokens.access

    async def ask(
        self, endpoint: str = LIST, *, verify: bool = False, refresh: bool = False, failures: int = 0
    ) -> TokenAnswer:
        """Ask for a token as a connection does; with ``refresh`` because the server has refused the one it has."""
        refused = self.access if refresh else None
        return await self.token(endpoint, verify=verify, refused=refused, failures=failures)


class Browser:
    """Several tabs of one person, against one server."""

    def __init__(self, *, locks: bool = True) -> None:
        self.server, self.shared, self.clock = FakeServer(), Shared(), Clock()
        self.locks = locks
        self.random = random.Random(7)

    def tab(self, *, visible: bool = True, early: Callable[[str], Awaitable[HttpResponse | None]] | None = None) -> Tab:
        storage, channel, life = FakeStorage(self.shared), FakeChannel(self.shared), FakeLife()
        life.visible = visible
        locks: Locks = FakeLocks(self.shared) if self.locks else ChannelLocks(channel, self.clock, self.random)
        tab = Tab(
            http=FakeHttp(self.server),
            storage=storage,
            locks=locks,
            channel=channel,
            scheduler=self.clock,
            budget=DialBudget(storage, locks, self.clock, life),
            early=early,
        )
        tab.heard, tab.storage, tab.channel, tab.life = [], storage, channel, life
        tab.subscribe(tab.heard.append)
        return tab

    async def session(self, *, visible: bool = True) -> Tab:
        """A tab that has asked whose session it is."""
        tab = self.tab(visible=visible)
        await tab.start()
        return tab

    def log_in(self, user: int = 1) -> tuple[str, str]:
        """Put a pair into storage, as an earlier login has left it."""
        access, refresh = self.server.issue(user)
        self.shared.store.update(access_token=access, refresh_token=refresh)
        return access, refresh

    @property
    def stored(self) -> Mapping[str, str]:
        return self.shared.store

    @property
    def refreshes(self) -> int:
        return self.server.count("refresh-access")


def scenario(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test on virtual time."""

    @functools.wraps(test)
    def wrapped(**arguments: object) -> None:
        run(lambda: test(**arguments))

    return wrapped


def token_of(answer: object) -> str:
    assert isinstance(answer, Issued), answer
    return answer.token
