"""Takes the memory snapshot in headless Chromium: it fits only the engine that has made it."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from tools.browser import find, install
from tools.bundle.application import modules
from tools.bundle.parts import Parts
from tools.bundle.split import USED
from tools.bundle.split.notes import keep
from tools.steps import ROOT, fail

PAGES: Final = Path(__file__).parent / "taking"
TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".html": "text/html",
    ".json": "application/json",
}


def take(parts: Parts) -> bytes:
    """Return the packed snapshot of an interpreter that has imported the application. Stops with what went wrong."""
    from playwright.sync_api import Error, sync_playwright

    extra = {f"/taking/{path.name}": path.read_bytes() for path in PAGES.iterdir() if path.is_file()}
    extra["/taking/first.js"] = (ROOT / "frontend" / "built" / "first.js").read_bytes()
    ranges = json.loads(USED.read_text())["ranges"]
    lists = {"modules": modules(), "ranges": ranges}
    files = {**parts.sources, **extra, **{f"/taking/{name}.json": json.dumps(lists[name]).encode() for name in lists}}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find() or install())
            page = browser.new_page()
            said: list[str] = []
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("console", lambda message: said.append(message.text))
            page.goto(f"http://127.0.0.1:{server.server_port}/taking/snapshot.html")
            try:
                page.wait_for_function("window.snapshot", timeout=30_000)
                found: dict[str, Any] = page.evaluate("window.snapshot")
                keep(page)
            except Error as error:
                found = {"problem": str(error)}
            browser.close()
    finally:
        server.shutdown()
        server.server_close()
    if "problem" in found:
        fail("memory snapshot", "\n".join([found["problem"], *said]))
    return base64.b64decode(found["bytes"])


def _handler(files: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Type", TYPES.get(Path(self.path).suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the build's output is its result."""

    return Handler
