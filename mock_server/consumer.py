"""One socket, whatever its endpoint: handshake, greeting, first data, then its requests strictly one by one."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from starlette.websockets import WebSocket

from mock_server.backend import Backend
from mock_server.credentials import Credential
from mock_server.faults import HANDSHAKE, Fault
from mock_server.hub import Connection
from mock_server.models import now
from mock_server.profiles import Refusal
from mock_server.serialize import iso
from mock_server.trouble import say_unauthorized

Handler = Callable[[dict[str, Any]], Awaitable[None]]


class PoisonError(Exception):
    """A frame that makes the real consumer raise, which ends its socket."""


class Consumer:
    """One socket. Subclasses name their ``kind`` and greeting, and answer requests by type."""

    kind: ClassVar[str]
    greeting: ClassVar[str]
    default_request: ClassVar[str]

    def __init__(self, backend: Backend, socket: WebSocket) -> None:
        self.backend = backend
        self.socket = socket
        self.connection = Connection(socket, socket.url.path, self.kind, backend.hub.journal, backend.faults)
        self.credential = Credential(socket, first_message=backend.settings.first_message)
        self.connection.rude = backend.settings.server == "daphne"
        self.requests: dict[str, Handler] = {}

    async def run(self) -> None:
        """Handshake, greeting, first data, then requests until the socket ends, or a reset ends all of it."""
        try:
            await self.backend.spawn(self._run())
        except asyncio.CancelledError:
            self.connection.wire.abort()

    async def _run(self) -> None:
        await self.socket.receive()  # websocket.connect
        self.backend.hub.count(self.connection.path).dialled += 1
        token = await self.credential.token()
        if self.credential.frame:
            self._note({"text": self.credential.frame})
        self.connection.user = self.backend.user_for(token)
        if not await self._handshake(token):
            return
        try:
            await self._serve()
        finally:
            self.backend.hub.leave(self.connection)

    # --- handshake ---

    async def _handshake(self, token: str) -> bool:
        """Accept, or do what a fault or the profile says instead; ``False`` when it ends here."""
        self.connection.tab = self.backend.hub.free_tab(self.connection.path)
        if not await self.backend.gate.worker_free(self.connection):
            return False
        if not await self._spared():
            return False
        origin, opened = self.socket.headers.get("origin", ""), self.credential.accepted
        refusal = self.backend.gate.refusal(origin, token, self.connection, opened=opened)
        if refusal is None and not self.exists():
            refusal = 500
        if refusal is not None:
            await self._refuse(refusal)
            return False
        if self.connection.user is None:
            await self._unauthorized(token)
            return False
        return await self._admit()

    async def _spared(self) -> bool:
        """Let every fault of the handshake act that is in force; ``False`` when one of them ends it."""
        struck = {name: self._take(name) for name in HANDSHAKE}
        if (delay := struck["delay"]) is not None:
            await asyncio.sleep(delay.number("seconds", 2))
        if struck["hang"] is not None:
            await self.socket.receive()  # until the client gives up
            return False
        if (refuse := struck["refuse"]) is not None:
            await self._refuse(int(refuse.number("status", 403)))
            return False
        self.connection.silent = struck["silent"] is not None
        return True

    def _take(self, name: str) -> Fault | None:
        return self.backend.faults.take(self.connection.path, self.connection.email, (name,), self.connection.tab)

    def exists(self) -> bool:
        """Whether this version of the backend has the endpoint."""
        return True

    async def _admit(self) -> bool:
        await self._accept()
        return True

    async def _accept(self) -> None:
        await self.credential.accept()
        self.backend.hub.join(self.connection, self.groups())

    async def _refuse(self, status: int) -> None:
        self.backend.hub.count(self.connection.path).refused += 1
        self.backend.hub.journal.add("refuse", path=self.connection.path, user=self.connection.email, status=status)
        told = status == 500 and self.backend.settings.server == "uvicorn"
        text = "Internal Server Error" if told else ""
        await self.credential.refuse(status, text)

    async def _unauthorized(self, token: str) -> None:
        profile = self.backend.profile
        refusal = profile.bad if token else profile.missing
        if refusal is not Refusal.SAID and not self.credential.accepted:
            await self._refuse(int(refusal.value))
            return
        await self.credential.accept()
        self.backend.hub.join(self.connection, ())
        expired = "Invalid or expired authentication token"
        try:
            await say_unauthorized(self.connection, expired if token else "No authentication token provided")
        finally:
            self.backend.hub.leave(self.connection)

    def groups(self) -> list[str]:
        raise NotImplementedError

    # --- life ---

    async def _serve(self) -> None:
        await self._kick_others()
        if self.backend.profile.hello and self.greeting:
            await self.connection.send(self.hello())
        await self.first_data()
        self.backend.trouble.strike_new(self.connection)
        while True:
            event = await self.socket.receive()
            if event["type"] == "websocket.disconnect":
                self.connection.code = event.get("code", 1005)
                return
            self.backend.hub.count(self.connection.path).received += 1
            self._note(event)
            try:
                await self._request(event)
            except PoisonError:
                await self.backend.trouble.crash(self.connection)
                return

    def _note(self, event: Any) -> None:
        text = event.get("text")
        shown = text if text is not None else f"<{len(event.get('bytes') or b'')} bytes>"
        me = self.connection
        self.backend.hub.journal.add("frame", path=me.path, user=me.email, direction="in", text=shown[:100_000])

    async def _kick_others(self) -> None:
        if self.kind not in self.backend.profile.kicks:
            return
        groups = self.groups()  # a user's own lists; a chat, which nobody but its owner may open
        for other in [one for group in groups for one in self.backend.hub.group(group) if one is not self.connection]:
            await self.backend.trouble.kick(other)

    async def _request(self, event: Any) -> None:
        text = event.get("text")
        if text is None:
            raise PoisonError
        try:
            request = json.loads(text)
        except ValueError:
            await self._bad_json()
            return
        except RecursionError:
            raise PoisonError from None
        if not isinstance(request, dict):
            raise PoisonError
        kind = request.get("type", self.default_request)
        handler = self.requests.get(kind) if isinstance(kind, str) else None
        if handler and not await self._timed_out():
            await handler(request)

    async def _timed_out(self) -> bool:
        """On a stalled worker a list request ends in an error, and no data follows."""
        patience = self.backend.settings.timing.request
        if self.kind == "chat" or not await self.backend.trouble.stalled(self.connection, patience):
            return False
        await self.connection.send_past_stall(stamped("error", message="Request timeout - please try again"))
        return True

    async def _bad_json(self) -> None:
        await self.connection.send({"error": "Invalid JSON format"})

    def hello(self) -> dict[str, Any]:
        return stamped("connection_established", message=self.greeting)

    async def first_data(self) -> None:
        raise NotImplementedError


class NoConsumer(Consumer):
    """A path that no endpoint has: a server error, where the token does not have it refused before."""

    kind = "none"
    greeting = ""
    default_request = ""

    def exists(self) -> bool:
        return False


def stamped(kind: str, **fields: Any) -> dict[str, Any]:
    """A frame with the time at its end."""
    return {"type": kind, **fields, "timestamp": iso(now())}
