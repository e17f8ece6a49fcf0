"""The built app (``make build``) from its folder, with the headers that its snippets give to other servers."""

import html
import json
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from mock_server.errors import MockError

FOR_EVER = "public, max-age=31536000, immutable"
ENCODINGS = {"br": ".br", "gzip": ".gz"}
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm", ".zip": "application/zip"}
HOST = "$host"  # in the manifest's headers: the address that the page was asked for
PAGE_META = '<meta name="pilito-backend" content="'


def built_routes(
    folder: Path, *, backend: str = "", opened: Callable[[Request], Response | None] | None = None
) -> list[BaseRoute]:
    """Routes for everything in a build; every path without a dot in its last part is answered with the page.

    ``backend`` is the address of a real backend, ``""`` for what the build was made for. ``opened`` hears of every page
    that is asked for, and may answer in its place. Raises ``MockError`` for a folder that holds no build.
    """
    files = BuiltFiles(folder, backend, opened)
    return [
        Route("/assets/{name:path}", files.asset),
        Route("/service-worker.js", files.worker),
        Route("/{rest:path}", files.page),
    ]


class BuiltFiles:
    """Serves one build."""

    def __init__(self, folder: Path, backend: str, opened: Callable[[Request], Response | None] | None) -> None:
        self._folder = folder.resolve()
        self._opened = opened
        self._backend = backend
        self._read: tuple[tuple[int, int], dict[str, Any]] = ((0, 0), {})
        try:
            _ = self._manifest
        except (OSError, ValueError):
            raise MockError(f"{folder} holds no build; run make build") from None

    @property
    def _manifest(self) -> dict[str, Any]:
        """What the folder holds now: it may be built anew while it is served."""
        path = self._folder / "manifest.json"
        found = path.stat()
        changed = (found.st_mtime_ns, found.st_size)
        if self._read[0] != changed:
            self._read = (changed, json.loads(path.read_text(encoding="utf-8")))
        return self._read[1]

    async def asset(self, request: Request) -> Response:
        return self._file(request, f"/assets/{request.path_params['name']}", {"Cache-Control": FOR_EVER})

    async def worker(self, request: Request) -> Response:
        return self._file(request, "/service-worker.js", self._manifest["worker_headers"])

    async def page(self, request: Request) -> Response:
        if "." in request.url.path.rsplit("/", 1)[-1]:
            return _missing()
        instead = self._opened(request) if self._opened else None
        if instead is not None:
            return instead
        if not self._backend:
            return self._file(request, "/index.html", self._headers(request))
        text = (self._folder / "index.html").read_text(encoding="utf-8")
        made = f'{PAGE_META}{html.escape(self._manifest["backend"], quote=True)}"'
        text = text.replace(made, f'{PAGE_META}{html.escape(self._backend, quote=True)}"')
        return Response(text, media_type="text/html", headers=self._headers(request))

    def _headers(self, request: Request) -> dict[str, str]:
        found: dict[str, str] = dict(self._manifest["headers"])
        host = request.headers.get("host", "")
        extra = f" {self._backend} {self._backend.replace('http', 'ws', 1)}" if self._backend else ""
        policy = found["Content-Security-Policy"].replace("connect-src 'self'", f"connect-src 'self'{extra}")
        return {**found, "Content-Security-Policy": policy.replace(HOST, host)}

    def _file(self, request: Request, name: str, headers: dict[str, str]) -> Response:
        """A file of the manifest, or its compressed twin where the browser takes one."""
        if name not in self._manifest["files"]:
            return _missing()
        path = self._folder / name.lstrip("/")
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        headers = {**headers, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
        accepted = request.headers.get("accept-encoding", "")
        for encoding, suffix in ENCODINGS.items():
            twin = path.with_name(path.name + suffix)
            if encoding in accepted and twin.is_file():
                return FileResponse(twin, media_type=kind, headers={**headers, "Content-Encoding": encoding})
        return FileResponse(path, media_type=kind, headers=headers)


def _missing() -> Response:
    return PlainTextResponse("Not Found", 404)
