"""The mock as uvicorn, side by side with a uvicorn as it is installed: a client cannot tell the one from the other."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from mock_server.server import MockServer, listen
from mock_server.timing import Timing
from tests.contract.clients import Client, RefusedError
from tests.mock.conftest import until

MIB = 2**20
LIST = "/ws/conversations/"
Outcome = tuple[Any, ...]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """What channels makes of the backend's consumers, without anything in them: the path says how the socket goes."""
    how = scope["path"].strip("/")
    await receive()
    if how == "error":
        raise RuntimeError("before it is accepted")
    if how == "refused":
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    if how == "closed":
        await send({"type": "websocket.close", "code": 1008})
        return
    while (event := await receive())["type"] == "websocket.receive":
        if event.get("text") == "42":
            raise RuntimeError("after it was accepted")
        await send({"type": "websocket.send", "text": '{"error": "Invalid JSON format"}'})


class Stock:
    """A uvicorn with its own WebSocket protocol and its own limits. ``pings`` is the time between them, in seconds."""

    def __init__(self, *, pings: float = 20.0) -> None:
        listener = listen("127.0.0.1", 0)
        self.port = listener.getsockname()[1]
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                ws="websockets-sansio",
                ws_ping_interval=pings,
                ws_ping_timeout=pings,
                log_level="critical",
                lifespan="off",
            )
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(scope="module")
def stock() -> Iterator[Stock]:
    found = Stock()
    yield found
    found.stop()


@pytest.fixture
def mock() -> Iterator[MockServer]:
    timing = Timing(keepalive_uvicorn=0.4)
    with MockServer(profile="current", conversations=3, deflate=True, timing=timing) as server:
        yield server


def dialled(port: int, path: str) -> Client | Outcome:
    """A client that has heard its first frames, or how it was refused."""
    try:
        client = Client(f"ws://127.0.0.1:{port}{path}", origin=None)
    except RefusedError as refused:
        return "refused", refused.status, refused.body
    if client.code is None and "/ws/" in path:
        client.news()
    return client


def end(client: Client | Outcome, *frames: str) -> Outcome:
    """How it ends after these frames, and what it says before."""
    if not isinstance(client, Client):
        return client
    for frame in frames:
        client.send(frame)
    client.wait_for_end()
    return "ended", client.code, client.reason, client.heard


def path(server: MockServer, where: str = LIST) -> str:
    return f"{where}?token={server.issue_tokens('sara@example.com')[0]}"


def test_handshakes_that_are_refused(stock: Stock, mock: MockServer) -> None:
    """A close before the accept is 403 with an empty body, an error is 500 with two words."""
    assert dialled(mock.port, LIST) == dialled(stock.port, "/refused") == ("refused", 403, "")
    found = dialled(mock.port, path(mock, "/ws/nothing/"))
    assert found == dialled(stock.port, "/error") == ("refused", 500, "Internal Server Error")


def test_compression_is_taken(stock: Stock, mock: MockServer) -> None:
    """Both take the same extension in the same words."""
    ours, theirs = dialled(mock.port, path(mock)), dialled(stock.port, "/open")
    assert isinstance(ours, Client)
    assert isinstance(theirs, Client)
    with_it = ours.extensions
    assert with_it.startswith("permessage-deflate")
    assert with_it == theirs.extensions
    ours.close()
    theirs.close()


def test_a_frame_that_is_too_large(stock: Stock, mock: MockServer) -> None:
    """Sixteen mebibytes are taken by both. One byte more is 1009, which uvicorn's reset may overtake, and ours not."""
    ours, theirs = dialled(mock.port, path(mock)), dialled(stock.port, "/open")
    for client, codes in ((ours, {1009}), (theirs, {1009, 1006})):
        assert isinstance(client, Client)
        assert client.ask("x" * (16 * MIB)) == [{"error": "Invalid JSON format"}]
        assert end(client, "x" * (16 * MIB + 1))[1] in codes


def test_a_consumer_that_raises(stock: Stock, mock: MockServer) -> None:
    """The connection is cut, without a word."""
    ours, theirs = end(dialled(mock.port, path(mock)), "42"), end(dialled(stock.port, "/open"), "42")
    assert ours == theirs == ("ended", 1006, "", [])


def test_a_close_after_the_accept_keeps_its_code(stock: Stock) -> None:
    """1008 arrives as such, which is what the documented version does with a chat that is not the user's."""
    theirs = end(dialled(stock.port, "/closed"))
    with MockServer(profile="documented", conversations=3) as server:
        found = dialled(server.port, path(server, "/ws/chat/zzzzzz/"))
        assert isinstance(found, Client)
        assert (found.code, theirs[1]) == (1008, 1008)


def test_a_client_that_answers_no_pings(mock: MockServer) -> None:
    """It is told 1011 and why, and the connection is closed without waiting for its answer."""
    impatient = Stock(pings=0.2)
    silent = [Raw(mock.port, path(mock)), Raw(impatient.port, "/open")]
    until(lambda: mock.endpoint(LIST)["live"] == 1)
    mock.fault("half_open", direction="in")
    assert [client.farewell() for client in silent] == [(1011, "keepalive ping timeout")] * 2
    impatient.stop()


def test_a_server_that_stops(mock: MockServer) -> None:
    """Every socket is told 1012."""
    other = Stock()
    ends: list[Callable[[], None]] = [mock.stop, other.stop]
    clients = [dialled(mock.port, path(mock)), dialled(other.port, "/open")]
    for stop in ends:
        stop()
    assert [end(client)[:2] for client in clients] == [("ended", 1012)] * 2


class Raw:
    """A client that never answers anything."""

    def __init__(self, port: int, where: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        head = f"GET {where} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        self._socket.sendall((head + key).encode())
        self._file = self._socket.makefile("rb")
        while self._file.readline().strip():
            pass

    def farewell(self) -> tuple[int, str]:
        """The code and reason of the close frame, once the server has closed the connection too."""
        found = (1006, "")
        while head := self._file.read(2):
            length = head[1] & 0x7F
            length = struct.unpack("!H", self._file.read(2))[0] if length == 126 else length
            body = self._file.read(length)
            if head[0] == 0x88:
                found = (struct.unpack("!H", body[:2])[0], body[2:].decode())
        self._file.close()
        self._socket.close()
        return found
