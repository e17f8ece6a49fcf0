"""The app's own files: the page, the runtime from ``node_modules``, and one archive of the Python sources."""

import hashlib
import html
import importlib.util
import io
import json
import mimetypes
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

RUNTIME = {"pyodide": "node_modules/pyodide", "pyscript": "node_modules/@pyscript/core/dist"}
PACKAGES = ("pilito", "pages")
PAGE_META = '<meta name="pilito-backend" content="">'
BYTES_META = '<meta name="pilito-bytes" content="">'
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm", ".zip": "application/zip"}

Endpoint = Callable[[Request], Awaitable[Response]]


def asset_routes(
    root: Path, *, backend: str = "", opened: Callable[[Request], Response | None] | None = None
) -> list[BaseRoute]:
    """Routes for everything that the page needs; the last one answers every other path with the page itself.

    ``backend`` is the address of a real backend, ``""`` for the one that serves the page. ``opened`` hears of every
    page that is asked for, and may answer in its place.
    """
    files = Assets(root, backend, opened)
    return [
        Route("/runtime/stdlib.zip", files.stdlib),
        Route("/runtime/{part}/{name:path}", files.runtime),
        Route("/frontend/{name:path}", files.source),
        Route("/app.zip", files.archive),
        Route("/service-worker.js", files.removal),
        Route("/{rest:path}", files.page),
    ]


class Assets:
    """Serves files below ``root``; nothing outside the named folders is reachable."""

    def __init__(self, root: Path, backend: str, opened: Callable[[Request], Response | None] | None = None) -> None:
        self.opened = opened
        self.root = root
        self.backend = backend
        self._archive: tuple[str, bytes] = ("", b"")

    async def runtime(self, request: Request) -> Response:
        folder = RUNTIME.get(request.path_params["part"])
        if folder is None:
            return _missing()
        return self._file(self.root / folder, request.path_params["name"], "public, max-age=31536000, immutable")

    async def stdlib(self, _: Request) -> Response:
        """The standard library compiled by ``tools/compile_stdlib.mjs``, or the stock one where it was not built."""
        path = self._stdlib()
        return self._file(path.parent, path.name, "no-cache")

    def _stdlib(self) -> Path:
        built = self.root / "build" / "stdlib.zip"
        return built if built.is_file() else self.root / RUNTIME["pyodide"] / "python_stdlib.zip"

    async def source(self, request: Request) -> Response:
        return self._file(self.root / "frontend", request.path_params["name"], "no-cache")

    async def archive(self, request: Request) -> Response:
        """The Python sources as one stored zip, made anew when a file has changed."""
        tag = self._fingerprint()
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        if self._archive[0] != tag:
            self._archive = (tag, self._zip())
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        return Response(self._archive[1], media_type="application/zip", headers=headers)

    async def removal(self, _: Request) -> Response:
        """What ends the service worker of a build that was served here before: sources are never kept."""
        return self._file(self.root / "frontend" / "built", "removal.js", "no-cache")

    async def page(self, request: Request) -> Response:
        name = request.url.path.rsplit("/", 1)[-1]
        if name == "favicon.ico":
            return self._file(self.root / "frontend", "icon.svg", "max-age=3600")
        if "." in name:
            return _missing()
        instead = self.opened(request) if self.opened else None
        if instead is not None:
            return instead
        text = (self.root / "index.html").read_text(encoding="utf-8")
        meta = PAGE_META.replace('content=""', f'content="{html.escape(self.backend, quote=True)}"')
        text = text.replace(PAGE_META, meta).replace(BYTES_META, self._bytes_meta())
        return Response(text, media_type="text/html", headers=self._page_headers(request))

    def _bytes_meta(self) -> str:
        """What a start fetches, for its progress bar."""
        runtime, core = self.root / RUNTIME["pyodide"], self.root / RUNTIME["pyscript"]
        sizes = {f"/runtime/pyodide/{name}": runtime / name for name in ("pyodide.asm.wasm", "pyodide.asm.mjs")}
        sizes |= {f"/runtime/pyscript/{path.name}": path for path in core.glob("core*.js")}
        sizes["/runtime/stdlib.zip"] = self._stdlib()
        found = {address: path.stat().st_size for address, path in sizes.items() if path.is_file()}
        return BYTES_META.replace('content=""', f'content="{html.escape(json.dumps(found))}"')

    def _page_headers(self, request: Request) -> dict[str, str]:
        return {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": content_security_policy(request.headers.get("host", ""), self.backend),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    def _file(self, folder: Path, name: str, cache: str) -> Response:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            return _missing()
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(
            path, media_type=kind, headers={"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
        )

    def _sources(self) -> Iterator[tuple[str, Path]]:
        """The files of the archive: our packages, and PyJWT as it is installed here."""
        for package in PACKAGES:
            for path in sorted((self.root / "frontend" / package).rglob("*.py")):
                yield str(path.relative_to(self.root / "frontend")), path
        found = importlib.util.find_spec("jwt")
        if found and found.origin:
            folder = Path(found.origin).parent
            for path in sorted(folder.glob("*.py")):
                yield f"jwt/{path.name}", path

    def _fingerprint(self) -> str:
        seen = "".join(f"{name}{path.stat().st_mtime_ns}" for name, path in self._sources())
        return f'"{hashlib.sha256(seen.encode()).hexdigest()[:16]}"'

    def _zip(self) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, path in self._sources():
                archive.write(path, name)
        return buffer.getvalue()


def content_security_policy(host: str, backend: str) -> str:
    """The policy of the page: scripts from here, no ``eval``; connections to here and to the configured backend.

    Pictures and sounds may come from anywhere over http(s): the backend keeps them in object storage.
    """
    sockets = f"ws://{host} wss://{host}"
    if backend:
        sockets += f" {backend} {backend.replace('http', 'ws', 1)}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            f"connect-src 'self' {sockets}",
            "img-src 'self' http: https: data:",
            "media-src 'self' http: https:",
            "font-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _missing() -> Response:
    return PlainTextResponse("Not Found", 404)
