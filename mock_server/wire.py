"""The TCP side of a socket: what a well-behaved server library would never do."""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SCOPE_KEY = "pilito.wire"
CLOSE_FRAME = b"\x88"  # its first byte
QUIET = 1.0  # seconds without a byte after which a client has heard that it was given up, however busy the machine


class Wire(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, with a reset and with deaf ears; the application finds it in its scope."""

    deaf = False  # what the client sends is swallowed
    mute = False  # what we send is swallowed
    resets_when_answered = False  # a close frame of ours is out, and its answer leads to a reset
    given_up: asyncio.TimerHandle | None = None  # the client broke the protocol; the end comes once it is quiet

    async def run_asgi(self) -> None:
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope[SCOPE_KEY] = self
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        if self.given_up is not None:
            self._end_when_quiet()
        if self.deaf:
            return
        if self.resets_when_answered and data[:1] == CLOSE_FRAME:
            self.abort()
        else:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Say what was wrong (1009 for a frame that is too large), and read on until the client stops.

        A connection that is closed with bytes unread is reset, which may overtake the close frame.
        """
        transport, self.transport = self.transport, _OpenTransport(self.transport)  # type: ignore[assignment]
        super().handle_parser_exception()
        self.transport = transport
        self.deaf = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._end_when_quiet()

    def _end_when_quiet(self) -> None:
        if self.given_up is not None:
            self.given_up.cancel()
        self.given_up = self.loop.call_later(QUIET, self.transport.close)

    def abort(self) -> None:
        """Reset the connection: the client sees no close frame and no end of stream."""
        self.stop_keepalive()
        raw: socket.socket | None = self.transport.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:  # the client may have gone first
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def hang_up(self) -> None:
        """Close the TCP connection once everything is written, without waiting for an answer."""
        self.transport.close()

    def swallow(self, direction: str) -> None:
        """Stop hearing (``in``), being heard (``out``), or both; the TCP connection stays."""
        self.stop_keepalive()
        self.deaf = self.deaf or direction in ("in", "both")
        if direction in ("out", "both") and not self.mute:
            self.mute = True
            self.transport = _MuteTransport(self.transport)  # type: ignore[assignment]


class _Transport:
    """Passes everything on to a transport, but for what a subclass does itself."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _MuteTransport(_Transport):
    def write(self, data: bytes) -> None:
        """Drop it."""


class _OpenTransport(_Transport):
    def close(self) -> None:
        """Stay open."""
