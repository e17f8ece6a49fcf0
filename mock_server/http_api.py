"""The HTTP side: login and its like, and the REST calls that push to sockets."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from mock_server.backend import Backend
from mock_server.consumers import deliver
from mock_server.faults import HANDSHAKE
from mock_server.models import Customer, User, now
from mock_server.serialize import ORIGIN

COOKIE = "HTTP_ACCESS"
WEEK = 604_800
ALLOWED_HEADERS = "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with"
ALLOWED_METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
REQUIRED, BLANK, NULL = "This field is required.", "This field may not be blank.", "This field may not be null."

Endpoint = Callable[[Request], Awaitable[Response]]


class HttpApi:
    """The calls below ``/api/v1/``."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def routes(self) -> list[BaseRoute]:
        usr, chat = "/api/v1/usr", "/api/v1/message/conversation/{conversation_id}"
        customer = "/api/v1/message/customer-item/{customer_id:int}"
        return [
            self._route(f"{usr}/login", self.login, "POST"),
            self._route(f"{usr}/refresh-access", self.refresh_access, "POST"),
            self._route(f"{usr}/refresh", self.refresh, "POST"),
            self._route(f"{usr}/auth/status", self.status, "GET"),
            self._route(f"{usr}/profile", self.profile, "GET"),
            self._route(f"{usr}/logout", self.logout, "GET"),
            self._route(f"{chat}/send-message/", self.send_message, "POST"),
            self._route(f"{chat}/status/", self.change_status, "PATCH"),
            self._route(f"{chat}/", self.delete_conversation, "DELETE"),
            self._route(f"{customer}/", {"PATCH": self.edit_customer, "DELETE": self.delete_customer}),
            Route("/api/{rest:path}", self._unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        ]

    def _route(self, path: str, endpoints: Endpoint | dict[str, Endpoint], method: str = "") -> Route:
        by_method = endpoints if isinstance(endpoints, dict) else {method: endpoints}

        async def handle(request: Request) -> Response:
            refused = await self._fault(request)
            if refused is not None:
                return self._cors(request, refused)
            if request.method == "OPTIONS":
                return self._cors(request, PlainTextResponse(""))
            if request.method not in by_method:
                detail = {"detail": f'Method "{request.method}" not allowed.'}
                return self._cors(request, JSONResponse(detail, 405))
            return self._cors(request, await by_method[request.method](request))

        return Route(path, handle, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

    async def _fault(self, request: Request) -> Response | None:
        """What an order aimed at this HTTP path makes of the call."""
        fault = self.backend.faults.take(request.url.path, "", HANDSHAKE)
        if fault is None or fault.name == "silent":
            return None
        if fault.name == "delay":
            await asyncio.sleep(fault.number("seconds", 2))
            return None
        if fault.name == "refuse":
            return PlainTextResponse("", status_code=int(fault.arguments.get("status", 403)))
        while (await request.receive())["type"] != "http.disconnect":
            pass  # the rest of the request's body
        return PlainTextResponse("", status_code=504)

    def _cors(self, request: Request, response: Response) -> Response:
        origin = request.headers.get("origin")
        if origin:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Vary"] = "Accept, origin"
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
                response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        return response

    async def _unknown(self, request: Request) -> Response:
        return self._cors(request, PlainTextResponse("Not Found", 404))

    # --- who is asking ---

    def user(self, request: Request) -> User | None:
        """The caller. A cookie wins over the header, even a stale one over a good header."""
        cookie = request.cookies.get(COOKIE)
        token = cookie.strip('"') if cookie is not None else request.headers.get("authorization", "")
        identity = self.backend.tokens.user_id(token.removeprefix("Bearer "))
        return self.backend.store.users.get(identity) if identity is not None else None

    def _shown(self, user: User, request: Request) -> Any:
        text = json.dumps(self.backend.serializer.user(user))
        return json.loads(text.replace(ORIGIN, f"http://{request.headers.get('host', '')}"))

    # --- login and its like ---

    async def login(self, request: Request) -> Response:
        body, problem = await _body(request)
        if problem:
            return JSONResponse({"detail": problem}, 400)
        complaints = {name: [text] for name in ("email_or_username", "password") if (text := _complaint(body, name))}
        if complaints:
            return JSONResponse(complaints, 400)
        user = self.backend.store.user_by_login(str(body["email_or_username"]))
        if user is None or user.password != body["password"]:
            return JSONResponse({"non_field_errors": ["Invalid email/username or password."]}, 400)
        self.backend.hub.totals["logins"] += 1
        access, refresh = self.backend.tokens.issue(user)
        data = self._shown(user, request)
        answer = {"refresh_token": refresh, "access_token": access, "user_data": data}
        return _with_cookie(JSONResponse(answer), access)

    async def refresh_access(self, request: Request) -> Response:
        return await self._rotate(request, both=True)

    async def refresh(self, request: Request) -> Response:
        return await self._rotate(request, both=False)

    async def _rotate(self, request: Request, *, both: bool) -> Response:
        body, _ = await _body(request)
        self.backend.hub.totals["refreshes"] += 1
        pair = self.backend.tokens.rotate(body.get("refresh"), self.backend.store.users.__getitem__)
        slow = self.backend.faults.take("/ws/", "", ("slow_refresh",))
        if slow:
            await asyncio.sleep(slow.number("seconds", 7))
        if pair is None:
            return JSONResponse({"success": False, "errors": ["refresh is invalid"]}, 401)
        access, refresh = pair
        data = {"refresh_token": refresh, **({"access_token": access} if both else {})}
        return _with_cookie(JSONResponse({"success": True, "data": data}), access)

    async def status(self, request: Request) -> Response:
        self.backend.hub.totals["status_calls"] += 1
        user = self.user(request)
        has_header = "authorization" in request.headers
        cookies = {name: name in request.cookies for name in (COOKIE, "HTTP_REFRESH", "USER_INFO", "sessionid")}
        return JSONResponse(
            {
                "authenticated": user is not None,
                "timestamp": str(now()),
                "cookies_present": cookies,
                "headers_present": {"Authorization": has_header, "HTTP_AUTHORIZATION": has_header},
                "user": _short(user) if user else None,
            }
        )

    async def profile(self, request: Request) -> Response:
        user = self.user(request)
        return JSONResponse(self._shown(user, request)) if user else _unauthorized()

    async def logout(self, request: Request) -> Response:
        """Says that it did. Only a bare token is really revoked: the backend hashes whatever the header holds."""
        self.backend.hub.totals["logouts"] += 1
        self.backend.tokens.revoke(request.headers.get("authorization", ""))
        response = JSONResponse({"success": True, "data": {"message": "Logged out"}})
        response.headers["Set-Cookie"] = f'{COOKIE}=""; Max-Age=0; Path=/; SameSite=None'  # browsers ignore this one
        return response

    # --- REST that pushes ---

    async def send_message(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return _unauthorized()
        conversation = self.backend.store.conversations.get(request.path_params["conversation_id"])
        if conversation is None or conversation.owner != user:
            return _problem("Conversation not found or access denied", "CONVERSATION_NOT_FOUND", 404)
        body, _ = await _body(request)
        content = str(body.get("content") or "").strip()
        if not content:
            return _problem("Message content is required", "EMPTY_CONTENT")
        if len(content) > 1000:
            return _problem("Message content too long (max 1000 characters)", "CONTENT_TOO_LONG")
        kind = body.get("type", "support")
        if kind not in ("support", "marketing"):
            return _problem("Invalid message type", "INVALID_TYPE")
        message = self.backend.store.add_message(conversation, content, kind)
        result = deliver(conversation, kind)
        await self.backend.push_message(conversation, message, result)
        row = self.backend.serializer.message(message, conversation.customer)
        data = {"message": row, "external_send_result": result, "conversation_id": conversation.id}
        answer = {"status": "success", "message": "Message sent successfully", "data": data}
        return JSONResponse(answer, 201)

    async def delete_conversation(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return _unauthorized()
        conversation = self.backend.store.conversations.get(request.path_params["conversation_id"])
        if conversation is None or conversation.owner != user:
            return _problem("Conversation not found or access denied", "CONVERSATION_NOT_FOUND", 404)
        await self.backend.conversation_deleted(conversation)
        return Response(status_code=204)

    def _customer(self, request: Request, user: User) -> Customer | None:
        wanted = request.path_params["customer_id"]
        return next((row for row in self.backend.store.customers_of(user) if row.id == wanted), None)

    async def edit_customer(self, request: Request) -> Response:
        """Pushes both lists, twice: the backend's view and its signal each announce the change."""
        user = self.user(request)
        if user is None:
            return _unauthorized()
        customer = self._customer(request, user)
        if customer is None:
            return JSONResponse({"detail": "No Customer matches the given query."}, 404)
        body, problem = await _body(request)
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
        return JSONResponse(json.loads(json.dumps(row).replace(ORIGIN, f"http://{request.headers.get('host', '')}")))

    async def delete_customer(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return _unauthorized()
        customer = self._customer(request, user)
        if customer is None:
            return JSONResponse({"detail": "No Customer matches the given query."}, 404)
        await self.backend.customer_deleted(customer, user)
        return Response(status_code=204)

    async def change_status(self, request: Request) -> Response:
        user = self.user(request)
        if user is None:
            return _unauthorized()
        conversation = self.backend.store.conversations.get(request.path_params["conversation_id"])
        if conversation is None or conversation.owner != user:
            return _problem("Conversation not found or access denied", "CONVERSATION_NOT_FOUND", 404)
        body, _ = await _body(request)
        old, conversation.status = conversation.status, str(body.get("status"))
        await self.backend.push_conversations(user)
        data = {"conversation_id": conversation.id, "old_status": old, "new_status": conversation.status}
        return JSONResponse({"status": "success", "message": "Conversation status updated successfully", "data": data})


async def _body(request: Request) -> tuple[dict[str, Any], str]:
    """The body as an object, and what was wrong with it."""
    if "form" in request.headers.get("content-type", ""):
        return _from_form((await request.body()).decode("utf-8", "replace")), ""
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        return {}, f"JSON parse error - {error}"
    return (body, "") if isinstance(body, dict) else ({}, "")


def _from_form(text: str) -> dict[str, Any]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text, keep_blank_values=True))


def _complaint(body: dict[str, Any], name: str) -> str:
    if name not in body:
        return REQUIRED
    if body[name] is None:
        return NULL
    return "" if str(body[name]).strip() else BLANK


def _with_cookie(response: Response, access: str) -> Response:
    response.headers["Set-Cookie"] = f'{COOKIE}="Bearer {access}"; HttpOnly; Max-Age={WEEK}; Path=/; SameSite=Lax'
    return response


def _unauthorized() -> Response:
    detail = {"detail": "Authentication credentials were not provided."}
    return JSONResponse(detail, 401, headers={"WWW-Authenticate": "Bearer"})


def _problem(error: str, code: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_code": code}, status)


def _short(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
    }
