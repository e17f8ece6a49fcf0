"""The calls about conversations, customers and messages. Those that change something push to sockets."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_server.http_api import Calls, Endpoint, read_body, unauthorized
from mock_server.models import Conversation, Customer, User, now
from mock_server.platforms import deliver

STATUSES = ("active", "support_active", "marketing_active", "closed")


class MessageCalls(Calls):
    """Below ``/api/v1/message/``."""

    def calls(self) -> list[tuple[str, dict[str, Endpoint]]]:
        chat = "/api/v1/message/conversation/{conversation_id}"
        return [
            (f"{chat}/send-message/", {"POST": self.send_message}),
            (f"{chat}/status/", {"PATCH": self.change_status}),
            (f"{chat}/", {"DELETE": self.delete_conversation}),
            (
                "/api/v1/message/customer-item/{customer_id:int}/",
                {"PATCH": self.edit_customer, "DELETE": self.delete_customer},
            ),
            ("/api/v1/message/customers", {"GET": self.customers}),
            ("/api/v1/message/user-conversation-full", {"GET": self.conversations}),
            ("/api/v1/message/user-messages", {"GET": self.messages}),
        ]

    # --- pages of rows ---

    async def customers(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return unauthorized()
        rows = [row for row in map(self.backend.serializer.rest_customer, self.backend.store.customers_of(user)) if row]
        return self._page(request, rows)

    async def conversations(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return unauthorized()
        rows = [self.backend.serializer.rest_conversation(row) for row in self.backend.store.of_user(user)]
        return self._page(request, rows)

    async def messages(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return unauthorized()
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

    def _conversation(self, request: Request, user: User) -> Conversation | None:
        found = self.backend.store.conversations.get(request.path_params["conversation_id"])
        return found if found is not None and found.owner == user else None

    async def send_message(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return unauthorized()
        conversation = self._conversation(request, user)
        if conversation is None:
            return _not_found()
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

    async def delete_conversation(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return unauthorized()
        conversation = self._conversation(request, user)
        if conversation is None:
            return _not_found()
        await self.backend.conversation_deleted(conversation)
        return Response(status_code=204)

    def _customer(self, request: Request, user: User) -> Customer | None:
        wanted = request.path_params["customer_id"]
        return next((row for row in self.backend.store.customers_of(user) if row.id == wanted), None)

    async def edit_customer(self, request: Request) -> Response:
        """Pushes both lists, twice: the backend's view and its signal each announce the change."""
        user = self.user(request)
        if user is None:
            return unauthorized()
        customer = self._customer(request, user)
        if customer is None:
            return JSONResponse({"detail": "No Customer matches the given query."}, 404)
        body, problem = await read_body(request)
        if problem:
            return JSONResponse({"detail": problem}, 400)
        for name in ("first_name", "last_name", "username", "email", "phone_number", "description"):
            if name in body:
                value = body[name]
                if value is not None and not isinstance(value, str):
                    return JSONResponse({name: ["Not a valid string."]}, 400)
                setattr(customer, name, value)
        customer.updated_at = now()
        await self.backend.customer_changed(customer)
        row = self.backend.serializer.customer_row(customer, self.backend.store, user)
        return JSONResponse(self.shown(row, request))

    async def delete_customer(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return unauthorized()
        customer = self._customer(request, user)
        if customer is None:
            return JSONResponse({"detail": "No Customer matches the given query."}, 404)
        await self.backend.customer_deleted(customer, user)
        return Response(status_code=204)

    async def change_status(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return unauthorized()
        conversation = self._conversation(request, user)
        if conversation is None:
            return _not_found()
        body, _ = await read_body(request)
        if body.get("status") not in STATUSES:
            return _problem(f"Invalid status. Must be one of {', '.join(STATUSES)}", "INVALID_STATUS")
        old, conversation.status = conversation.status, str(body["status"])
        await self.backend.push_conversations(user)
        data = {"conversation_id": conversation.id, "old_status": old, "new_status": conversation.status}
        return JSONResponse({"status": "success", "message": "Conversation status updated successfully", "data": data})


def _not_found() -> Response:
    return _problem("Conversation not found or access denied", "CONVERSATION_NOT_FOUND", 404)


def _problem(error: str, code: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_code": code}, status)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() and int(text) else default
