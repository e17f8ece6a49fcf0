"""What every bench runs in: one server for all contenders, and one browser, told apart from nobody's daily one."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Playwright, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from bench.flood import flood
from mock_server.app import make_app
from mock_server.assets import TYPES
from mock_server.backend import Backend, Settings
from mock_server.profiles import profile
from mock_server.server import listen, uvicorn_server
from tools.browser import find, install

PAGES = Path(__file__).parent / "pages"
Routes = Callable[[Backend], Sequence[BaseRoute]]  # what a bench serves besides
ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--enable-precise-memory-info",
    "--js-flags=--expose-gc",
)


class Server:
    """The mock with the app, the pages of ``bench/pages`` and the socket ``/flood``; on one free port, in a thread."""

    def __init__(self, routes: Routes | None = None, *, conversations: int = 300) -> None:
        self.backend = Backend(Settings(profile("guide"), False, "uvicorn", conversations, 1))
        self._app = Starlette(
            routes=[
                *(routes(self.backend) if routes else ()),
                Route("/bench/{name:path}", _page),
                WebSocketRoute("/flood", flood),
                Mount("/", make_app(self.backend)),
            ]
        )
        self._server: uvicorn.Server = uvicorn_server(self._app)
        self._thread: threading.Thread | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def __enter__(self) -> "Server":
        listener = listen("127.0.0.1", 0)
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve(sockets=[listener])), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        if self._thread:
            self._thread.join(10)


@dataclass(slots=True)
class Lab:
    """The server, Playwright and the browser of a run. ``repeats`` is how often each contender is measured."""

    server: Server
    playwright: Playwright
    browser: Browser
    executable: str
    repeats: int = 5
    flags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return f"Chromium {self.browser.version}"

    @contextlib.contextmanager
    def page(self, path: str) -> Iterator[Page]:
        """A page of the server in a new context, with an empty cache."""
        context = self.browser.new_context(viewport={"width": 1000, "height": 800})
        try:
            page = context.new_page()
            page.goto(f"{self.server.url}{path}")
            yield page
        finally:
            context.close()

    @contextlib.contextmanager
    def profile(self, folder: Path, **options: Any) -> Iterator[BrowserContext]:
        """A browser of its own that keeps its cache in ``folder``: for measuring restarts."""
        context = self.playwright.chromium.launch_persistent_context(
            folder, executable_path=self.executable, args=list(ARGUMENTS), **options
        )
        try:
            yield context
        finally:
            context.close()


@contextlib.contextmanager
def lab(*, repeats: int, routes: Routes | None = None) -> Iterator[Lab]:
    """Start a server and a browser for one bench."""
    executable = find() or install()
    with Server(routes) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield Lab(server, playwright, browser, executable, repeats)
        finally:
            browser.close()


class Meter:
    """CPU of a page's main thread, in seconds, as Chromium counts it (CDP ``Performance.getMetrics``)."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read(self) -> dict[str, float]:
        """``TaskDuration``, ``ScriptDuration``, ``LayoutDuration``, ``JSHeapUsedSize`` and so on, as they are now."""
        found = self._session.send("Performance.getMetrics")["metrics"]
        return {entry["name"]: entry["value"] for entry in found}


async def _page(request: Request) -> Response:
    path = (PAGES / request.path_params["name"]).resolve()
    if not path.is_relative_to(PAGES.resolve()) or not path.is_file():
        return PlainTextResponse("Not Found", 404)
    kind = TYPES.get(path.suffix) or {".html": "text/html", ".py": "text/x-python"}.get(path.suffix)
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "no-cache"})
