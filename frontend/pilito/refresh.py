"""Replacing the token pair: once over all tabs, whoever asks.

The backend deletes the old pair the moment a refresh succeeds, so only one tab refreshes at a time, looks into storage
again once it has the lock, and adopts what a sibling has stored. Storage lags between processes, locks do not: who has
refreshed marks the old token as settled before letting go of the lock, and a sibling that finds the mark waits for the
news instead of refreshing the dead pair.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from pilito.auth_api import AuthApi
from pilito.events import Reason
from pilito.ports import Channel, Denied, Issued, Locks, Scheduler, TokenAnswer, Unavailable
from pilito.tokens import TokenPair, TokenStore
from pilito.waiting import happens

REFRESH_LOCK: Final = "pilito.refresh"
LOCK_TIMEOUT: Final = 75.0  # seconds; longer than the call that a sibling may be waiting for
MARK_STANDS: Final = 5.0  # seconds; a lock held for longer would keep the page out of the back/forward cache
NEWS_TRAVELS: Final = 4.0  # seconds that a sibling's new pair may take to arrive, once its mark is seen
NEWS_WITHOUT_LOCKS: Final = 1.0
T = TypeVar("T")


class Refresh:
    """One renewal at a time in this tab, one call at a time over all of them."""

    def __init__(
        self, api: AuthApi, tokens: TokenStore, *, locks: Locks, channel: Channel, scheduler: Scheduler
    ) -> None:
        self._api = api
        self._tokens = tokens
        self._locks = locks
        self._channel = channel
        self._scheduler = scheduler
        self._running: dict[str, asyncio.Task[TokenAnswer]] = {}  # by the token that is to be replaced
        self._dead = ""  # the refresh token that the server would not take, from this tab or another
        self._news = asyncio.Event()

    async def renew(self, old: str) -> TokenAnswer:
        """A token other than ``old``: a sibling's, or a new one. ``Denied`` when there is none before a login.

        Who no longer wants the answer may be cancelled; the call goes on, because the server's side of it cannot be
        taken back.
        """
        running = self._running.get(old)
        if running is None:
            running = self._running[old] = asyncio.ensure_future(self._alone(old, self._renew))
            running.add_done_callback(lambda _: self._running.pop(old, None))
        return await asyncio.shield(running)

    async def successor(self, old: str) -> TokenAnswer | None:
        """What siblings have made of ``old``, once none of them is asking for another; ``None`` for nothing."""
        return await self._alone(old, self._settled)

    def hear(self) -> None:
        """A sibling has said or stored something."""
        self._news.set()

    def spent(self, refresh: str) -> None:
        """A sibling has asked for this token in vain: nobody asks again."""
        self._dead = refresh

    async def news(self, patience: float) -> None:
        """Wait for the next thing that a sibling says or stores, for at most ``patience`` seconds."""
        self._news.clear()
        await happens(self._news, within=patience)

    def release(self) -> None:
        for task in self._running.values():
            task.cancel()

    async def _alone(self, old: str, body: Callable[[str], Awaitable[T]]) -> T | TokenAnswer:
        """``body(old)``, while no other tab renews or looks."""
        try:
            return await self._locks.hold(REFRESH_LOCK, lambda: body(old), timeout=LOCK_TIMEOUT)
        except TimeoutError:
            return self._newer_than(old) or Unavailable(Reason.LOST)

    async def _settled(self, old: str) -> TokenAnswer | None:
        """What is known without asking; ``Unavailable`` where a sibling has settled ``old`` and no news comes."""
        found = self._newer_than(old)
        if found is None and await self._locks.marked(_mark(old)):
            return await self._news_of(old, NEWS_TRAVELS) or Unavailable(Reason.LOST)
        return found

    async def _renew(self, old: str) -> TokenAnswer:
        found = await self._settled(old)
        if found is not None:
            return found
        refresh = self._tokens.refresh
        if not refresh or refresh == self._dead:
            return Denied()
        answer = await self._api.refresh(refresh)
        if isinstance(answer, TokenPair):
            return await self._renewed(old, refresh, answer)
        if isinstance(answer, Unavailable):
            return self._newer_than(old) or answer
        self._dead = refresh
        self._channel.post({"kind": "spent", "refresh": refresh})
        # Where locks are not exclusive a sibling may have been faster, and its pair may still be on its way to us.
        found = await self._news_of(old, 0 if self._locks.shared else NEWS_WITHOUT_LOCKS)
        if found is not None:
            return found
        await self._locks.mark(_mark(old), MARK_STANDS)
        return Denied()

    async def _renewed(self, old: str, refresh: str, pair: TokenPair) -> TokenAnswer:
        if self._tokens.refresh != refresh:  # logged out, or somebody logged in, while the call was under way
            self._scheduler.spawn(self._api.revoke(pair.access, pair.refresh), name="revoke an unwanted pair")
            return self._newer_than(old) or Unavailable(Reason.LOST)
        self._tokens.save(pair)
        self._channel.post({"kind": "rotated", "of": old, **pair.as_body()})
        await self._locks.mark(_mark(old), MARK_STANDS)
        return Issued(pair.access)

    async def _news_of(self, old: str, patience: float) -> TokenAnswer | None:
        """What a sibling has made of ``old``, as soon as it is known here; ``None`` after ``patience`` seconds."""
        until = self._scheduler.now() + patience
        while (found := self._newer_than(old)) is None and (left := until - self._scheduler.now()) > 0:
            await self.news(left)
        return found

    def _newer_than(self, old: str) -> TokenAnswer | None:
        """What storage says now, where it differs from ``old``: a sibling's newer token, or a logout."""
        now = self._tokens.access
        if now == old:
            return None
        return Issued(now) if now else Denied()


def _mark(token: str) -> str:
    """The name under which the tabs know that a token is settled: a checksum, from which nobody learns the token."""
    return f"pilito.settled.{zlib.crc32(token.encode()):08x}"
