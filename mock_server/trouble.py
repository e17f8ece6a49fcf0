"""Carries out the faults that are ordered; what each word means stands in ``faults.py``."""

import asyncio
from typing import TYPE_CHECKING

from mock_server.faults import CONNECTION, USER, Fault
from mock_server.hub import Connection
from mock_server.models import now
from mock_server.profiles import Refusal
from mock_server.serialize import iso

if TYPE_CHECKING:
    from mock_server.backend import Backend

LOOKS_AGAIN = 0.02  # seconds between two looks at whether a stall is over


class Trouble:
    """What goes wrong with the connections of one backend."""

    def __init__(self, backend: "Backend") -> None:
        self.backend = backend

    async def order(self, fault: Fault) -> int:
        """Put a fault into force; returns how many open connections it has hit already."""
        journal = self.backend.hub.journal
        journal.add(
            "fault", name=fault.name, endpoint=fault.endpoint, user=fault.user, tab=fault.tab, times=fault.times
        )
        if fault.name in USER:
            return await self._expire(fault)
        if fault.name == "restart":
            return await self._restart(fault)
        if fault.name not in CONNECTION:
            self.backend.faults.add(fault)
            return 0
        hit = self.backend.hub.hit_by(fault)
        if fault.times is not None:
            hit = hit[: fault.times]
            fault.times -= len(hit)
        elif not hit and fault.for_seconds is None:
            fault.times = 1
        for connection in hit:
            self.strike(connection, fault)
        if fault.times or fault.for_seconds is not None:
            self.backend.faults.add(fault)
        return len(hit)

    def strike_new(self, connection: Connection) -> None:
        """Carry out every fault of a connection that is in force for a new one."""
        for name in CONNECTION:
            fault = self.backend.faults.take(connection.path, connection.email, (name,), connection.tab)
            if fault:
                self.strike(connection, fault)

    def strike(self, connection: Connection, fault: Fault) -> None:
        """Carry out a fault of a connection on an open one."""
        if fault.name == "half_open":
            direction = str(fault.arguments.get("direction", "both"))
            connection.wire.swallow(direction)
            if direction == "in":
                self.backend.spawn(self._keepalive_fails(connection))
            return
        if fault.name == "kick":
            self.backend.spawn(self.kick(connection))
            return
        codes = {"abort": 1006, "poison": self.crash_code()}
        code = codes.get(fault.name, int(fault.arguments.get("code", 1006)))
        delay = float(fault.arguments.get("after", 0))
        self.backend.spawn(
            self._end(connection, self.closing_code(code), str(fault.arguments.get("reason", "")), delay)
        )

    async def kick(self, connection: Connection) -> None:
        """Another tab has taken over."""
        if self.backend.profile.announces_kick and connection.kind == "chat":
            await connection.send(
                {
                    "type": "connection_closed",
                    "reason": "duplicate_connection",
                    "message": "Replaced by newer connection",
                    "timestamp": iso(now()),
                }
            )
        await connection.close(1000)

    # --- the worker ---

    def struck(self, name: str, connection: Connection) -> Fault | None:
        """The fault of the service that is in force for this socket; counts the hit."""
        return self.backend.faults.take(connection.path, connection.email, (name,), connection.tab)

    async def stalled(self, connection: Connection, patience: float) -> bool:
        """Wait while the worker is stalled; whether it still is after ``patience`` seconds."""
        until = asyncio.get_running_loop().time() + patience
        while self.backend.faults.standing(connection.path, connection.email, ("stall",), connection.tab):
            if asyncio.get_running_loop().time() >= until:
                return True
            await asyncio.sleep(LOOKS_AGAIN)
        return False

    async def platform_call(self, connection: Connection) -> bool:
        """Hand a message over to the platform, which holds up the whole worker; whether it was taken."""
        slow = self.struck("slow_platform", connection)
        if slow:
            seconds = slow.number("seconds", 30)
            self.backend.faults.add(Fault("stall", "/ws/", for_seconds=seconds))
            await self.stalled(connection, seconds)  # ends early where the fault is withdrawn
        return self.struck("platform_fail", connection) is None

    async def _restart(self, fault: Fault) -> int:
        """As SIGTERM and a new process: daphne drops its sockets, uvicorn says 1012."""
        seconds = fault.number("seconds", 1)
        if seconds:
            self.backend.faults.add(Fault("refuse", "/ws/", for_seconds=seconds, arguments={"status": 502}))
        hit = self.backend.hub.hit_by(fault)
        for connection in hit:
            await connection.close(1006 if self.backend.settings.server == "daphne" else 1012)
        return len(hit)

    async def _keepalive_fails(self, connection: Connection) -> None:
        """The server's pings stay unanswered: uvicorn says so, daphne cuts."""
        timing, daphne = self.backend.settings.timing, self.backend.settings.server == "daphne"
        await asyncio.sleep(timing.keepalive_daphne if daphne else timing.keepalive_uvicorn)
        if connection in self.backend.hub.connections:
            await connection.close(1006 if daphne else 1011, "" if daphne else "keepalive ping timeout")

    # --- how sockets end ---

    def closing_code(self, code: int) -> int:
        """The code that this server flavour can really send after the handshake."""
        daphne_cannot = self.backend.settings.server == "daphne" and code not in (1000, 1006) and code < 3000
        return 1011 if daphne_cannot and code == 1008 else code

    def crash_code(self) -> int:
        """How a socket ends when its consumer raises."""
        return 1011 if self.backend.settings.server == "daphne" else 1006

    async def crash(self, connection: Connection) -> None:
        """End a socket as if its consumer had raised."""
        if self.backend.settings.server == "daphne":
            await asyncio.sleep(self.backend.settings.timing.crash_daphne)
        await connection.close(self.crash_code())

    async def _end(self, connection: Connection, code: int, reason: str, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        await connection.close(code, reason)

    # --- tokens ---

    async def _expire(self, fault: Fault) -> int:
        users = [user for user in self.backend.store.users.values() if fault.user in ("", user.email)]
        for user in users:
            self.backend.tokens.kill(
                user, refresh=bool(fault.arguments.get("refresh", True)), lost=fault.name == "revoke"
            )
        if self.backend.profile.bad is not Refusal.SAID or fault.name == "revoke" or self.backend.settings.debug:
            return 0  # open sockets stay usable, only new handshakes are checked
        hit = [connection for connection in self.backend.hub.connections if connection.user in users]
        for connection in hit:
            await say_unauthorized(connection, "Invalid or expired authentication token")
        return len(hit)


async def say_unauthorized(connection: Connection, message: str) -> None:
    """What the guide promises for a bad token: a frame that says so, and close 4001."""
    frame = {
        "type": "authentication_error",
        "message": message,
        "error_code": "AUTH_REQUIRED",
        "timestamp": iso(now()),
    }
    await connection.send(frame)
    await connection.close(4001)
