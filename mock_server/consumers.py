"""The sockets: one consumer per kind of endpoint, its requests handled strictly one after the other."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from starlette.websockets import WebSocket

from mock_server.backend import Backend, say_unauthorized
from mock_server.credentials import Credential
from mock_server.faults import CONNECTION, HANDSHAKE
from mock_server.hub import Connection
from mock_server.models import Conversation, now
from mock_server.profiles import Refusal
from mock_server.serialize import iso

REQUEST_TIMEOUT = 10.0  # seconds
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
        self.requests: dict[str, Handler] = {}

    async def run(self) -> None:
        """Handshake, greeting, first data, then requests until the socket ends."""
        await self.socket.receive()  # websocket.connect
        self.backend.hub.count(self.connection.path).dialled += 1
        token = await self.credential.token()
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
        if not await self.backend.worker_free(self.connection):
            return False
        if self.backend.over_limit(self.connection):
            await self._refuse(403)
            return False
        aim = (self.connection.path, self.connection.email)
        fault = self.backend.faults.take(*aim, HANDSHAKE, self.connection.tab)
        if fault and fault.name == "delay":
            await asyncio.sleep(fault.number("seconds", 2))
        if fault and fault.name == "refuse":
            await self._refuse(int(fault.arguments.get("status", 403)))
            return False
        if fault and fault.name == "hang":
            await self.socket.receive()  # until the client gives up
            return False
        self.connection.silent = bool(fault and fault.name == "silent")
        if self.connection.user is None:
            await self._unauthorized(token)
            return False
        return await self._admit()

    async def _admit(self) -> bool:
        await self._accept()
        return True

    async def _accept(self) -> None:
        await self.credential.accept()
        self.backend.hub.join(self.connection, self.groups())

    async def _refuse(self, status: int) -> None:
        self.backend.hub.count(self.connection.path).refused += 1
        self.backend.hub.journal.add("refuse", path=self.connection.path, user=self.connection.email, status=status)
        await self.credential.refuse(status)

    async def _unauthorized(self, token: str) -> None:
        profile = self.backend.profile
        refusal = profile.bad if token else profile.missing
        if refusal is not Refusal.SAID and not self.credential.accepted:
            await self._refuse(int(refusal.value))
            return
        await self.credential.accept()
        self.backend.hub.join(self.connection, ())
        try:
            await say_unauthorized(self.connection)
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
        fault = self.backend.faults.take(self.connection.path, self.connection.email, CONNECTION, self.connection.tab)
        if fault:
            self.backend.strike(self.connection, fault)
        while True:
            event = await self.socket.receive()
            if event["type"] == "websocket.disconnect":
                return
            self.backend.hub.count(self.connection.path).received += 1
            self._note(event)
            try:
                await self._request(event)
            except PoisonError:
                await self._crash()
                return

    def _note(self, event: Any) -> None:
        text = event.get("text")
        shown = text if text is not None else f"<{len(event.get('bytes') or b'')} bytes>"
        me = self.connection
        self.backend.hub.journal.add("frame", path=me.path, user=me.email, direction="in", text=shown)

    async def _crash(self) -> None:
        if self.backend.settings.server == "daphne":
            await asyncio.sleep(0.1)
        await self.connection.close(self.backend.crash_code())

    async def _kick_others(self) -> None:
        if self.kind not in self.backend.profile.kicks:
            return
        me = self.connection
        for other in list(self.backend.hub.connections):
            if other is not me and other.path == me.path and other.user == me.user:
                await self.backend.kick(other)

    async def _request(self, event: Any) -> None:
        text = event.get("text")
        if text is None:
            raise PoisonError
        try:
            request = json.loads(text)
        except ValueError:
            await self._bad_json()
            return
        if not isinstance(request, dict):
            raise PoisonError
        kind = request.get("type", self.default_request)
        handler = self.requests.get(kind) if isinstance(kind, str) else None
        if handler and not await self._timed_out():
            await handler(request)

    async def _timed_out(self) -> bool:
        """On a stalled worker a list request ends in an error, and no data follows."""
        if self.kind == "chat" or not await self.backend.stalled(self.connection, REQUEST_TIMEOUT):
            return False
        await self.connection.send_past_stall(_stamped("error", message="Request timeout - please try again"))
        return True

    async def _bad_json(self) -> None:
        await self.connection.send({"error": "Invalid JSON format"})

    def hello(self) -> dict[str, Any]:
        return _stamped("connection_established", message=self.greeting)

    async def first_data(self) -> None:
        raise NotImplementedError


class ListConsumer(Consumer):
    """What the two list endpoints share: filters from the URL, search, refresh."""

    @property
    def user_id(self) -> int:
        assert self.connection.user is not None
        return self.connection.user.id

    def groups(self) -> list[str]:
        return [f"user_{self.user_id}_{self.kind}"]

    def filters(self, request: dict[str, Any]) -> Any:
        """The request's filters over those of the URL; what is not an object is kept, and fails like the backend."""
        asked = request.get("filters")
        if "search_term" in request or request.get("type", "").startswith("search_"):
            asked = {"search": request.get("search_term", "")}
        if asked is not None and not isinstance(asked, dict):
            return asked
        names = ("page_size", "page", "limit", "offset")
        from_url = {name: self.socket.query_params[name] for name in names if name in self.socket.query_params}
        return {**{key: int(value) if value.isdigit() else value for key, value in from_url.items()}, **(asked or {})}


class ConversationsConsumer(ListConsumer):
    """``/ws/conversations/``"""

    kind = "conversations"
    greeting = "✅ Conversation List WebSocket connected successfully"
    default_request = "get_conversations"

    def __init__(self, backend: Backend, socket: WebSocket) -> None:
        super().__init__(backend, socket)
        names = ("get_conversations", "refresh_conversations", "filter_conversations", "search_conversations")
        self.requests = dict.fromkeys(names, self._list)
        self.requests["get_conversation_filter_options"] = self._options

    async def first_data(self) -> None:
        assert self.connection.user is not None
        await self.connection.send(self.backend.conversations_list(self.connection.user, {}))

    async def _list(self, request: dict[str, Any]) -> None:
        assert self.connection.user is not None
        await self.connection.send(self.backend.conversations_list(self.connection.user, self.filters(request)))

    async def _options(self, _: dict[str, Any]) -> None:
        assert self.connection.user is not None
        rows = self.backend.store.of_user(self.connection.user)
        tags = [tag.name for row in rows if row.customer for tag in row.customer.tags]
        options = {
            "statuses": _in_use(row.status for row in rows),
            "sources": _in_use(row.source for row in rows),
            "priorities": _in_use(row.priority for row in rows),
            "tags": _in_use(tags),
            "order_options": _options(
                ("-updated_at", "Recently Updated"),
                ("-created_at", "Recently Created"),
                ("created_at", "Oldest First"),
                ("title", "Title A-Z"),
                ("-title", "Title Z-A"),
                ("status", "Status A-Z"),
                ("priority", "Priority A-Z"),
            ),
        }
        await self.connection.send(_stamped("conversation_filter_options", options=options))


class CustomersConsumer(ListConsumer):
    """``/ws/customers/``"""

    kind = "customers"
    greeting = "✅ Customer List WebSocket connected successfully"
    default_request = "get_customers"

    def __init__(self, backend: Backend, socket: WebSocket) -> None:
        super().__init__(backend, socket)
        names = ("get_customers", "refresh_customers", "filter_customers", "search_customers")
        self.requests = dict.fromkeys(names, self._list)
        self.requests["get_filter_options"] = self._options

    async def first_data(self) -> None:
        assert self.connection.user is not None
        await self.connection.send(self.backend.customers_list(self.connection.user, {}))

    async def _list(self, request: dict[str, Any]) -> None:
        assert self.connection.user is not None
        await self.connection.send(self.backend.customers_list(self.connection.user, self.filters(request)))

    async def _options(self, _: dict[str, Any]) -> None:
        assert self.connection.user is not None
        rows = self.backend.store.customers_of(self.connection.user)
        chats = self.backend.store.of_user(self.connection.user)
        options = {
            "sources": _in_use(row.source for row in rows)[:10],
            "tags": _in_use(tag.name for row in rows for tag in row.tags)[:20],
            "conversation_statuses": _in_use(chat.status for chat in chats)[:10],
            "has_email_options": _options(("true", "Has Email"), ("false", "No Email"), ("all", "All")),
            "has_phone_options": _options(("true", "Has Phone"), ("false", "No Phone"), ("all", "All")),
            "has_unread_options": _options(
                ("true", "Has Unread Messages"), ("false", "No Unread Messages"), ("all", "All")
            ),
            "order_options": _options(
                ("-updated_at", "Recently Updated"),
                ("-created_at", "Recently Created"),
                ("created_at", "Oldest First"),
                ("first_name", "Name A-Z"),
                ("-first_name", "Name Z-A"),
            ),
        }
        await self.connection.send(_stamped("filter_options", options=options))


class ChatConsumer(Consumer):
    """``/ws/chat/<conversation_id>/``"""

    kind = "chat"
    greeting = "✅ Chat WebSocket connected successfully"
    default_request = "chat_message"

    def __init__(self, backend: Backend, socket: WebSocket) -> None:
        super().__init__(backend, socket)
        self.chat_id: str = socket.path_params["conversation_id"]
        self.requests = {
            "chat_message": self._chat_message,
            "mark_read": self._mark_read,
            "get_messages": self._get_messages,
            "load_more_messages": self._get_messages,
            "submit_feedback": self._submit_feedback,
        }

    @property
    def conversation(self) -> Conversation | None:
        return self.backend.store.conversations.get(self.chat_id)

    def groups(self) -> list[str]:
        return [f"chat_{self.chat_id}"]

    async def _admit(self) -> bool:
        conversation = self.conversation
        if conversation is None or conversation.owner != self.connection.user:
            await self._denied()
            return False
        self.connection.chat = self.chat_id
        await self._accept()
        return True

    async def _denied(self) -> None:
        if not self.backend.profile.says_denied:
            await self._refuse(403)
            return
        await self.credential.accept()
        self.backend.hub.join(self.connection, ())
        try:
            await self.connection.send(_stamped("access_denied", message="You do not have access to this conversation"))
            await self.connection.close(self.backend.closing_code(1008))
        finally:
            self.backend.hub.leave(self.connection)

    def hello(self) -> dict[str, Any]:
        frame = super().hello()
        return {**frame, "conversation_id": self.chat_id}

    async def first_data(self) -> None:
        await self.connection.send(self.backend.recent_messages(self.conversation, None))

    async def _get_messages(self, request: dict[str, Any]) -> None:
        filters = request.get("filters", {})
        if self.conversation and self.backend.struck("page_shift", self.connection):
            await self.backend.customer_writes(self.conversation, "…")
        await self.connection.send(self.backend.recent_messages(self.conversation, filters))

    async def _chat_message(self, request: dict[str, Any]) -> None:
        content = request.get("content", "")
        if not isinstance(content, str):
            raise PoisonError
        content = content.strip()
        if not content:
            await self._error("Message content cannot be empty")
            return
        conversation = self.conversation
        if conversation is None:
            await self._error("Failed to save message")
            return
        kind = "customer" if request.get("message_type") == "customer" else "support"
        message = self.backend.store.add_message(conversation, content, kind)
        fails = self.backend.struck("platform_fail", self.connection)
        await self.backend.push_message(conversation, message, deliver(conversation, kind, fails=fails))

    async def _mark_read(self, _: dict[str, Any]) -> None:
        conversation = self.conversation
        for message in conversation.unread if conversation else []:
            assert conversation is not None
            if conversation.status != "active" or _answered_by_ai(conversation, message):
                message.is_answered = True
        user = self.connection.user
        frame = {"type": "messages_read", "user_id": user.id if user else 0}
        await self.backend.hub.broadcast(f"chat_{self.chat_id}", frame)

    async def _submit_feedback(self, request: dict[str, Any]) -> None:
        message_id, feedback, comment = (
            request.get("message_id"),
            request.get("feedback", ""),
            request.get("comment", ""),
        )
        if not isinstance(feedback, str) or not isinstance(comment, str):
            raise PoisonError
        if not message_id:
            await self._error("message_id is required")
            return
        feedback = feedback.lower()
        if feedback not in ("positive", "negative", "none"):
            await self._error('Invalid feedback type. Must be "positive", "negative", or "none"')
            return
        conversation = self.conversation
        message = next((m for m in (conversation.messages if conversation else []) if m.id == message_id), None)
        if message is None:
            await self._error("Message not found or you do not have permission to access it")
            return
        if message.type != "AI":
            await self._error("Feedback can only be submitted for AI responses")
            return
        message.feedback, message.feedback_comment, message.feedback_at = feedback, comment.strip()[:500], now()
        data = {
            "message_id": message.id,
            "feedback": message.feedback,
            "comment": message.feedback_comment,
            "feedback_at": iso(message.feedback_at),
        }
        await self.connection.send({"type": "feedback_submitted", "success": True, "data": data})
        await self.backend.hub.broadcast(f"chat_{self.chat_id}", {"type": "feedback_updated", **data})

    async def _error(self, text: str) -> None:
        await self.connection.send({"type": "error", "error": text})


def deliver(conversation: Conversation, kind: str, *, fails: bool = False) -> dict[str, Any] | None:
    """What the platform answers to a message that is sent on to it."""
    if kind == "customer":
        return None
    if fails:
        return {"success": False, "error": "name 'requests' is not defined"}
    if conversation.source == "telegram":
        number = len(conversation.messages)
        return {"success": True, "message_id": number, "data": {"ok": True, "result": {"message_id": number}}}
    if conversation.source == "instagram":
        identity = f"mid.{conversation.id}.{len(conversation.messages)}"
        return {"success": True, "message_id": identity, "data": {"message_id": identity}}
    return {"success": False, "error": "Unknown conversation source"}


def _answered_by_ai(conversation: Conversation, message: Any) -> bool:
    return any(later.type == "AI" and later.created_at > message.created_at for later in conversation.messages)


class WizardConsumer(Consumer):
    """``/ws/wizard-status/``: wants a real token even in debug mode."""

    kind = "wizard"
    greeting = ""
    default_request = "refresh"

    def __init__(self, backend: Backend, socket: WebSocket) -> None:
        super().__init__(backend, socket)
        self.requests = {"ping": self._pong, "refresh": self._status}

    def groups(self) -> list[str]:
        return [f"wizard_{self.connection.user.id}"] if self.connection.user else []

    async def _handshake(self, token: str) -> bool:
        if not self.backend.profile.wizard:
            await self._refuse(500)
            return False
        if self.backend.tokens.user_id(token, kinds=("access", "refresh")) is None:
            await self._refuse(403)
            return False
        return await super()._handshake(token)

    async def first_data(self) -> None:
        await self._status({})

    async def _bad_json(self) -> None:
        await self.connection.send({"error": "invalid_json"})

    async def _pong(self, _: dict[str, Any]) -> None:
        await self.connection.send({"type": "pong"})

    async def _status(self, _: dict[str, Any]) -> None:
        user = self.connection.user
        details = {
            "first_name": bool(user and user.first_name),
            "last_name": bool(user and user.last_name),
            "phone_number": False,
            "business_type": True,
            "manual_prompt": True,
            "channel_connected": True,
            "instagram_connected": False,
            "telegram_connected": True,
        }
        needed = ("first_name", "last_name", "phone_number", "business_type", "manual_prompt", "channel_connected")
        missing = [name for name in needed if not details[name]]
        status = {"wizard_complete": False, "can_complete": not missing, "missing_fields": missing, "details": details}
        await self.connection.send(_stamped("wizard_status", **status))


def _stamped(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields, "timestamp": iso(now())}


def _in_use(values: Any) -> list[Any]:
    return list(dict.fromkeys(values))


def _options(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in pairs]
