"""How a socket's token arrives: in the address, as a subprotocol, or in the first message."""

import json
from urllib.parse import unquote

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket

SUBPROTOCOL = "pilito.token"
FIRST_MESSAGE = "authenticate"
REFUSED, TRY_LATER = 4403, 1013  # close codes for what an accepted socket cannot say by a status any more


class Credential:
    """The token of one socket. ``token`` must be asked for after ``websocket.connect`` and before ``accept``.

    It is percent-encoded in each way. The real backend takes ``?token=`` alone. A client that offers the subprotocols
    ``pilito.token, <token>`` is answered with the first; with ``first_message`` a socket without either is opened, and
    held until its first frame ``{"type": "authenticate", "token": ...}``.
    """

    def __init__(self, socket: WebSocket, *, first_message: bool) -> None:
        self._socket = socket
        self._first_message = first_message
        offered: list[str] = list(socket.scope.get("subprotocols") or ())
        self._offered = offered[1] if len(offered) == 2 and offered[0] == SUBPROTOCOL else None
        self.accepted = False
        self.frame = ""  # the first message, where it was read for its token

    async def token(self) -> str:
        """The token as it was sent, ``""`` where there is none."""
        if self._offered is not None:
            return unquote(self._offered)
        found: str = self._socket.query_params.get("token", "")
        if found or not self._first_message:
            return found
        await self.accept()
        self.frame = (await self._socket.receive()).get("text") or ""
        return _from_frame(self.frame)

    async def accept(self) -> None:
        """Open the socket, unless the first message had to open it already."""
        if not self.accepted:
            self.accepted = True
            await self._socket.accept(subprotocol=SUBPROTOCOL if self._offered is not None else None)

    async def refuse(self, status: int, text: str = "") -> None:
        """Answer the handshake with a status, or close the socket that is open already."""
        if self.accepted:
            await self._socket.close(REFUSED if status == 403 else TRY_LATER)
        else:
            await self._socket.send_denial_response(PlainTextResponse(text, status_code=status))


def _from_frame(text: str) -> str:
    try:
        frame = json.loads(text or "null")
    except (ValueError, RecursionError):
        return ""
    if not isinstance(frame, dict) or frame.get("type") != FIRST_MESSAGE:
        return ""
    return unquote(str(frame.get("token", "")))
