"""The backend: its data, its tokens, its version and what was ordered to go wrong. Consumers and HTTP share it."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from mock_server import query
from mock_server.faults import CONNECTION, USER, Fault, Faults
from mock_server.hub import Connection, Hub
from mock_server.models import Conversation, Customer, Message, Store, User, now
from mock_server.profiles import Profile
from mock_server.seed import seeded
from mock_server.serialize import Serializer, iso
from mock_server.tokens import TokenIssuer

STALLED_HANDSHAKE = {"daphne": 5.0, "uvicorn": 10.0}  # seconds until the server cuts it


@dataclass(frozen=True, slots=True)
class Settings:
    """How the mock behaves. ``debug`` accepts every token, as the published settings of the real backend do."""

    profile: Profile
    debug: bool = False
    server: Literal["daphne", "uvicorn"] = "uvicorn"
    conversations: int = 300
    seed: int = 1
    control_open: bool = False
    first_message: bool = False  # a socket without a token may bring one in its first frame


@dataclass(slots=True)
class Backend:
    """One running mock."""

    settings: Settings
    store: Store = field(default_factory=Store)
    hub: Hub = field(default_factory=Hub)
    faults: Faults = field(default_factory=Faults)
    tokens: TokenIssuer = field(default_factory=TokenIssuer)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    dials: dict[str, list[float]] = field(default_factory=dict)  # of each user, in the last minute
    playing: str = ""  # the scenario that is under way

    def __post_init__(self) -> None:
        self.store = seeded(self.settings.conversations, self.settings.seed)

    @property
    def profile(self) -> Profile:
        return self.settings.profile

    @property
    def serializer(self) -> Serializer:
        return Serializer(rich=self.profile.rich)

    def user_for(self, token: str) -> User | None:
        """Whose token this is. In debug mode every other token is the first user's."""
        identity = self.tokens.user_id(token, kinds=("access", "refresh"))
        if identity is None and self.settings.debug:
            claims = self.tokens.claims(token)
            identity = int(claims["user_id"]) if claims else min(self.store.users)
        return self.store.users.get(identity) if identity is not None else None

    # --- lists ---

    def conversations_list(self, user: User, filters: Any) -> dict[str, Any]:
        """The frame with one page of conversations. A query that fails gives an empty list, as in the backend."""
        try:
            rows = query.conversations(self.store, user, filters)
        except (ValueError, TypeError, AttributeError):
            rows = []
        page, pagination = query.paginate(rows, filters if isinstance(filters, dict) else {})
        shown = [self.serializer.conversation(row) for row in page]
        return _list_frame("conversations", shown, pagination, filters)

    def customers_list(self, user: User, filters: Any) -> dict[str, Any]:
        """The frame with one page of customers."""
        try:
            rows = query.customers(self.store, user, filters)
        except (ValueError, TypeError, AttributeError):
            rows = []
        page, pagination = query.paginate(rows, filters if isinstance(filters, dict) else {})
        shown = [self.serializer.customer_row(row, self.store, user) for row in page]
        return _list_frame("customers", shown, pagination, filters)

    def recent_messages(self, conversation: Conversation | None, filters: Any) -> dict[str, Any]:
        """The frame with one page of messages, oldest first inside the page."""
        default = 50 if filters is None or not isinstance(filters, dict | list) else 10
        broken = conversation is None or not (filters is None or isinstance(filters, dict | list))
        rows = [] if broken or conversation is None else sorted(conversation.messages, key=lambda m: m.created_at)[::-1]
        page, pagination = query.paginate(rows, filters if isinstance(filters, dict) else {}, default=default)
        customer = conversation.customer if conversation else None
        return {
            "type": "recent_messages",
            "messages": [self.serializer.message(row, customer) for row in reversed(page)],
            "pagination": pagination,
            "count": pagination["count"],
            "page_count": pagination["page_count"],
            "timestamp": iso(now()),
        }

    # --- pushes ---

    async def push_conversations(self, user: User) -> None:
        """What every change brings to the list of conversations: page 1 without filters."""
        await self.hub.broadcast(f"user_{user.id}_conversations", self.conversations_list(user, {}))

    async def push_customers(self, user: User) -> None:
        await self.hub.broadcast(f"user_{user.id}_customers", self.customers_list(user, {}))

    async def push_message(self, conversation: Conversation, message: Message, result: Any) -> None:
        """``chat_message`` to everybody in the chat, then the list to its owner."""
        row = self.serializer.message(message, conversation.customer)
        frame = {"type": "chat_message", "message": row, "external_send_result": result}
        await self.hub.broadcast(f"chat_{conversation.id}", frame)
        await self.push_conversations(conversation.owner)

    async def customer_writes(self, conversation: Conversation, content: str, **more: Any) -> Message:
        """A customer's message arrives from the platform."""
        message = self.store.add_message(conversation, content, "customer", **more)
        await self.push_message(conversation, message, {})
        return message

    async def conversation_deleted(self, conversation: Conversation) -> None:
        """The chat is told, the list is pushed; sockets on the chat stay open."""
        self.store.conversations.pop(conversation.id, None)
        frame = {
            "type": "conversation_deleted",
            "conversation_id": conversation.id,
            "timestamp": iso(now()),
            "message": "This conversation has been deleted",
        }
        await self.hub.broadcast(f"chat_{conversation.id}", frame)
        await self.push_conversations(conversation.owner)

    async def customer_deleted(self, customer: Customer, owner: User) -> None:
        """The customer's conversations go too, and their chats hear nothing of it: only the lists are pushed."""
        for conversation in self.store.conversations_with(customer, owner):
            del self.store.conversations[conversation.id]
        await self.push_customers(owner)
        await self.push_conversations(owner)

    async def customer_changed(self, customer: Customer) -> None:
        """A customer was edited or deleted: both lists are pushed twice, as the backend does."""
        for owner in self.store.owners_of(customer):
            for _ in range(2):
                await self.push_conversations(owner)
                await self.push_customers(owner)

    # --- faults ---

    async def order(self, fault: Fault) -> int:
        """Put a fault into force; returns how many open connections it has hit already."""
        self.hub.journal.add("fault", name=fault.name, endpoint=fault.endpoint, user=fault.user, times=fault.times)
        if fault.name in USER:
            return await self._expire(fault)
        if fault.name == "restart":
            return await self._restart(fault)
        if fault.name not in CONNECTION:
            self.faults.add(fault)
            return 0
        hit = self.hub.hit_by(fault)
        if fault.times is not None:
            hit = hit[: fault.times]
            fault.times -= len(hit)
        elif not hit and fault.for_seconds is None:
            fault.times = 1
        for connection in hit:
            self.strike(connection, fault)
        if fault.times or fault.for_seconds is not None:
            self.faults.add(fault)
        return len(hit)

    def strike(self, connection: Connection, fault: Fault) -> None:
        """Carry out a fault of a connection on an open one."""
        if fault.name == "half_open":
            connection.wire.swallow(fault.arguments.get("direction", "both"))
            return
        if fault.name == "kick":
            self.spawn(self.kick(connection))
            return
        codes = {"abort": 1006, "poison": self.crash_code()}
        code = codes.get(fault.name, int(fault.arguments.get("code", 1006)))
        delay = float(fault.arguments.get("after", 0))
        self.spawn(self._end(connection, self.closing_code(code), str(fault.arguments.get("reason", "")), delay))

    async def kick(self, connection: Connection) -> None:
        """Another tab has taken over."""
        if self.profile.announces_kick and connection.kind == "chat":
            await connection.send(
                {
                    "type": "connection_closed",
                    "reason": "duplicate_connection",
                    "message": "Replaced by newer connection",
                    "timestamp": iso(now()),
                }
            )
        await connection.close(1000)

    def struck(self, name: str, connection: Connection) -> bool:
        """Whether a fault of the service is in force for this socket; counts the hit."""
        return self.faults.take(connection.path, connection.email, (name,), connection.tab) is not None

    async def stalled(self, connection: Connection, patience: float) -> bool:
        """Wait while the worker is stalled; whether it still is after ``patience`` seconds."""
        until = asyncio.get_running_loop().time() + patience
        while self.faults.standing(connection.path, connection.email, ("stall",), connection.tab):
            if asyncio.get_running_loop().time() >= until:
                return True
            await asyncio.sleep(0.02)
        return False

    async def worker_free(self, connection: Connection) -> bool:
        """Whether a handshake is looked at in time; a stalled worker's are cut."""
        if not await self.stalled(connection, STALLED_HANDSHAKE[self.settings.server]):
            return True
        connection.wire.abort()
        return False

    def over_limit(self, connection: Connection) -> bool:
        """Whether the user's allowance is used up. Refused connections do not count."""
        fault = self.faults.standing(connection.path, connection.email, ("rate_limit",), connection.tab)
        now_, dials = time.monotonic(), self.dials.setdefault(connection.email, [])
        dials[:] = [at for at in dials if now_ - at < 60]
        if fault and connection.user and len(dials) >= fault.number("per_minute", 10):
            return True
        dials.append(now_)
        return False

    async def _restart(self, fault: Fault) -> int:
        """As SIGTERM and a new process: daphne drops its sockets, uvicorn says 1012."""
        seconds = fault.number("seconds", 1)
        if seconds:
            self.faults.add(Fault("refuse", "/ws/", for_seconds=seconds, arguments={"status": 502}))
        hit = self.hub.hit_by(fault)
        for connection in hit:
            await connection.close(1006 if self.settings.server == "daphne" else 1012)
        return len(hit)

    def closing_code(self, code: int) -> int:
        """The code that this server flavour can really send after the handshake."""
        daphne_cannot = self.settings.server == "daphne" and code not in (1000, 1006) and code < 3000
        return 1011 if daphne_cannot and code == 1008 else code

    def crash_code(self) -> int:
        """How a socket ends when its consumer raises."""
        return 1011 if self.settings.server == "daphne" else 1006

    async def _end(self, connection: Connection, code: int, reason: str, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        await connection.close(code, reason)

    async def _expire(self, fault: Fault) -> int:
        users = [user for user in self.store.users.values() if fault.user in ("", user.email)]
        for user in users:
            self.tokens.expire(user, refresh=bool(fault.arguments.get("refresh", True)))
        if self.profile.bad.value != "said" or fault.name == "revoke":
            return 0  # open sockets stay usable, only new handshakes are checked
        hit = [connection for connection in self.hub.connections if connection.user in users]
        for connection in hit:
            await say_unauthorized(connection)
        return len(hit)

    def spawn(self, work: Any) -> None:
        """Run something beside the requests; it is cancelled at shutdown."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def reset(self) -> None:
        """Back to the beginning: data, counts, faults; open sockets are cut, tokens live again."""
        self.faults.clear()
        self.dials.clear()
        self.playing = ""
        for connection in list(self.hub.connections):
            connection.wire.abort()
            self.hub.leave(connection)
        for task in list(self.tasks):
            task.cancel()
        self.hub.counts.clear()
        self.hub.totals.clear()
        self.hub.journal.clear()
        self.hub.presence.clear()
        self.tokens.revive()
        self.store = seeded(self.settings.conversations, self.settings.seed)


async def say_unauthorized(connection: Connection) -> None:
    """What the guide promises for a bad token: a frame that says so, and close 4001."""
    await connection.send(
        {
            "type": "authentication_error",
            "message": "Invalid or expired authentication token",
            "error_code": "AUTH_REQUIRED",
            "timestamp": datetime.now(UTC).isoformat(),
        }
    )
    await connection.close(4001, "Authentication failed")


def _list_frame(name: str, rows: list[Any], pagination: dict[str, Any], filters: Any) -> dict[str, Any]:
    return {
        "type": f"{name}_list",
        name: rows,
        "pagination": pagination,
        "filters": {} if filters is None else filters,
        "count": pagination["count"],
        "page_count": pagination["page_count"],
        "timestamp": iso(now()),
    }
