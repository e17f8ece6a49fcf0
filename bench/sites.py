"""The contenders of the boot bench: each a site of its own on the same server, so that no cache is shared.

All are served alike: compressed with brotli, the page to be asked for again, everything else to be kept for ever.
"""

from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Mount, Route

from mock_server.app import make_app
from mock_server.assets import TYPES
from mock_server.backend import Backend
from tools.bundle.application import PYODIDE, PYSCRIPT, STYLES
from tools.bundle.compress import twins
from tools.runtime import npm_command
from tools.steps import ROOT, run

DIST: Final = ROOT / "dist"
PAGES: Final = Path(__file__).parent / "pages"
MICROPYTHON: Final = Path(__file__).parent / "node_modules" / "@micropython" / "micropython-webassembly-pyscript"
RUNTIMES: Final = {"pyodide": PYODIDE, "pyscript": PYSCRIPT, "micropython": MICROPYTHON}
STEP: Final = "MicroPython from npm"
KINDS: Final = {**TYPES, ".html": "text/html", ".css": "text/css", ".json": "application/json"}


def install() -> None:
    """See that MicroPython is there: nothing but this bench needs it. Stops with what to do where npm fails."""
    if not (MICROPYTHON / "micropython.mjs").is_file():
        command, environment = npm_command()
        flags = ["--prefix", "bench", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run(STEP, [*command, "ci", *flags], hint="npm must reach its registry; see the lines above.", env=environment)


def routes(backend: Backend) -> list[BaseRoute]:
    """``ours.localhost`` is the build, ``js.``, ``pyscript.`` and ``micropython.`` are the pages to compare it with."""
    built = make_app(backend, dist=DIST)
    others = [Host(f"{name}.localhost", _site(backend, name)) for name in ("js", "pyscript", "micropython")]
    return [Host("ours.localhost", built), *others]


def _site(backend: Backend, name: str) -> Starlette:
    async def page(_: Request) -> Response:
        return await _send((PAGES / f"boot-{name}.html").read_bytes(), ".html", "no-cache")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/all.css", _styles),
            Route("/runtime/{part}/{name}", _runtime),
            Route("/{name}.{suffix}", _source),
            Mount("/", make_app(backend)),
        ]
    )


async def _styles(_: Request) -> Response:
    folder = ROOT / "frontend" / "styles"
    return await _send(b"".join((folder / f"{name}.css").read_bytes() for name in STYLES), ".css")


async def _runtime(request: Request) -> Response:
    return await _file(RUNTIMES[request.path_params["part"]], request.path_params["name"])


async def _source(request: Request) -> Response:
    return await _file(PAGES, f"{request.path_params['name']}.{request.path_params['suffix']}")


async def _file(folder: Path, name: str) -> Response:
    path = folder / name
    if not path.is_file():
        return PlainTextResponse("Not Found", 404)
    return await _send(path.read_bytes(), path.suffix)


async def _send(data: bytes, suffix: str, cache: str = "public, max-age=31536000, immutable") -> Response:
    compressed = (await run_in_threadpool(twins, data))[".br"]
    headers = {"Cache-Control": cache, "Content-Encoding": "br", "X-Content-Type-Options": "nosniff"}
    return Response(compressed, media_type=KINDS.get(suffix, "text/plain"), headers=headers)
