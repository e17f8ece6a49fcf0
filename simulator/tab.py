"""One tab: the application composed as in ``pilito.browser.compose``, over simulated ports, and the tab's own life."""

import asyncio.events
import inspect
import json
from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

from pages import PAGES
from pages.chat import ChatPage
from pages.strings import LANGUAGES
from pilito.app import App
from pilito.auth import Auth
from pilito.budget import DialBudget
from pilito.carriers import QueryCarrier
from pilito.events import Reason, State
from pilito.lifecycle import Lifecycle
from pilito.ports import PageSignal
from pilito.registry import Registry, Subscription

from simulator.browser import Browser
from simulator.clock import Clock, Entry, TabLoop
from simulator.document import PlainFormatter, Silence, SimDocument
from simulator.network import Network, Socket
from simulator.ports import (
    Callbacks,
    SimChannel,
    SimConnector,
    SimHttp,
    SimLife,
    SimLocks,
    SimNavigation,
    SimScheduler,
    SimStorage,
)
from simulator.watched import WatchedManager

REASONS: Final = {PageSignal.ONLINE, PageSignal.VISIBLE, PageSignal.FOCUS, PageSignal.PAGESHOW, PageSignal.RESUME}
EYES: Final = frozenset({PageSignal.VISIBLE, PageSignal.FOCUS, PageSignal.PAGESHOW, PageSignal.RESUME})
LATER: Final = 300.0  # seconds hidden, after which timers run once a minute
CARRIER: Final = QueryCarrier()


class Tab:
    """One tab of a browser. ``number`` is its name in traces."""

    def __init__(
        self,
        number: int,
        browser: Browser,
        network: Network,
        clock: Clock,
        *,
        path: str,
        turn: float,
        random: Random,
        fail: Callable[[str], None],
        trace: Callable[[str], None],
    ) -> None:
        self.number, self.browser, self.network, self.clock = number, browser, network, clock
        self._random, self._fail, self._trace = random, fail, trace
        self.dead = self.asleep = self.hidden = False
        self.hidden_since = 0.0
        self.awake_since = clock.now
        self.thawing: PageSignal | None = None  # what the page is told when it wakes
        self.backlog: list[Entry] = []
        self.throttled: list[Entry] = []  # timers of a hidden tab that are due
        self.unseen: dict[str, list[str | None]] = {}
        self.frames_sent = 0
        self.when_sent: Callable[[], object] | None = None  # what happens when the next one is sent
        self.timers: set[Entry] = set()
        self.tasks: set[Any] = set()
        self.sockets: set[Socket] = set()
        self.shares: list[Subscription] = []
        self.managers: list[WatchedManager] = []
        self.dials: deque[float] = deque()
        self.wishes: deque[float] = deque()
        self.storage_events, self.channel_events = Callbacks(), Callbacks()
        self.life_events, self.address_events = Callbacks(), Callbacks()
        self._last_news: dict[str, float] = {}
        self.loop = TabLoop(clock, self, turn)  # type: ignore[abstract]  # what no page uses is not there
        self._compose(path)
        browser.tabs.append(self)

    def _compose(self, path: str) -> None:
        self.scheduler, self.storage, channel = SimScheduler(self), SimStorage(self), SimChannel(self)
        locks, self.life = SimLocks(self), SimLife(self)
        self.document = SimDocument(self._wrote)
        self.navigation = SimNavigation(self, path)
        self.console = Silence(self.fail, self.trace, partial(self.browser.sessions.check_leak, self))
        self.auth = Auth(
            http=SimHttp(self),
            storage=self.storage,
            locks=locks,
            channel=channel,
            scheduler=self.scheduler,
            budget=DialBudget(self.storage, locks, self.scheduler, self.life),
        )
        self.registry = Registry(self._make_manager)
        self.app = App(
            PAGES,
            languages=LANGUAGES,
            document=self.document,
            registry=self.registry,
            auth=self.auth,
            navigation=self.navigation,
            scheduler=self.scheduler,
            storage=self.storage,
            life=self.life,
            format=PlainFormatter(),
            console=self.console,
        )
        self.lifecycle = Lifecycle(self.life, self.registry, channel)
        self.clock.after(0, self.app.start, place=self)

    def _make_manager(self, endpoint: str) -> WatchedManager:
        manager = WatchedManager(
            self,
            endpoint,
            url=f"wss://shop{endpoint}",
            connector=SimConnector(self, endpoint),
            tokens=self.auth,
            scheduler=self.scheduler,
            random=self._random,
            console=self.console,
            carrier=CARRIER,
        )
        self.managers.append(manager)
        return manager

    # --- running ---

    def run(self, entry: Entry) -> None:
        """Let something happen here, or keep it for when the tab wakes."""
        if self.dead:
            return
        if self.asleep:
            self.backlog.append(entry)
        elif entry.timer and self.hidden and self._throttled() > self.clock.now:
            if not self.throttled:
                self.clock.at(self._throttled(), self._run_throttled)
            self.throttled.append(entry)
        else:
            self.enter(entry.call, *entry.args)

    def _run_throttled(self) -> None:
        waiting, self.throttled = self.throttled, []
        for entry in waiting:
            self.clock.push(self.clock.now, entry)

    def _throttled(self) -> float:
        """When a hidden tab's timers run next: once a second, later once a minute."""
        step = 60.0 if self.clock.now - self.hidden_since > LATER else 1.0
        return -(-self.clock.now // step) * step

    def enter(self, call: Callable[..., object], *args: Any) -> None:
        """Call into the tab. What it raises would be an uncaught error in the browser."""
        asyncio.events._set_running_loop(self.loop)
        try:
            call(*args)
        except Exception as error:
            self.fail(f"an uncaught {type(error).__name__}: {error}")
        finally:
            asyncio.events._set_running_loop(None)

    def fail(self, what: str) -> None:
        self._fail(f"tab {self.number}: {what}")

    def trace(self, what: str) -> None:
        self._trace(f"tab {self.number}: {what}")

    # --- what other tabs do ---

    def post_in_order(self, kind: str, delay: float, call: Callable[..., object], *args: Any) -> None:
        """Let news of one kind arrive after the news before it."""
        when = max(self.clock.now + delay, self._last_news.get(kind, 0))
        self._last_news[kind] = when
        self.clock.at(when, call, *args, place=self)

    def see(self, key: str) -> None:
        """Another tab's write to storage becomes visible; the event that says so is still on the way."""
        unseen = self.unseen.get(key)
        if unseen:
            unseen.pop(0)

    def hear(self, text: str) -> None:
        """A message of another tab's."""
        if "connection-stable" in text:
            self.wished(looked_at=False)
        self.channel_events.call(text)
        news = json.loads(text)
        if news["kind"] == "connection-stable":
            self._check_woken(looked_at=False)
        elif news["kind"] == "login" and self.auth.user is not None and self.auth.user.id != news["user"]:
            self.fail(f"user {news['user']} has logged in, and {self.auth.user.id} is still on the screen")

    # --- life ---

    def signal(self, signal: PageSignal) -> None:
        """The browser tells the page something."""
        if signal not in (PageSignal.HIDDEN, PageSignal.OFFLINE, PageSignal.PAGEHIDE, PageSignal.FREEZE):
            self.wished(looked_at=signal in EYES)
        self.trace(f"the browser says {signal}")
        before = [(manager.state, manager.reason) for manager in self.managers]
        self.enter(self.life_events.call, signal)
        if signal in REASONS:
            self._check_woken(looked_at=signal in EYES)
        elif signal is PageSignal.HIDDEN and before != [(manager.state, manager.reason) for manager in self.managers]:
            self.fail("a connection has changed because nobody looks")
        elif signal in (PageSignal.PAGEHIDE, PageSignal.FREEZE) and self.sockets:
            self.fail(f"a socket is still there after {signal}")

    def _check_woken(self, *, looked_at: bool) -> None:
        """A dial may succeed now: nobody goes on waiting, but for what the server or another tab has asked for."""
        asked = {Reason.THROTTLED, Reason.REFUSED} | (set() if looked_at else {Reason.QUEUED})
        for manager in self.managers:
            if manager.state is State.WAITING and manager.reason not in asked:
                self.fail(f"{manager.endpoint} goes on waiting")
            patient = {Reason.REPLACED} if looked_at else {Reason.REPLACED, Reason.FROZEN}
            if manager.state is State.SUSPENDED and manager.reason not in patient:
                self.fail(f"{manager.endpoint} stays suspended")

    def hide(self) -> None:
        if not self.hidden:
            self.hidden, self.hidden_since = True, self.clock.now
            self.signal(PageSignal.HIDDEN)

    def show(self) -> None:
        if self.hidden:
            self.hidden = False
            self.awake_since = self.clock.now
            self._run_throttled()
            self.signal(PageSignal.VISIBLE)

    def sleep(self) -> None:
        """Nothing runs here any more, without a word."""
        self.asleep = True

    def wake(self, *, timers_first: bool) -> None:
        """What has piled up happens now: late timers before or after the frames."""
        if not self.asleep:
            return
        self.asleep = False
        self.awake_since = self.clock.now
        waiting, self.backlog = self.backlog, []
        if timers_first:
            waiting.sort(key=lambda entry: not entry.timer)
        for entry in waiting:
            self.clock.push(self.clock.now, entry)

    def die(self) -> None:
        """The tab is closed, or crashes."""
        self.dead = True
        for socket in [*self.sockets]:
            socket.attached = False
            self.network.leave(socket)
        self.browser.died(self)

    def bury(self) -> None:
        """Close what was never begun; it would complain of that when it is thrown away."""
        for task in self.tasks:
            work = task.get_coro()
            if inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
                work.close()

    def begin_share(self, endpoint: str, seconds: float) -> None:
        """Something beside the page uses its connection too."""
        share = self.registry.subscribe(endpoint)
        self.shares.append(share)
        self.clock.after(seconds, self.end_share, share, place=self)

    def end_share(self, share: Subscription) -> None:
        """Whoever used the page's connection too has done so long enough."""
        if share in self.shares:
            self.shares.remove(share)
            share.close()

    # --- what is watched ---

    @property
    def chat(self) -> ChatPage | None:
        """The conversation that is shown, if one is."""
        page = self.app._page
        return page if isinstance(page, ChatPage) else None

    def wished(self, *, looked_at: bool = True) -> None:
        """Somebody has given a reason to dial; ``looked_at`` when it is somebody's eyes or hand."""
        self.wishes.append(self.clock.now)
        for manager in self.managers:
            manager.encouraged(looked_at=looked_at)

    def closed(self, endpoint: str, code: int, reason: str) -> None:
        """The server has ended a socket, and the page is about to hear of it."""
        for manager in self.managers:
            if manager.endpoint == endpoint and not manager._releasing:
                manager.server_closed(code, reason)

    def dialled(self, socket: Socket) -> None:
        """A socket is about to be dialled: may it?"""
        self.sockets.add(socket)
        self.dials.append(self.clock.now)
        manager = next(
            (m for m in self.managers if m.endpoint == socket.endpoint and m.state is State.CONNECTING), None
        )
        if manager is None or socket.endpoint not in {info.endpoint for info in self.registry.connections()}:
            self.fail(f"{socket.endpoint} was dialled and nobody wants it")
        elif self.auth.user is None:
            self.fail(f"{socket.endpoint} was dialled and nobody is logged in")
        else:
            manager.dials()
            self.browser.sessions.dials(self, socket.token)

    def _wrote(self, owner: str) -> None:
        if self.auth.user is None or self.auth.user.id != owner:
            self.fail(f"data of user {owner} was shown to {self.auth.user}")
