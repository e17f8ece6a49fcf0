"""The calls about conversations, customers and messages. Those that change something push to sockets."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_server.http_api import Calls, Endpoint, read_body, unauthorized
from mock_server.models import Conversation, Customer, User, now
from mock_server.platforms import deliver

STATUSES = ("active", "support_active", "marketing_active", "closed")
EDITABLE = ("first_name", "last_name", "username", "email", "phone_number", "description")


class MessageCalls(Calls):
    """Below ``/api/v1/message/``."""

    def calls(self) -> list[tuple[str, dict[str, Endpoint]]]:
        below, mine = "/api/v1/message", self._for_user
        chat, customer = f"{below}/conversation/{{conversation_id}}", f"{below}/customer-item/{{customer_id:int}}"
        return [
            (f"{chat}/send-message/", {"POST": self._for_conversation(self.send_message)}),
            (f"{chat}/status/", {"PATCH": self._for_conversation(self.change_status)}),
            (f"{chat}/", {"DELETE": self._for_conversation(self.delete_conversation)}),
            (
                f"{customer}/",
                {
                    "PATCH": self._for_customer(self.edit_customer),
                    "DELETE": self._for_customer(self.delete_customer),
                },
            ),
            (f"{below}/customers", {"GET": mine(self.customers)}),
            (f"{below}/user-conversation-full", {"GET": mine(self.conversations)}),
            (f"{below}/user-messages", {"GET": mine(self.messages)}),
        ]

    # --- who asks, and about what ---

    def _for_user(self, answer: Callable[[Request, User], Awaitable[Response]]) -> Endpoint:
        """An endpoint for users who are logged in; 401 for everybody else."""

        async def endpoint(request: Request) -> Response:
            user = self.user(request)
            return unauthorized() if user is None else await answer(request, user)

        return endpoint

    def _for_conversation(self, answer: Callable[[Request, Conversation], Awaitable[Response]]) -> Endpoint:
        """An endpoint about a conversation of the user; 404 for every other one."""

        async def endpoint(request: Request, user: User) -> Response:
            found = self.backend.store.conversations.get(request.path_params["conversation_id"])
            if found is None or found.owner != user:
                return _problem("Conversation not found or access denied", "CONVERSATION_NOT_FOUND", 404)
            return await answer(request, found)

        return self._for_user(endpoint)

    def _for_customer(self, answer: Callable[[Request, User, Customer], Awaitable[Response]]) -> Endpoint:
        """An endpoint about a customer of the user; 404 for every other one."""

        async def endpoint(request: Request, user: User) -> Response:
            wanted = request.path_params["customer_id"]
            found = next((row for row in self.backend.store.customers_of(user) if row.id == wanted), None)
            if found is None:
                return JSONResponse({"detail": "No Customer matches the given query."}, 404)
            return await answer(request, user, found)

        return self._for_user(endpoint)

    # --- pages of rows ---

    async def customers(self, request: Request, user: User) -> Response:
        rows = [row for row in map(self.backend.serializer.rest_customer, self.backend.store.customers_of(user)) if row]
        return self._page(request, rows)

    async def conversations(self, request: Request, user: User) -> Response:
        rows = [self.backend.serializer.rest_conversation(row) for row in self.backend.store.of_user(user)]
        return self._page(request, rows)

    async def messages(self, request: Request, user: User) -> Response:
        wanted = request.query_params.get("conversation")
        chats = [chat for chat in self.backend.store.of_user(user) if wanted in (None, chat.id)]
        rows = [self.backend.serializer.rest_message(row, chat) for chat in chats for row in chat.messages]
        return self._page(request, rows)

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        """Page ``page`` of ``page_size`` rows, with the addresses of its neighbours."""
        size = _number(request.query_params.get("page_size"), 10)
        page = _number(request.query_params.get("page"), 1)

        def address(number: int) -> str | None:
            there = 1 <= number <= -(-len(rows) // size)
            return str(request.url.include_query_params(page=number, page_size=size)) if there else None

        part = rows[(page - 1) * size : page * size]
        answer = {"count": len(rows), "next": address(page + 1), "previous": address(page - 1), "results": part}
        return JSONResponse(self.shown(answer, request))

    # --- changes ---

    async def send_message(self, request: Request, conversation: Conversation) -> Response:
        body, _ = await read_body(request)
        content = str(body.get("content") or "").strip()
        if not content:
            return _problem("Message content is required", "EMPTY_CONTENT")
        if len(content) > 1000:
            return _problem("Message content too long (max 1000 characters)", "CONTENT_TOO_LONG")
        kind = body.get("type", "support")
        if kind not in ("support", "marketing"):
            return _problem("Invalid message type", "INVALID_TYPE")
        message = self.backend.store.add_message(conversation, content, kind)
        result = deliver(conversation, message)
        await self.backend.push_message(conversation, message, result)
        row = self.backend.serializer.message(message, conversation.customer)
        data = {"message": row, "external_send_result": result, "conversation_id": conversation.id}
        answer = {"status": "success", "message": "Message sent successfully", "data": data}
        return JSONResponse(self.shown(answer, request), 201)

    async def delete_conversation(self, _: Request, conversation: Conversation) -> Response:
        await self.backend.conversation_deleted(conversation)
        return Response(status_code=204)

    async def edit_customer(self, request: Request, user: User, customer: Customer) -> Response:
        """Pushes both lists, twice: the backend's view and its signal each announce the change."""
        body, problem = await read_body(request)
        if problem:
            return JSONResponse({"detail": problem}, 400)
        changes = {name: body[name] for name in EDITABLE if name in body}
        wrong = [name for name, value in changes.items() if not isinstance(value, str | None)]
        if wrong:
            return JSONResponse({name: ["Not a valid string."] for name in wrong}, 400)
        for name, value in changes.items():
            setattr(customer, name, value)
        customer.updated_at = now()
        await self.backend.customer_changed(customer)
        row = self.backend.serializer.customer_row(customer, self.backend.store, user)
        return JSONResponse(self.shown(row, request))

    async def delete_customer(self, _: Request, user: User, customer: Customer) -> Response:
        await self.backend.customer_deleted(customer, user)
        return Response(status_code=204)

    async def change_status(self, request: Request, conversation: Conversation) -> Response:
        body, _ = await read_body(request)
        if body.get("status") not in STATUSES:
            return _problem(f"Invalid status. Must be one of {', '.join(STATUSES)}", "INVALID_STATUS")
        old, conversation.status = conversation.status, str(body["status"])
        await self.backend.push_conversations(conversation.owner)
        data = {"conversation_id": conversation.id, "old_status": old, "new_status": conversation.status}
        return JSONResponse({"status": "success", "message": "Conversation status updated successfully", "data": data})


def _problem(error: str, code: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_code": code}, status)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() and int(text) else default
