"""The TCP side of a socket: what a well-behaved server library would never do."""

import socket
import struct
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SCOPE_KEY = "pilito.wire"
CLOSE_FRAME = b"\x88"  # its first byte


class Wire(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, with a reset and with deaf ears; the application finds it in its scope."""

    deaf = False  # what the client sends is swallowed
    mute = False  # what we send is swallowed
    resets_when_answered = False  # a close frame of ours is out, and its answer leads to a reset

    async def run_asgi(self) -> None:
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope[SCOPE_KEY] = self
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        if self.resets_when_answered and data[:1] == CLOSE_FRAME:
            self.abort()
        else:
            super().data_received(data)

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


class _MuteTransport:
    """A transport that drops what is written and passes everything else on."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Drop it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
