"""The routes of one server: control, HTTP calls, sockets, media, and the app's own files."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from mock_server.assets import asset_routes
from mock_server.backend import Backend
from mock_server.chat_consumer import ChatConsumer
from mock_server.consumer import Consumer, NoConsumer
from mock_server.control import Control
from mock_server.dist import built_routes
from mock_server.errors import MockError
from mock_server.http_api import HttpApi
from mock_server.http_auth import AuthCalls
from mock_server.http_messages import MessageCalls
from mock_server.list_consumers import ConversationsConsumer, CustomersConsumer
from mock_server.media import media
from mock_server.site import site_routes
from mock_server.wizard_consumer import WizardConsumer

ROOT = Path(__file__).resolve().parents[1]


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


def make_app(backend: Backend, *, scenario: str = "", site: Path | None = None, dist: Path | None = None) -> Starlette:
    """The mock with the app's files, its build in the folder ``dist``, or the pages of the folder ``site``.

    ``scenario`` begins with the first page of the app that is opened.
    """
    waiting = [scenario] if scenario else []

    def opened(request: Request) -> Response | None:
        name = request.query_params.get("scenario") or (waiting.pop() if waiting else None)
        try:
            if name is not None:
                Control(backend).play(name)
        except MockError as error:
            return PlainTextResponse(str(error), 400)
        return None

    def socket(path: str, consumer: type[Consumer]) -> WebSocketRoute:
        async def endpoint(websocket: WebSocket) -> None:
            await consumer(backend, websocket).run()

        return WebSocketRoute(path, endpoint)

    if site is not None:
        files = site_routes(site)
    elif dist is not None:
        files = built_routes(dist, opened=opened)
    else:
        files = asset_routes(ROOT, opened=opened)
    routes: list[BaseRoute] = [
        Route("/health/", _health),
        *Control(backend).routes(),
        *HttpApi(backend, [AuthCalls(backend), MessageCalls(backend)]).routes(),
        socket("/ws/conversations/", ConversationsConsumer),
        socket("/ws/customers/", CustomersConsumer),
        socket("/ws/chat/{conversation_id:str}/", ChatConsumer),
        socket("/ws/wizard-status/", WizardConsumer),
        socket("/{rest:path}", NoConsumer),
        Route("/media/{rest:path}", media),
        *files,
    ]
    return Starlette(routes=routes)


def make_files_app(backend_url: str, dist: Path | None = None) -> Starlette:
    """The app's files alone, or its build's, for pages that talk to a real backend."""
    files = built_routes(dist, backend=backend_url) if dist else asset_routes(ROOT, backend=backend_url)
    return Starlette(routes=[Route("/health/", _health), *files])
