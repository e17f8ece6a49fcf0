"""The pages of another project, from one folder, in the place of the app's own files."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route


def site_routes(folder: Path) -> list[BaseRoute]:
    """Every file below ``folder``; a path without a dot in its last part is answered with ``index.html``."""
    root = folder.resolve()

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        path = (root / name).resolve()
        if "." not in name.rsplit("/", 1)[-1]:
            path = root / "index.html"
        if not path.is_relative_to(root) or not path.is_file():
            return PlainTextResponse("Not Found", 404)
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    return [Route("/{name:path}", file)]
