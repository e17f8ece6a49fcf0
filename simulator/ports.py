"""The ports of ``pilito.ports`` for one simulated tab."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pilito.arrivals import Arrivals
from pilito.exceptions import NetworkError
from pilito.ports import HttpResponse, PageSignal, SocketSink, TimerHandle, Undo

from simulator.browser import Request
from simulator.network import Socket, token_of

if TYPE_CHECKING:
    from simulator.clock import Entry
    from simulator.tab import Tab

T = TypeVar("T")
CLOSING: Final = 0.04  # seconds from the server's close to the event


class Callbacks:
    """Listeners of one kind, in order."""

    def __init__(self) -> None:
        self.all: list[Callable[..., object]] = []

    def add(self, callback: Callable[..., object]) -> Undo:
        self.all.append(callback)

        def undo() -> None:
            if callback in self.all:
                self.all.remove(callback)

        return undo

    def call(self, *args: Any) -> None:
        for callback in [*self.all]:
            callback(*args)


class SimTimer:
    """A running timer of a tab's."""

    __slots__ = ("_entry", "_tab", "due")

    def __init__(self, tab: "Tab", entry: "Entry", due: float) -> None:
        self._tab = tab
        self._entry = entry
        self.due = due

    @property
    def running(self) -> bool:
        return not self._entry.cancelled

    def cancel(self) -> None:
        if not self._entry.cancelled:
            self._entry.cancel()
            self._tab.timers.discard(self._entry)


class SimTask:
    def __init__(self, task: "asyncio.Future[Any]") -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()


class SimScheduler:
    """``Scheduler`` on the tab's own loop."""

    def __init__(self, tab: "Tab") -> None:
        self._tab = tab

    def now(self) -> float:
        return self._tab.clock.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        tab = self._tab
        due = tab.clock.now + max(delay, 0)
        entry = tab.clock.at(due, self._fire, callback, place=tab, timer=True)
        entry.args = (callback, entry)
        tab.timers.add(entry)
        return SimTimer(tab, entry, due)

    def _fire(self, callback: Callable[[], None], entry: "Entry") -> None:
        self._tab.timers.discard(entry)
        entry.cancelled = True
        callback()

    def spawn(self, work: Awaitable[None], *, name: str) -> TimerHandle:
        task = asyncio.ensure_future(work)
        self._tab.tasks.add(task)
        task.add_done_callback(lambda done: self._done(name, done))
        return SimTask(task)

    def _done(self, name: str, done: "asyncio.Future[Any]") -> None:
        self._tab.tasks.discard(done)
        if not done.cancelled() and done.exception():
            self._tab.fail(f"the task {name!r} raised {done.exception()!r}")


class SimStorage:
    """``Storage``: what others write is seen late."""

    def __init__(self, tab: "Tab") -> None:
        self._tab = tab

    def get(self, key: str) -> str | None:
        unseen = self._tab.unseen.get(key)
        return unseen[0] if unseen else self._tab.browser.stored.get(key)

    def set(self, key: str, value: str) -> bool:
        self._tab.browser.write(self._tab, key, value)
        return True

    def remove(self, key: str) -> None:
        self._tab.browser.write(self._tab, key, None)

    def keys(self) -> list[str]:
        return [*self._tab.browser.stored]

    def subscribe(self, callback: Callable[[str | None, str | None], None]) -> Undo:
        return self._tab.storage_events.add(callback)


class SimChannel:
    """``Channel``."""

    def __init__(self, tab: "Tab") -> None:
        self._tab = tab

    def post(self, message: Mapping[str, object]) -> None:
        self._tab.browser.post(self._tab, message)

    def subscribe(self, callback: Callable[[Mapping[str, object]], None]) -> Undo:
        return self._tab.channel_events.add(lambda text: callback(json.loads(text)))


class SimLocks:
    """``Locks``, as ``navigator.locks``: exclusive over all tabs, released when a tab dies."""

    shared = True

    def __init__(self, tab: "Tab") -> None:
        self._tab = tab
        self._marks: dict[str, float] = {}

    async def hold(self, name: str, body: Callable[[], Awaitable[T]], *, timeout: float = 30.0) -> T:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        request = Request(self._tab, name, lambda: _settle(granted, None))
        self._tab.browser.request(request)
        try:
            await asyncio.wait_for(granted, timeout)
            return await body()
        finally:
            self._tab.browser.let_go(request)

    async def mark(self, name: str, seconds: float) -> None:
        self._tab.browser.marks[name] = (self._tab, self._tab.clock.now + seconds)
        await asyncio.sleep(0)

    async def marked(self, name: str) -> bool:
        await asyncio.sleep(0)
        tab, until = self._tab.browser.marks.get(name, (None, 0.0))
        return tab is not None and not tab.dead and until > self._tab.clock.now


class SimLife:
    """``PageLife``."""

    def __init__(self, tab: "Tab") -> None:
        self._tab = tab
        self.online = True

    @property
    def visible(self) -> bool:
        return not self._tab.hidden

    def subscribe(self, callback: Callable[[PageSignal], None]) -> Undo:
        return self._tab.life_events.add(callback)


class SimNavigation:
    """``Navigation``: the address, and how it came to it."""

    def __init__(self, tab: "Tab", path: str) -> None:
        self._tab = tab
        self.history = [path]

    @property
    def path(self) -> str:
        return self.history[-1]

    def push(self, path: str) -> None:
        self.history.append(path)

    def replace(self, path: str) -> None:
        self.history[-1] = path

    def subscribe(self, callback: Callable[[str], None]) -> Undo:
        return self._tab.address_events.add(callback)


class SimHttp:
    """``Http`` over the simulated network."""

    def __init__(self, tab: "Tab") -> None:
        self._tab = tab

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: object = None,
        timeout: float = 10.0,
        scheme: str = "Bearer ",
    ) -> HttpResponse:
        future: asyncio.Future[HttpResponse | None] = asyncio.get_running_loop().create_future()
        call = (method, path, token, json, scheme)
        refresh = json["refresh"] if isinstance(json, dict) and "refresh" in json else ""
        sessions = self._tab.browser.sessions
        if refresh:
            sessions.refreshes(self._tab, refresh)
        overdue = self._tab.clock.now + timeout
        self._tab.network.call(self._tab, call, lambda answer: self._answered(future, answer, refresh, overdue))
        timer = SimScheduler(self._tab).call_later(timeout, lambda: _settle(future, None))
        try:
            answer = await future
        finally:
            timer.cancel()
            sessions.has_asked(self._tab, refresh)
        if answer is None:
            raise NetworkError("no answer")
        return answer

    def _answered(
        self, future: "asyncio.Future[HttpResponse | None]", answer: HttpResponse | None, refresh: str, overdue: float
    ) -> None:
        if refresh and answer is not None and self._tab.clock.now < overdue:
            self._tab.browser.sessions.refreshed(self._tab, refresh, answer)
        _settle(future, answer)


def _settle(future: "asyncio.Future[T]", value: T) -> None:
    """Give a future its value, unless somebody was faster."""
    if not future.done():
        future.set_result(value)


class SimSource:
    """``arrivals.Source``: frames wait here for a turn of the tab's."""

    def __init__(self, tab: "Tab", turn: Callable[[], None]) -> None:
        self._tab = tab
        self._turn = turn
        self._frames: list[str | None] = []
        self._watching = False
        self._woken: Entry | None = None

    def arrive(self, text: str | None) -> None:
        self._frames.append(text)
        if self._watching:
            self._watching = False
            self.wake()

    def take(self, limit: int) -> Sequence[str | None]:
        taken, self._frames = self._frames[:limit], self._frames[limit:]
        return taken

    def waiting(self) -> int:
        return len(self._frames)

    def wake(self) -> None:
        self._woken = self._tab.clock.after(0, self._turn, place=self._tab)

    def watch(self) -> None:
        self._watching = not self._frames
        if self._frames:
            self.wake()

    def drop(self) -> None:
        self._frames.clear()
        self._watching = False
        if self._woken:
            self._woken.cancel()


class SimConnector:
    """``Connector``: one socket at a time, and a complaint when an earlier one is still there."""

    def __init__(self, tab: "Tab", endpoint: str) -> None:
        self._tab = tab
        self._endpoint = endpoint
        self._socket: Socket | None = None
        self._source = SimSource(tab, lambda: self._arrivals.turn())
        self._arrivals = Arrivals(self._source, lambda: tab.clock.now)

    def open(self, generation: int, url: str, protocols: Sequence[str], sink: SocketSink) -> None:
        if self._socket is not None:
            self._tab.fail(f"{self._endpoint} was dialled while there is a socket")
        self.abandon(1000, "Replaced")
        self._arrivals.begin(generation, sink)
        self._socket = Socket(self._tab, self._endpoint, token_of(url), self)
        self._tab.dialled(self._socket)
        self._tab.network.dial(self._socket)

    def send(self, text: str) -> bool:
        if self._socket is None or not self._socket.open:
            return False
        self._tab.frames_sent += 1
        self._tab.network.up(self._socket, text)
        if self._tab.when_sent:
            happens, self._tab.when_sent = self._tab.when_sent, None
            happens()
        return True

    def abandon(self, code: int, reason: str) -> None:
        self._arrivals.drop()
        socket, self._socket = self._socket, None
        if socket is not None:
            if reason == "No answer" and self._tab.network.carries(socket):
                self._tab.fail(f"the link of {self._endpoint} was well and was given up")
            socket.attached = socket.open = False
            self._tab.sockets.discard(socket)
            self._tab.network.leave(socket)

    def release(self) -> None:
        self.abandon(1000, "Released")

    def opened(self, socket: Socket) -> None:
        socket.open = True
        self._arrivals.opened()

    def frame(self, socket: Socket, text: str | None) -> None:
        if text is not None and "duplicate_connection" in text:
            self._tab.closed(self._endpoint, 1000, "")
        elif text is not None and "access_denied" in text:
            self._tab.closed(self._endpoint, 1008, "")
        self._source.arrive(text)

    def closed(self, socket: Socket, code: int, reason: str) -> None:
        """The server closes. For a moment the socket is closing: nothing goes out, and nobody has been told."""
        socket.open = False
        self._tab.clock.after(CLOSING, self._say_closed, socket, code, reason, place=self._tab)

    def _say_closed(self, socket: Socket, code: int, reason: str) -> None:
        if not socket.attached:
            return
        socket.attached = False
        self._tab.sockets.discard(socket)
        self._socket = None
        self._tab.closed(self._endpoint, code, reason)
        self._arrivals.closed(code, reason)
