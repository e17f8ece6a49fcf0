"""``/__mock__/``: how tests and people drive the mock. Loopback only, unless the server was started otherwise."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mock_server import scenarios
from mock_server.backend import Backend
from mock_server.errors import BadValueError, MockError, UnknownNameError
from mock_server.faults import parse

EVENTS = {
    "customer_message": ("conversation", "content"),
    "ai_answer": ("conversation", "content"),
    "replace": ("message",),
}


class Control:
    """State, faults, pushes and reset."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/__mock__/state", self._guarded(self._state), methods=["GET"]),
            Route("/__mock__/journal", self._guarded(self._journal), methods=["GET"]),
            Route("/__mock__/fault", self._guarded(self._fault), methods=["POST"]),
            Route("/__mock__/push", self._guarded(self._push), methods=["POST"]),
            Route("/__mock__/scenario", self._guarded(self._scenario), methods=["POST"]),
            Route("/__mock__/reset", self._guarded(self._reset), methods=["POST"]),
        ]

    def _guarded(self, endpoint: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            if not self.backend.settings.control_open and not _from_loopback(request):
                return JSONResponse({"error": "the control API answers loopback only; start with --control-open"}, 403)
            try:
                return JSONResponse(await endpoint(request))
            except MockError as error:
                return JSONResponse({"error": str(error)}, 400)

        return handle

    async def _state(self, _: Request) -> dict[str, Any]:
        return self.backend.hub.state()

    async def _journal(self, _: Request) -> list[dict[str, Any]]:
        return self.backend.hub.journal.entries()

    async def _fault(self, request: Request) -> dict[str, Any]:
        return {"hit": await self.backend.trouble.order(parse(await _object(request)))}

    async def _reset(self, _: Request) -> dict[str, Any]:
        await self.backend.reset()
        return {"reset": True}

    async def _push(self, request: Request) -> dict[str, Any]:
        return await self.push(await _object(request))

    async def _scenario(self, request: Request) -> dict[str, Any]:
        order = await _object(request)
        speed = order.get("speed", 1)
        if isinstance(speed, bool) or not isinstance(speed, int | float) or speed <= 0:
            raise BadValueError("speed", f"must be a number above 0, not {speed!r}")
        self.play(order.get("scenario"), speed=speed)
        return {"playing": self.backend.playing}

    def play(self, name: object, *, speed: float = 1.0) -> None:
        """Start a scenario. Raises ``UnknownNameError``."""
        scenarios.start(self.backend, name, self.push, speed=speed)

    async def push(self, order: dict[str, Any]) -> dict[str, Any]:
        """``{"endpoint", "frame"}`` sends a frame as it is (a string is sent unquoted) to every socket of an endpoint;
        ``{"event": ...}`` makes something happen in the shop, with all that follows from it."""
        if "event" in order:
            return await self._happen(order)
        endpoint = order.get("endpoint")
        if not isinstance(endpoint, str) or "frame" not in order:
            raise BadValueError("push", 'needs "endpoint" and "frame", or "event"')
        reached = [c for c in self.backend.hub.connections if c.path.startswith(endpoint)]
        for connection in reached:
            await connection.send(order["frame"])
        return {"reached": len(reached)}

    async def _happen(self, order: dict[str, Any]) -> dict[str, Any]:
        event = order["event"]
        if event not in EVENTS:
            raise UnknownNameError("event", event, EVENTS)
        if event == "replace":
            return await self._replace(order)
        conversation = self.backend.store.conversations.get(str(order.get("conversation")))
        if conversation is None:
            raise BadValueError("conversation", f"there is none with id {order.get('conversation')!r}")
        content = str(order.get("content", "…"))
        if event == "customer_message":
            return {"message_id": (await self.backend.customer_writes(conversation, content)).id}
        return {"message_id": (await self.backend.ai_answers(conversation, content)).id}

    async def _replace(self, order: dict[str, Any]) -> dict[str, Any]:
        """The same id again with new content, as after the processing of a voice message."""
        message = self.backend.store.find_message(order.get("message"))
        if message is None:
            raise BadValueError("message", f"there is none with id {order.get('message')!r}")
        for name in ("content", "transcription", "processing_status"):
            if name in order:
                setattr(message, name, order[name])
        await self.backend.push_message(self.backend.store.conversations[message.conversation_id], message, {})
        return {"message_id": message.id}


def _from_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise BadValueError("body", "must be a JSON object") from None
    if not isinstance(body, dict):
        raise BadValueError("body", "must be a JSON object")
    return body
