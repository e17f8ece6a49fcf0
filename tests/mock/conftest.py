"""Servers and plain clients for the tests of the mock."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from mock_server.server import MockServer


class Client:
    """A plain WebSocket client of one endpoint."""

    def __init__(self, server: MockServer, path: str, token: str | None) -> None:
        query = "" if token is None else f"?_=0&token={token}"
        self._stack = ExitStack()
        url = f"ws://127.0.0.1:{server.port}{path}{query}"
        self.socket: ClientConnection = self._stack.enter_context(connect(url, open_timeout=5, close_timeout=0.2))

    def close(self) -> None:
        self._stack.close()

    def frame(self) -> dict[str, Any]:
        """The next frame, within five seconds."""
        found: dict[str, Any] = json.loads(self.socket.recv(timeout=5))
        return found

    def ask(self, request: object) -> dict[str, Any]:
        """Send a request (text as it is) and return the next frame."""
        self.send(request)
        return self.frame()

    def send(self, request: object) -> None:
        self.socket.send(request if isinstance(request, str | bytes) else json.dumps(request))

    def skip(self, count: int) -> "Client":
        for _ in range(count):
            self.socket.recv(timeout=5)
        return self


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[..., MockServer]]:
    running: dict[str, MockServer] = {}

    def get(profile: str = "guide", **settings: Any) -> MockServer:
        key = f"{profile}{settings}"
        if key not in running:
            running[key] = MockServer(profile=profile, conversations=30, **settings).start()
        running[key].reset()
        return running[key]

    yield get
    for server in running.values():
        server.stop()


@pytest.fixture
def server(servers: Callable[..., MockServer]) -> MockServer:
    """The default: profile ``guide``."""
    return servers()


@pytest.fixture
def dial() -> Iterator[Callable[..., Client]]:
    """Opens clients with Sara's token (or another one) and closes them at the end."""
    opened: list[Client] = []

    def make(server: MockServer, path: str = "/ws/conversations/", token: str | None = "") -> Client:
        client = Client(server, path, server.issue_tokens("sara@example.com")[0] if token == "" else token)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


def until(holds: Callable[[], bool]) -> None:
    """Wait for a count on the server, for at most five seconds."""
    import threading
    import time

    deadline, pause = time.monotonic() + 5, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, "did not become true within 5 s"
        pause.wait(0.005)
