"""The browser's ports without a browser: a virtual clock, sockets in the test's hand, tabs that share storage."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from pilito.exceptions import NetworkError
from pilito.ports import HttpResponse, PageSignal, SocketSink, TimerHandle, Undo

T = TypeVar("T")
START = 1_790_000_000.0


class _NoSelector(selectors.BaseSelector):
    """Never waits: waiting moves the loop's clock instead."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("the loop waits for something that will never happen")
        self._loop.virtual += timeout
        return []

    def register(self, *_: Any) -> Any: ...

    def unregister(self, *_: Any) -> Any: ...

    def get_map(self) -> Any:
        return {}


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time passes only when nothing else is left to do."""

    def __init__(self) -> None:
        super().__init__()
        self.virtual = START
        self._selector = _NoSelector(self)
        self._clock_resolution = 1e-5  # the wall clock as a float is no finer than a quarter of a microsecond

    def time(self) -> float:
        return self.virtual

    def _process_events(self, _: Any) -> None: ...

    def _write_to_self(self) -> None: ...


def run(scenario: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function to its end on virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_as_coroutine(scenario))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _as_coroutine(scenario: Callable[[], Awaitable[T]]) -> T:
    return await scenario()


async def pass_time(seconds: float = 0.0) -> None:
    """Let virtual time pass, and whatever is due happen."""
    await asyncio.sleep(seconds)
    for _ in range(10):
        await asyncio.sleep(0)


class Clock:
    """``Scheduler`` on the running virtual loop."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.timers: list[asyncio.TimerHandle] = []

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        handle = asyncio.get_running_loop().call_later(delay, callback)
        self.timers.append(handle)
        return handle

    def spawn(self, work: Awaitable[None], *, name: str) -> TimerHandle:
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda done: self._note(name, done))
        return _Task(task)

    @property
    def pending(self) -> int:
        """Timers that still run."""
        now = self.now()
        return sum(not handle.cancelled() and handle.when() > now for handle in self.timers)

    def _note(self, name: str, done: "asyncio.Future[Any]") -> None:
        if not done.cancelled() and done.exception():
            self.failures.append(f"{name}: {done.exception()!r}")


class _Task:
    def __init__(self, task: "asyncio.Future[Any]") -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()


class Socket:
    """One dial, in the test's hand."""

    def __init__(self, generation: int, url: str, sink: SocketSink) -> None:
        self.generation, self.url, self.sink = generation, url, sink
        self.sent: list[str] = []
        self.closed_with: tuple[int, str] | None = None
        self.open = False

    def accept(self, hello: bool = True) -> "Socket":
        self.open = True
        self.sink.socket_opened(self.generation)
        if hello:
            self.frame('{"type":"connection_established","message":"hi"}')
        return self

    def frame(self, text: str | None) -> None:
        self.sink.socket_frames(self.generation, [text])

    def frames(self, texts: Sequence[str | None]) -> None:
        """Frames that arrive in one turn."""
        self.sink.socket_frames(self.generation, texts)

    def close(self, code: int = 1006, reason: str = "") -> None:
        self.open = False
        self.sink.socket_closed(self.generation, code, reason)


class FakeConnector:
    """``Connector`` that remembers every dial."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self.current: Socket | None = None
        self.released = False

    def open(self, generation: int, url: str, protocols: Sequence[str], sink: SocketSink) -> None:
        self.abandon(1000, "Replaced")
        self.current = Socket(generation, url, sink)
        self.sockets.append(self.current)

    def send(self, text: str) -> bool:
        if self.current is None or not self.current.open:
            return False
        self.current.sent.append(text)
        return True

    def abandon(self, code: int, reason: str) -> None:
        if self.current:
            self.current.closed_with = (code, reason)
            self.current.open = False
        self.current = None

    def release(self) -> None:
        self.abandon(1000, "Released")
        self.released = True

    @property
    def last(self) -> Socket:
        return self.sockets[-1]


class Lines:
    """``Console`` that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def log(self, level: str, text: str) -> None:
        self.lines.append((level, text))

    def count(self, start: str) -> int:
        return sum(text.startswith(start) for _, text in self.lines)


class Shared:
    """What the tabs of one browser share."""

    def __init__(self) -> None:
        self.store: dict[str, str] = {}
        self.storages: list[FakeStorage] = []
        self.channels: list[FakeChannel] = []
        self.locks: dict[str, asyncio.Lock] = {}
        self.marks: dict[str, float] = {}
        self.lag = 0.0  # seconds until a tab sees what another has stored, and is told so
        self.channel_lag = 0.0


class FakeStorage:
    """``Storage``: events reach the other tabs only, and with ``Shared.lag`` so do the values."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._late: dict[str, list[str | None]] = {}  # values of others not seen yet, the one we still see first
        self._callbacks: list[Callable[[str | None, str | None], None]] = []
        shared.storages.append(self)

    def get(self, key: str) -> str | None:
        return self._late[key][0] if self._late.get(key) else self._shared.store.get(key)

    def set(self, key: str, value: str) -> bool:
        before = self._shared.store.get(key)
        self._late.pop(key, None)
        if before != value:
            self._shared.store[key] = value
            self._tell(key, before, value)
        return True

    def remove(self, key: str) -> None:
        before = self._shared.store.pop(key, None)
        if before is not None:
            self._tell(key, before, None)

    def keys(self) -> list[str]:
        return list(self._shared.store)

    def subscribe(self, callback: Callable[[str | None, str | None], None]) -> Undo:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def _tell(self, key: str, before: str | None, value: str | None) -> None:
        for other in self._shared.storages:
            if other is not self:
                other._late.setdefault(key, []).append(before)
                asyncio.get_running_loop().call_later(self._shared.lag, other._hear, key, value)
                if not self._shared.lag:
                    other._late[key].pop()

    def _hear(self, key: str, value: str | None) -> None:
        if self._late.get(key):
            self._late[key].pop(0)
        for callback in list(self._callbacks):
            callback(key, value)


class FakeChannel:
    """``Channel``: messages reach the other tabs only, in a later turn."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._callbacks: list[Callable[[Mapping[str, object]], None]] = []
        shared.channels.append(self)

    def post(self, message: Mapping[str, object]) -> None:
        for other in self._shared.channels:
            if other is not self:
                for callback in list(other._callbacks):
                    asyncio.get_running_loop().call_later(self._shared.channel_lag, callback, dict(message))

    def subscribe(self, callback: Callable[[Mapping[str, object]], None]) -> Undo:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)


class FakeLocks:
    """``Locks`` over all tabs, or within this one where ``shared`` is false."""

    def __init__(self, shared: Shared, *, across_tabs: bool = True) -> None:
        self._shared = shared
        self._locks = shared.locks if across_tabs else {}
        self._across = across_tabs

    @property
    def shared(self) -> bool:
        return self._across

    async def hold(self, name: str, body: Callable[[], Awaitable[T]], *, timeout: float = 30.0) -> T:
        async with self._locks.setdefault(name, asyncio.Lock()):
            return await body()

    async def mark(self, name: str, seconds: float) -> None:
        if self._across:
            self._shared.marks[name] = asyncio.get_running_loop().time() + seconds

    async def marked(self, name: str) -> bool:
        return self._across and self._shared.marks.get(name, 0) > asyncio.get_running_loop().time()


class FakeLife:
    """``PageLife`` in the test's hand."""

    def __init__(self) -> None:
        self.visible = True
        self.online = True
        self._callbacks: list[Callable[[PageSignal], None]] = []

    def subscribe(self, callback: Callable[[PageSignal], None]) -> Undo:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def signal(self, signal: PageSignal) -> None:
        for callback in list(self._callbacks):
            callback(signal)


class FakeServer:
    """The backend's HTTP side: tokens by name, rotation that deletes the old pair, and trouble on command."""

    def __init__(self) -> None:
        self.access: dict[str, int] = {}
        self.refresh: dict[str, int] = {}
        self.partner: dict[str, str] = {}  # the access token that a refresh token replaces
        self.calls: list[tuple[str, str]] = []
        self.offline = False
        self.status: int | None = None
        self.instead: dict[str, HttpResponse] = {}  # what a path, by its ending, answers instead
        self.spell: Callable[[int, int], str] = lambda number, user: f"access-{number}"
        self.latency = 0.05
        self.refresh_latency = 0.05
        self._number = 0

    def issue(self, user: int = 1) -> tuple[str, str]:
        self._number += 1
        access, refresh = self.spell(self._number, user), f"refresh-{self._number}"
        self.access[access], self.refresh[refresh], self.partner[refresh] = user, user, access
        return access, refresh

    def take_refresh(self, refresh: str) -> HttpResponse:
        """A new pair for a refresh token that is good; both old tokens are dead from then on."""
        user = self.refresh.pop(refresh, None)
        if user is None:
            return HttpResponse(401, {"success": False, "errors": ["refresh is invalid"]})
        self.access.pop(self.partner[refresh], None)
        access, new = self.issue(user)
        return HttpResponse(200, {"success": True, "data": {"access_token": access, "refresh_token": new}})

    def count(self, path: str) -> int:
        return sum(called.endswith(path) for _, called in self.calls)


def _field(json: object, name: str) -> str:
    return str(json.get(name)) if isinstance(json, dict) else ""


class FakeHttp:
    """``Http`` against a ``FakeServer``."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server

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
        server = self.server
        server.calls.append((method, path))
        refreshing = path.endswith("refresh-access") and not (server.offline or server.status or server.instead)
        # As in the backend the pair is changed at once, however late the answer is.
        refreshed = server.take_refresh(_field(json, "refresh")) if refreshing else None
        await asyncio.sleep(server.refresh_latency if path.endswith("refresh-access") else server.latency)
        if server.offline:
            raise NetworkError("offline")
        if server.status:
            return HttpResponse(server.status)
        for ending, answer in server.instead.items():
            if path.endswith(ending):
                return answer
        body = json if isinstance(json, dict) else {}
        if path.endswith("auth/status"):
            user = server.access.get(token or "")
            shown = {"id": user, "email": f"u{user}@x", "first_name": f"User {user}"} if user else None
            return HttpResponse(200, {"authenticated": user is not None, "user": shown})
        if path.endswith("refresh-access"):
            return refreshed or server.take_refresh(_field(json, "refresh"))
        if path.endswith("logout"):
            for tokens in (server.access, server.refresh):
                tokens.pop(f"{scheme}{token}", None)
            return HttpResponse(200, {"success": True})
        return self._login(body)

    def _login(self, body: dict[str, Any]) -> HttpResponse:
        if body.get("password") != "right":
            return HttpResponse(400, {"non_field_errors": ["Invalid email/username or password."]})
        user = 2 if str(body.get("email_or_username")).startswith("two") else 1
        access, refresh = self.server.issue(user)
        data = {"id": user, "email": f"u{user}@x", "first_name": f"User {user}"}
        return HttpResponse(200, {"access_token": access, "refresh_token": refresh, "user_data": data})
