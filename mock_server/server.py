"""The mock as an object: in a thread for tests, in the foreground for people."""

import asyncio
import socket
import threading
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

import uvicorn

from mock_server.app import make_app
from mock_server.backend import Backend, Settings
from mock_server.control import Control
from mock_server.errors import MockError
from mock_server.faults import Fault, parse
from mock_server.profiles import profile as find_profile
from mock_server.timing import Timing
from mock_server.wire import Wire

Flavour = Literal["daphne", "uvicorn"]
FLAVOURS: tuple[Flavour, ...] = get_args(Flavour)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises ``OSError`` when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches off Nagle's algorithm, which makes answers 40 ms late, only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


LARGEST_FRAME = {"daphne": 64 * 2**20, "uvicorn": 16 * 2**20}  # bytes; a larger one is closed with 1009


def uvicorn_server(app: Any, *, largest: int = LARGEST_FRAME["uvicorn"], deflate: bool = False) -> uvicorn.Server:
    """uvicorn with our WebSocket protocol; no keepalive, and deflate only where asked: frames are predictable."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            ws=Wire,
            ws_ping_interval=None,
            ws_ping_timeout=None,
            ws_per_message_deflate=deflate,
            ws_max_size=largest,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )


def serving(
    backend: Backend, *, scenario: str = "", site: Path | None = None, dist: Path | None = None
) -> uvicorn.Server:
    """A server, not started yet, that speaks for this backend."""
    settings = backend.settings
    app = make_app(backend, scenario=scenario, site=site, dist=dist)
    deflate = settings.deflate and settings.server == "uvicorn"
    return uvicorn_server(app, largest=LARGEST_FRAME[settings.server], deflate=deflate)


class MockServer:
    """A running mock on a free port, in a thread of its own.

        with MockServer(profile="current") as server:
            server.fault("close", code=1012)

    ``state`` returns what ``GET /__mock__/state`` returns. Methods may be called from any thread.
    """

    def __init__(
        self,
        *,
        profile: str = "guide",
        host: str = "127.0.0.1",
        port: int = 0,
        conversations: int = 300,
        debug: bool = False,
        server: str = "uvicorn",
        seed: int = 1,
        first_message: bool = False,
        site: Path | None = None,
        dist: Path | None = None,
        strict: bool = False,
        deflate: bool = False,
        timing: Timing | None = None,
    ) -> None:
        if server not in FLAVOURS:
            raise MockError(f"server: must be uvicorn or daphne, not {server!r}")
        chosen = find_profile(profile)
        flavour: Flavour = "daphne" if server == "daphne" else "uvicorn"
        settings = Settings(
            chosen,
            debug,
            flavour,
            conversations,
            seed,
            first_message=first_message,
            strict=strict,
            deflate=deflate,
            timing=timing or Timing(),
        )
        self.backend = Backend(settings)
        self._site, self._dist = site, dist
        self.host, self._asked_port = host, port
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    # --- life ---

    def start(self) -> Self:
        """Start and return once connections are accepted."""
        listener = listen(self.host, self.port or self._asked_port)
        self.port = listener.getsockname()[1]
        self._server = serving(self.backend, site=self._site, dist=self._dist)
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listener, started), daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise MockError("the mock did not start within 10 s; see its output")
        return self

    def stop(self) -> None:
        """Stop as SIGTERM does: uvicorn says 1012, daphne cuts. It can be started again on the same port."""
        if self.running and self.backend.settings.server == "daphne":
            self.call(self._cut())
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(10)
            self._server = self._thread = self._loop = None

    def kill(self) -> None:
        """Stop as SIGKILL does: every connection is reset."""
        self.call(self._cut())
        self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- driving it ---

    def state(self) -> dict[str, Any]:
        return self.backend.hub.state()

    def endpoint(self, path: str) -> dict[str, int]:
        """The counts of one endpoint path, zero where nothing has happened yet."""
        empty = {"dialled": 0, "live": 0, "accepted": 0, "closed": 0, "received": 0, "refused": 0}
        counts: dict[str, int] = self.state()["endpoints"].get(path, empty)
        return counts

    def fault(self, name: str, **arguments: Any) -> int:
        """Order a fault; returns how many open connections it has hit. Raises ``MockError`` for an unknown one."""
        hit: int = self.call(self.backend.trouble.order(parse({"fault": name, **arguments})))
        return hit

    def push(self, **order: Any) -> dict[str, Any]:
        """As ``POST /__mock__/push``: ``endpoint=, frame=`` or ``event=, ...``."""
        answer: dict[str, Any] = self.call(Control(self.backend).push(order))
        return answer

    def scenario(self, name: str, *, speed: float = 1.0) -> None:
        """Play a scenario, ``speed`` times as fast. Raises ``MockError`` for an unknown one."""

        async def begin() -> None:
            Control(self.backend).play(name, speed=speed)

        self.call(begin())

    def journal(self) -> list[dict[str, Any]]:
        """What happened since the last reset, as ``GET /__mock__/journal`` returns it."""
        return self.backend.hub.journal.entries()

    def orders(self) -> list[Fault]:
        """The faults in force, oldest first."""
        return self.backend.faults.orders()

    def withdraw(self, orders: list[Fault]) -> None:
        """Take faults out of force. Those that are spent already are no error."""
        self.call(self._withdraw(orders))

    def calm(self) -> None:
        """Undo every fault: none is in force, tokens that were killed live again, dead lines are cut."""
        self.call(self._calm())

    def age_tokens(self, by: timedelta) -> None:
        """Judge tokens as if ``by`` more had passed, until the next reset."""
        self.backend.tokens.ahead += by

    def reset(self) -> None:
        self.call(self.backend.reset())

    def issue_tokens(self, email: str, *, age: timedelta = timedelta()) -> tuple[str, str]:
        """An access and a refresh token of a user, as a login would give them."""
        user = self.backend.store.user_by_login(email)
        if user is None:
            raise MockError(
                f"no user {email!r}; known: {', '.join(u.email for u in self.backend.store.users.values())}"
            )
        return self.backend.tokens.issue(user, age=age)

    def call(self, work: Any) -> Any:
        """Run a coroutine in the server's thread and return its result."""
        if self._loop is None:
            work.close()
            raise MockError("the mock is not running; start it first")
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(10)

    # --- inside ---

    def _run(self, listener: socket.socket, started: threading.Event) -> None:
        assert self._server is not None
        server = self._server

        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_later(0.005, look)
            await server.serve(sockets=[listener])

        def look() -> None:
            if server.started:
                started.set()
            elif not server.should_exit and self._loop:
                self._loop.call_later(0.005, look)

        asyncio.run(main())
        listener.close()

    async def _withdraw(self, orders: list[Fault]) -> None:
        self.backend.faults.withdraw(orders)

    async def _calm(self) -> None:
        self.backend.faults.clear()
        self.backend.tokens.revive()
        for connection in list(self.backend.hub.connections):
            if connection.wire.deaf or connection.wire.mute:
                connection.wire.abort()

    async def _cut(self) -> None:
        for connection in list(self.backend.hub.connections):
            connection.wire.abort()
            self.backend.hub.leave(connection)
