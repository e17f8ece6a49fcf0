"""The backend: its data, its tokens, its version and what was ordered to go wrong. Consumers and HTTP share it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from mock_server import query
from mock_server.faults import Fault, Faults
from mock_server.gate import Gate
from mock_server.hub import Hub
from mock_server.models import Conversation, Customer, Message, Store, User, now
from mock_server.profiles import Profile
from mock_server.seed import seeded
from mock_server.serialize import Serializer, iso
from mock_server.timing import Timing
from mock_server.tokens import TokenIssuer
from mock_server.trouble import Trouble

TURNS: Final = 10
"""Turns of the loop in which a connection that is waiting to be accepted becomes a handshake that is counted: six."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the mock behaves.

    ``debug`` accepts every token, as the published settings of the real backend do. ``strict`` checks origins and
    counts connections as the backend does with debug mode off. ``deflate`` negotiates compression where uvicorn would.
    """

    profile: Profile
    debug: bool = False
    server: Literal["daphne", "uvicorn"] = "uvicorn"
    conversations: int = 300
    seed: int = 1
    control_open: bool = False
    first_message: bool = False  # a socket without a token may bring one in its first frame
    strict: bool = False
    deflate: bool = False
    timing: Timing = field(default_factory=Timing)


@dataclass(slots=True)
class Backend:
    """One running mock."""

    settings: Settings
    store: Store = field(default_factory=Store)
    hub: Hub = field(default_factory=Hub)
    faults: Faults = field(default_factory=Faults)
    tokens: TokenIssuer = field(default_factory=TokenIssuer)
    tasks: set[asyncio.Task[object]] = field(default_factory=set)
    playing: str = ""  # the scenario that is under way
    gate: Gate = field(init=False)
    trouble: Trouble = field(init=False)

    def __post_init__(self) -> None:
        self.store = seeded(self.settings.conversations, self.settings.seed)
        self.tokens.revocable = not self.settings.debug
        self.gate = Gate(self)
        self.trouble = Trouble(self)
        self.faults.on_hit = self._note_hit

    def _note_hit(self, fault: Fault, path: str, email: str) -> None:
        self.hub.journal.add("strike", name=fault.name, path=path, user=email)

    @property
    def profile(self) -> Profile:
        return self.settings.profile

    @property
    def serializer(self) -> Serializer:
        return Serializer(rich=self.profile.rich)

    def user_for(self, token: str) -> User | None:
        """Whose token this is. In debug mode every other token is the first user's."""
        identity = self.tokens.user_id(token, kinds=("access", "refresh"))
        if identity not in self.store.users and self.settings.debug:
            claims = self.tokens.claims(token) or {}
            known = str(claims.get("user_id")) in map(str, self.store.users)
            identity = int(claims["user_id"]) if known else min(self.store.users)
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
        default = 10 if isinstance(filters, dict | list) else 50
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

    async def ai_answers(self, conversation: Conversation, content: str) -> Message:
        """The AI answers. The newest versions store the answer and push nothing of it."""
        message = self.store.add_message(conversation, content, "AI", is_ai_response=True)
        if self.profile.ai_message:
            row = self.serializer.message(message, conversation.customer)
            frame = {"type": "ai_message", "message": row, "conversation_id": conversation.id, "is_ai_response": True}
            await self.hub.broadcast(f"chat_{conversation.id}", frame)
            await self.push_conversations(conversation.owner)
        return message

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

    def spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Run something that a reset or the shutdown cancels."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def reset(self) -> None:
        """Back to the beginning: data, counts, faults; sockets are cut, handshakes too, tokens live again.

        Whatever a client has sent before belongs to the time before, also where nobody has read it yet.
        """
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.faults.clear()
        self.gate.dials.clear()
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
        if self.hub.elsewhere:
            self.store.random.seed()  # as the relay does when it starts


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
