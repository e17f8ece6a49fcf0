"""Whole tabs on virtual time: session, connections and a backend that checks what it is dialled with."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pilito.auth import AuthChange, Session
from pilito.carriers import QueryCarrier
from pilito.events import LifecycleEvent, Reason, State, WakeCause
from pilito.manager import WebSocketManager
from pilito.ports import HttpResponse, SocketSink
from pilito.registry import Registry, Subscription
from pilito.wire import PROBE

from tests.fakes import FakeConnector, FakeServer, Lines, Socket, pass_time
from tests.pilito.tabs import CUSTOMERS, LIST, Browser, Tab

LATENCY, WINDOW = 0.05, 60.0
PROFILES = ("guide", "documented", "hello", "kick", "current")
SAYS_UNAUTHORIZED, GREETS, KICKS = {"guide"}, {"guide", "documented", "hello", "kick"}, {"documented", "kick"}


class Backend(FakeServer):
    """HTTP and sockets of one profile, with the limit of ten connections a minute for each user.

    ``mood`` is what happens to a dial: ``well``, ``refuse``, ``hang`` (never answered) or ``silent`` (opened, then
    nothing). In debug mode sockets take every token: one that was issued as its user's, others as the first user's.
    """

    def __init__(self, profile: str = "guide", *, debug: bool = False, limit: int = 10) -> None:
        super().__init__()
        self.profile, self.debug, self.limit = profile, debug, limit
        self.mood = "well"
        self.dials: dict[int, list[float]] = {}
        self.most_in_a_minute = 0
        self.dialled: list[float] = []
        self.live: dict[Socket, int] = {}
        self.refreshed_with: Counter[str] = Counter()
        self.signed: dict[str, int] = {}

    def issue(self, user: int = 1) -> tuple[str, str]:
        access, refresh = super().issue(user)
        self.signed[access] = user
        return access, refresh

    def take_refresh(self, refresh: str) -> HttpResponse:
        self.refreshed_with[refresh] += 1
        return super().take_refresh(refresh)

    def kill(self, access: str) -> None:
        """An access token dies."""
        self.access.pop(access, None)

    def dial(self, socket: Socket) -> None:
        now = asyncio.get_running_loop().time()
        self.dialled = [at for at in self.dialled if now - at < WINDOW] + [now]
        self.most_in_a_minute = max(self.most_in_a_minute, len(self.dialled))
        asyncio.get_running_loop().call_later(LATENCY, self._answer, socket, now)

    def _answer(self, socket: Socket, now: float) -> None:
        if socket.closed_with is not None or self.mood == "hang":
            return
        token = parse_qs(urlsplit(socket.url).query)["token"][0]
        user = self.signed.get(token, 1) if self.debug else self.access.get(token, 0)
        if self.offline or self.mood == "refuse" or not self._has_room(user, now):
            socket.close(1006)
        elif not user and self.profile in SAYS_UNAUTHORIZED:
            socket.accept(hello=False).frame('{"type":"authentication_error","error_code":"AUTH_REQUIRED"}')
            socket.close(4001)
        elif not user:
            socket.close(1006)
        else:
            self._admit(socket, user)

    def _has_room(self, user: int, now: float) -> bool:
        """A slot of the sliding window; only tokens that are good take one."""
        recent = self.dials[user] = [at for at in self.dials.get(user, []) if now - at < WINDOW]
        if user and len(recent) < self.limit:
            recent.append(now)
        elif user:
            return False
        return True

    def _admit(self, socket: Socket, user: int) -> None:
        path = urlsplit(socket.url).path
        if self.profile in KICKS:
            for other, owner in self.open_sockets().items():
                if owner == user and urlsplit(other.url).path == path:
                    other.close(1000)
        self.live[socket] = user
        socket.accept(hello=self.profile in GREETS and self.mood != "silent")
        if self.mood != "silent":
            socket.frame(json.dumps({"type": "data", "user": user}))

    def open_sockets(self) -> dict[Socket, int]:
        self.live = {socket: user for socket, user in self.live.items() if socket.open}
        return dict(self.live)

    def close_all(self, code: int) -> None:
        for socket in self.open_sockets():
            socket.close(code)


class _ServedConnector(FakeConnector):
    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend

    def open(self, generation: int, url: str, protocols: Sequence[str], sink: SocketSink) -> None:
        super().open(generation, url, protocols, sink)
        self._backend.dial(self.last)

    def send(self, text: str) -> bool:
        sent = super().send(text)
        if sent and text == PROBE and self._backend.mood == "well":
            asyncio.get_running_loop().call_later(LATENCY, self.last.frame, '{"error":"Invalid JSON format"}')
        return sent


class ShopTab:
    """One tab: it shows its endpoints while there is a session, and the login page while there is none."""

    def __init__(self, shop: "Shop", tab: Tab, endpoints: Sequence[str], seed: int) -> None:
        self._shop = shop
        self.auth = tab
        self._endpoints = endpoints
        self._random = random.Random(seed)
        self.registry = Registry(self._make_manager)
        self.subscriptions: list[Subscription] = []
        self.wrong: list[str] = []
        tab.subscribe(self._changed)

    async def boot(self) -> None:
        while True:
            await self.auth.start()
            if self.auth.session is not Session.UNREACHABLE:
                break
            await asyncio.sleep(2)
        self._show()

    def wake(self) -> None:
        """The user comes back and asks for every connection."""
        self.registry.wake(WakeCause.FOCUS)
        for endpoint in self._endpoints:
            self.registry.retry(endpoint)

    @property
    def states(self) -> list[State]:
        return [info.state for info in self.registry.connections()]

    @property
    def settled(self) -> bool:
        """Whether every connection is up, or was taken over by another tab."""
        connections = self.registry.connections()
        up = all(info.state is State.READY or info.reason is Reason.REPLACED for info in connections)
        return up and len(connections) == len(self._endpoints)

    def _make_manager(self, endpoint: str) -> WebSocketManager:
        return WebSocketManager(
            endpoint,
            url=f"ws://shop.test{endpoint}",
            connector=_ServedConnector(self._shop.backend),
            tokens=self.auth,
            scheduler=self._shop.clock,
            random=self._random,
            console=Lines(),
            carrier=QueryCarrier(),
        )

    def _changed(self, change: AuthChange) -> None:
        """What the application does: nothing of the old session stays, then what the new one allows is shown."""
        self._leave()
        self.registry.disconnect_all()
        if change in {AuthChange.LOGGED_IN, AuthChange.USER_CHANGED}:
            self._show()

    def _show(self) -> None:
        self._leave()
        if self.auth.session is not Session.VALID:
            return
        for endpoint in self._endpoints:
            subscription = self.registry.subscribe(endpoint)
            subscription.on("data", self._look)
            subscription.on_lifecycle(LifecycleEvent.AUTH_ERROR, partial(self._refused, subscription))
            self.subscriptions.append(subscription)

    def _refused(self, subscription: Subscription, _: object) -> None:
        self._shop.clock.spawn(self._end_or_connect(subscription), name="the end of the session")

    async def _end_or_connect(self, subscription: Subscription) -> None:
        if not await self.auth.refused(subscription.endpoint):
            subscription.connect()

    def _leave(self) -> None:
        while self.subscriptions:
            self.subscriptions.pop().close()

    def _look(self, message: dict[str, Any]) -> None:
        mine = self.auth.user.id if self.auth.user else None
        if str(message["user"]) != mine:
            self.wrong.append(f"user {mine} was shown the data of user {message['user']}")


class Shop(Browser):
    """One person's browser with whole tabs in it."""

    def __init__(self, profile: str = "guide", *, locks: bool = True, debug: bool = False, limit: int = 10) -> None:
        super().__init__(locks=locks)
        self.server = self.backend = Backend(profile, debug=debug, limit=limit)
        self.tabs: list[ShopTab] = []

    def open(self, *, visible: bool = True, endpoints: Sequence[str] = (LIST, CUSTOMERS)) -> ShopTab:
        """Open a tab; it boots in its own time."""
        tab = ShopTab(self, self.tab(visible=visible), endpoints, seed=len(self.tabs))
        self.tabs.append(tab)
        self.clock.spawn(tab.boot(), name="boot")
        return tab

    async def settle(self, seconds: float = 600.0) -> float:
        """Pass time until every tab is where it stays; returns how long that took, in virtual seconds."""
        began = self.clock.now()
        while self.clock.now() - began < seconds:
            await pass_time(1)
            if all(tab.settled or tab.auth.session is Session.NONE for tab in self.tabs):
                break
        return self.clock.now() - began
