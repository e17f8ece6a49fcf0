"""Who is connected, in which groups, and what was counted."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketState

from mock_server.faults import Fault, Faults
from mock_server.journal import Journal
from mock_server.members import Members, Numbers
from mock_server.models import User
from mock_server.serialize import ORIGIN
from mock_server.streams import Stream
from mock_server.wire import SCOPE_KEY, Wire


@dataclass(slots=True)
class Count:
    """What happened on one endpoint path since the last reset."""

    dialled: int = 0  # handshakes that have reached us, whatever became of them
    live: int = 0
    accepted: int = 0
    closed: int = 0
    received: int = 0
    refused: int = 0


@dataclass(eq=False, slots=True)
class Connection:
    """One socket, from its handshake to its end."""

    socket: WebSocket
    path: str
    kind: str
    journal: Journal
    faults: Faults
    user: User | None = None
    tab: int = 0  # of the sockets open on this path, the lowest number that was free
    chat: str = ""
    code: int = 1006  # how it has ended, or will if nobody says a word
    silent: bool = False
    rude: bool = False  # the server resets the TCP connection when its close frame is answered, as daphne does
    stream: Stream = field(default_factory=Stream)

    @property
    def email(self) -> str:
        return self.user.email if self.user else ""

    @property
    def wire(self) -> Wire:
        wire: Wire = self.socket.scope[SCOPE_KEY]
        return wire

    @property
    def waits(self) -> bool:
        """Whether a frame may have to wait before it goes out: for a fault, for an earlier frame, for a slow client."""
        return len(self.faults) > 0 or self.stream.turn.locked() or not self.wire.writable.is_set()

    async def send(self, frame: Any) -> None:
        """Send a JSON frame, a string as it is; a gone client is no error."""
        text = frame if isinstance(frame, str) else encode(frame)
        await self.send_text(text.replace(ORIGIN, f"http://{self.socket.headers.get('host', '')}"))

    async def send_text(self, text: str) -> None:
        """Send what the faults in force leave of a frame; those of one socket never overtake each other."""
        if self.silent:
            return
        async with self.stream.turn:
            for part in await self.stream.shape(text, self.faults, self.path, self.email, self.tab):
                await self._write(part)

    async def send_past_stall(self, frame: Any) -> None:
        """Send what the real server sends even while its worker is stalled."""
        await self._write(encode(frame))

    async def _write(self, text: str) -> None:
        if self.socket.application_state is not WebSocketState.CONNECTED:
            return
        self.journal.add("frame", path=self.path, user=self.email, direction="out", text=text[:100_000])
        with contextlib.suppress(RuntimeError, OSError, Exception):
            await self.socket.send_text(text)

    async def close(self, code: int, reason: str = "") -> None:
        """Close with a code; 1006 cuts the connection."""
        self.code = code
        self.journal.add("close", path=self.path, user=self.email, code=code, reason=reason)
        if code == 1006:
            self.wire.abort()
            return
        self.wire.resets_when_answered = self.rude
        with contextlib.suppress(RuntimeError, OSError, Exception):
            await self.socket.close(code, reason)
        if self.wire.deaf:  # the answer to the close frame would not be heard
            self.wire.hang_up()


RENDERED = frozenset(
    {
        "ai_message",
        "chat_message",
        "conversation_filter_options",
        "conversations_list",
        "customers_list",
        "filter_options",
        "recent_messages",
    }
)
"""The types of frames that the REST framework writes: compact, Unicode as it is. The others are spaced and escaped."""


def encode(frame: Any) -> str:
    """The text of a frame, as the backend writes it."""
    if isinstance(frame, dict) and frame.get("type") in RENDERED:
        return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(frame)


class Hub:
    """Every connection of this server."""

    def __init__(self) -> None:
        self._members: Members[Connection] = Members()
        self._tabs: dict[str, Numbers] = {}  # by path
        self.counts: dict[str, Count] = {}
        self.presence: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.journal = Journal()
        self.elsewhere: Callable[[str, str], None] | None = None
        """Told of each push: the group and the text, for the sockets of other processes."""

    @property
    def connections(self) -> list[Connection]:
        """Every open connection, oldest first."""
        return self._members.all()

    def count(self, path: str) -> Count:
        return self.counts.setdefault(path, Count())

    def join(self, connection: Connection, groups: Iterable[str]) -> None:
        """Count an accepted connection and put it into its groups."""
        connection.tab = self._tabs.setdefault(connection.path, Numbers()).take()
        self._members.add(connection, frozenset(groups))
        self.journal.add("open", path=connection.path, user=connection.email)
        if connection.chat and connection.user:
            self.presence[f"{connection.chat}:{connection.user.id}"] += 1
        count = self.count(connection.path)  # last: another thread that waits for a count may then look at the rest
        count.accepted += 1
        count.live += 1

    def free_tab(self, path: str) -> int:
        """The lowest number that no open socket of this path has."""
        return self._tabs[path].next() if path in self._tabs else 1

    def leave(self, connection: Connection) -> None:
        """Take a connection out of every group, and clear its presence. A second call does nothing."""
        if connection not in self._members:
            return
        self._members.remove(connection)
        self._tabs[connection.path].give_back(connection.tab)
        self.journal.add("gone", path=connection.path, user=connection.email, code=connection.code)
        if connection.chat and connection.user:
            key = f"{connection.chat}:{connection.user.id}"
            self.presence[key] -= 1
            if not self.presence[key]:
                del self.presence[key]
        count = self.count(connection.path)  # last, as in ``join``
        count.closed += 1
        count.live -= 1

    def group(self, name: str) -> list[Connection]:
        """The connections in a group, oldest first."""
        return self._members.of(name)

    async def broadcast(self, group: str, frame: Any) -> int:
        """Send to everybody in a group, in every process; returns to how many in this one."""
        if not self.elsewhere and not self.group(group):
            return 0
        text = encode(frame)  # once, not for each
        if self.elsewhere:
            self.elsewhere(group, text)
        return await self.deliver(group, text)

    async def deliver(self, group: str, text: str) -> int:
        """Send to everybody in a group of this process, nobody waiting for another one; returns to how many."""
        members = self.group(group)
        slow = []
        for member in members:
            if member.waits:
                slow.append(member)
            else:
                await member.send(text)
        await asyncio.gather(*(member.send(text) for member in slow))
        return len(members)

    def hit_by(self, fault: Fault) -> list[Connection]:
        """The open connections that a fault is aimed at."""
        return [
            connection
            for connection in self.connections
            if fault.hits(connection.path, connection.email, connection.tab)
        ]

    def state(self) -> dict[str, Any]:
        """What ``GET /__mock__/state`` shows."""
        return {
            "endpoints": {
                path: {
                    "dialled": count.dialled,
                    "live": count.live,
                    "accepted": count.accepted,
                    "closed": count.closed,
                    "received": count.received,
                    "refused": count.refused,
                }
                for path, count in list(self.counts.items())
            },
            "logins": self.totals["logins"],
            "refreshes": self.totals["refreshes"],
            "status_calls": self.totals["status_calls"],
            "logouts": self.totals["logouts"],
            "groups": dict(self._members.sizes()),
            "presence": dict(self.presence),
        }
