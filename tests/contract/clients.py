"""A plain client of one socket, which can also tell that the server has nothing more to say."""

import json
import re
import socket
import struct
from contextlib import ExitStack, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE = 10.0  # seconds until a frame that must come is missed
ORIGIN = "http://localhost:3000"
"""Whose pages every version lets in."""
CUT = 0
"""The status of a handshake that ends without any answer."""


class RefusedError(Exception):
    """The handshake was answered with ``status``, or not at all (``CUT``)."""

    def __init__(self, status: int, body: str = "") -> None:
        super().__init__(f"refused with {status}")
        self.status, self.body = status, body


class Client:
    """One socket. ``heard`` holds the frames that nobody has asked for yet, ``code`` how it ended.

    ``last`` is the newest frame as it was written, but for the answers to ``settle``.
    """

    def __init__(
        self, url: str, *, origin: str | None, protocol: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        try:
            opening = connect(
                url,
                origin=Origin(origin) if origin is not None else None,
                subprotocols=[Subprotocol(protocol)] if protocol else None,
                additional_headers=headers,
                max_size=None,
                open_timeout=PATIENCE,
                close_timeout=0.5,
                proxy=None,
            )
            self._socket: ClientConnection = ExitStack().enter_context(opening)
        except InvalidStatus as error:
            answer = error.response
            raise RefusedError(answer.status_code, (answer.body or b"").decode()) from None
        except (InvalidMessage, InvalidHandshake, ConnectionError, EOFError, TimeoutError):
            raise RefusedError(CUT) from None
        self.heard: list[Any] = []
        self.code: int | None = None
        self.reason = ""
        self.last = ""
        self._complaints_due = 0

    @property
    def extensions(self) -> str:
        response = self._socket.response
        return response.headers.get("sec-websocket-extensions", "") if response else ""

    @property
    def subprotocol(self) -> str | None:
        return self._socket.subprotocol

    def send(self, text: str | bytes) -> None:
        """Send a frame. Text that is no JSON will be complained about, which ``settle`` has to know."""
        self._complaints_due += isinstance(text, str) and not _is_json(text)
        try:
            self._socket.send(text)
        except ConnectionClosed as closed:
            self._ended(closed)

    def settle(self) -> None:
        """Hear everything that the server has to say by now: requests are answered strictly in order."""
        if self.code is not None:
            return
        due, self._complaints_due = self._complaints_due + 1, 0
        with suppress(ConnectionClosed):  # what has come before is still to be read
            self._socket.send("")
        try:
            while due:
                text = str(self._socket.recv(timeout=PATIENCE))
                frame = json.loads(text)
                complaint = isinstance(frame, dict) and set(frame) == {"error"}
                due -= complaint
                if due:
                    self.heard.append(frame)
                self.last = self.last if complaint else text
        except ConnectionClosed as closed:
            self._ended(closed)

    def ask(self, *requests: Any) -> list[Any]:
        """Send requests (text and bytes as they are); returns every frame that has come by the time of the answer."""
        for request in requests:
            self.send(request if isinstance(request, str | bytes) else json.dumps(request))
        return self.news()

    def news(self) -> list[Any]:
        """Every frame that has come and was not taken yet."""
        self.settle()
        heard, self.heard = self.heard, []
        return heard

    def wait(self, seconds: float = PATIENCE) -> None:
        """Wait for one frame, or for the end."""
        try:
            frame = json.loads(self._socket.recv(timeout=seconds))
        except ConnectionClosed as closed:
            self._ended(closed)
        except TimeoutError:
            return
        else:
            self._complaints_due -= isinstance(frame, dict) and set(frame) == {"error"}
            self.heard.append(frame)

    def wait_for_end(self) -> None:
        while self.code is None:
            before = len(self.heard)
            self.wait()
            if self.code is None and len(self.heard) == before:
                return

    def close(self, code: int = 1000) -> None:
        self._socket.close(code)
        self.code = self.code or code

    def abort(self) -> None:
        """Reset the TCP connection."""
        raw = self._socket.socket
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.shutdown(socket.SHUT_RD)
        raw.close()
        self.code = 1006

    def _ended(self, closed: ConnectionClosed) -> None:
        self.code = closed.rcvd.code if closed.rcvd else 1006
        self.reason = closed.rcvd.reason if closed.rcvd else ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def text_of(frame: Any) -> str | bytes:
    """What a client really sent, from how the recording writes it down."""
    if not isinstance(frame, str):
        return json.dumps(frame)
    if size := re.fullmatch(r"<(\d+) bytes>", frame):
        return bytes(int(size[1]))
    if long := re.fullmatch(r"(.*)…\[(\d+) chars\]", frame, re.DOTALL):
        return long[1] + long[1][-1] * (int(long[2]) - len(long[1]) - 2) + '"}'
    return frame
