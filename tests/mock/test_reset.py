"""What a reset does to what has begun before it."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from mock_server.server import MockServer
from tests.mock.conftest import Client, until

LIST = "/ws/conversations/"
HANDSHAKE = (
    "GET {path}?token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@contextmanager
def client_of(server: MockServer) -> Iterator[Callable[[], None]]:
    """Yields what dials: it asks for the list and waits for no answer. At the end the server cuts the connection."""
    request = HANDSHAKE.format(path=LIST, token=server.issue_tokens("sara@example.com")[0]).encode()
    with closing(socket.socket()) as client:
        client.settimeout(5)

        def dial() -> None:
            client.connect(("127.0.0.1", server.port))
            client.sendall(request)

        yield dial
        with suppress(ConnectionResetError):
            while client.recv(100_000):
                pass


def test_frames_that_wait_for_a_stalled_worker_are_forgotten(server: MockServer, dial: Callable[..., Client]) -> None:
    """What a socket has sent before a reset is neither answered nor counted after it."""
    client = dial(server).skip(2)
    server.fault("stall")
    for _ in range(3):
        client.send({"type": "get_conversations"})
    until(lambda: server.endpoint(LIST)["received"] == 1)

    async def reset() -> int:
        """Returns once every socket has been served to its end, and how many these were."""
        serving = {task for task in asyncio.all_tasks() if "run_asgi" in getattr(task.get_coro(), "__qualname__", "")}
        await server.backend.reset()
        await asyncio.wait(serving, timeout=5)
        return len(serving)

    assert server.call(reset()) == 1
    assert (server.state()["endpoints"], server.journal()) == ({}, [])


def test_a_handshake_that_is_held_up_is_cut(server: MockServer) -> None:
    """A client that waits to be let in when the server is reset is cut, and is not counted."""
    server.fault("delay", seconds=30)
    with client_of(server) as dial:
        dial()
        until(lambda: server.endpoint(LIST)["dialled"] == 1)
        server.reset()
    assert (server.state()["endpoints"], server.journal()) == ({}, [])


def test_a_handshake_that_nobody_has_read_is_cut(server: MockServer) -> None:
    """A client that has dialled while the server was busy belongs to the time before the reset that comes next."""
    with client_of(server) as dial:

        async def busy() -> None:  # the server's loop does not turn while this client dials
            dial()
            await server.backend.reset()

        server.call(busy())
    assert (server.state()["endpoints"], server.journal()) == ({}, [])
