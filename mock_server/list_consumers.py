"""The sockets of the two lists: filters, search, paging, and the options that a reader may choose from."""

from collections.abc import Iterable
from typing import Any

from starlette.websockets import WebSocket

from mock_server.backend import Backend
from mock_server.consumer import Consumer, stamped


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
        await self.connection.send(stamped("conversation_filter_options", options=options))


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
        await self.connection.send(stamped("filter_options", options=options))


def _in_use(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _options(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in pairs]
