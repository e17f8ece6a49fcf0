"""The HTTP side: which call goes where, what a fault makes of it, and who is asking."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from mock_server.backend import Backend
from mock_server.faults import HANDSHAKE
from mock_server.models import User
from mock_server.serialize import ORIGIN

COOKIE = "HTTP_ACCESS"
ALLOWED_HEADERS = "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with"
ALLOWED_METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NOT_FOUND = """
<!doctype html>
<html lang="en">
<head>
  <title>Not Found</title>
</head>
<body>
  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>
</body>
</html>
"""

Endpoint = Callable[[Request], Awaitable[Response]]


class Calls:
    """A group of calls. Subclasses list them as (path, {method: endpoint})."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def calls(self) -> list[tuple[str, dict[str, Endpoint]]]:
        raise NotImplementedError

    def user(self, request: Request) -> User | None:
        """The caller. A cookie wins over the header, even a stale one over a good header."""
        cookie = request.cookies.get(COOKIE)
        token = cookie.strip('"') if cookie is not None else request.headers.get("authorization", "")
        identity = self.backend.tokens.user_id(token.removeprefix("Bearer "))
        return self.backend.store.users.get(identity) if identity is not None else None

    def shown(self, value: Any, request: Request) -> Any:
        """A JSON value with the address that this client dialled in its links."""
        return json.loads(json.dumps(value).replace(ORIGIN, f"http://{request.headers.get('host', '')}"))


def unauthorized() -> Response:
    detail = {"detail": "Authentication credentials were not provided."}
    return JSONResponse(detail, 401, headers={"WWW-Authenticate": "Bearer"})


class HttpApi:
    """The calls below ``/api/v1/``, as routes."""

    def __init__(self, backend: Backend, groups: list[Calls]) -> None:
        self.backend = backend
        self.groups = groups

    def routes(self) -> list[BaseRoute]:
        found: list[BaseRoute] = [
            self._route(path, endpoints, group) for group in self.groups for path, endpoints in group.calls()
        ]
        return [*found, Route("/api/{rest:path}", self._unknown, methods=list(METHODS))]

    def _route(self, path: str, endpoints: dict[str, Endpoint], group: Calls) -> Route:
        allowed = ", ".join([*endpoints, *(["HEAD"] if "GET" in endpoints else []), "OPTIONS"])

        async def answer(request: Request) -> Response:
            refused = await self._fault(request, group)
            if refused is not None:
                return refused
            if request.method == "OPTIONS":
                return Response("", media_type="text/html", headers={"Vary": "origin"})
            if request.method in endpoints:
                response = await endpoints[request.method](request)
            else:
                response = JSONResponse({"detail": f'Method "{request.method}" not allowed.'}, 405)
            response.headers.update({"Vary": "Accept, origin", "Allow": allowed})
            return response

        async def handle(request: Request) -> Response:
            response = await answer(request)
            self._note(request, response)
            return self._cors(request, response)

        return Route(path, handle, methods=list(METHODS))

    def _note(self, request: Request, response: Response) -> None:
        self.backend.hub.journal.add(
            "http", method=request.method, path=str(request.url.path), status=response.status_code
        )

    async def _fault(self, request: Request, group: Calls) -> Response | None:
        """What the orders aimed at this HTTP path make of the call, all of them together."""
        user = group.user(request)
        aim = (request.url.path, user.email if user else "")
        struck = {name: self.backend.faults.take(*aim, (name,)) for name in HANDSHAKE}
        if (delay := struck["delay"]) is not None:
            await asyncio.sleep(delay.number("seconds", 2))
        if struck["hang"] is not None:
            while (await request.receive())["type"] != "http.disconnect":
                pass  # the rest of the request's body
            return PlainTextResponse("", status_code=504)
        if (refuse := struck["refuse"]) is not None:
            return PlainTextResponse("", status_code=int(refuse.number("status", 403)))
        return None

    def _cors(self, request: Request, response: Response) -> Response:
        origin = request.headers.get("origin")
        if origin:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers.setdefault("Vary", "origin")
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
                response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        return response

    async def _unknown(self, request: Request) -> Response:
        response = Response(NOT_FOUND, 404, media_type="text/html", headers={"Vary": "origin"})
        self._note(request, response)
        return self._cors(request, response)


async def read_body(request: Request) -> tuple[dict[str, Any], str]:
    """The body as an object, and what was wrong with it."""
    raw = await request.body()
    if "form" in request.headers.get("content-type", ""):
        return _from_form(raw.decode("utf-8", "replace")), ""
    try:
        body = json.loads(raw or b"{}")
    except (ValueError, RecursionError) as error:
        return {}, f"JSON parse error - {error}"
    return (body, "") if isinstance(body, dict) else ({}, "")


def _from_form(text: str) -> dict[str, Any]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text, keep_blank_values=True))
