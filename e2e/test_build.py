"""The build (``make build``) under its own policy: what it starts from, what it falls back to, who can serve it."""

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

from e2e.releases import DIST
from e2e.tab import AWAITED_REST, BOOT_TIMEOUT, Tab
from mock_server.server import MockServer

BROKEN_FILE = r"Failed to load resource|preloaded using link preload"
WITH_SNAPSHOT, WITHOUT = 4_000_000, 2_700_000  # bytes after brotli; docs/design.md, "The build", says what they are


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DIST / "manifest.json").read_text())
    return found


@pytest.fixture(scope="module")
def built_server() -> Iterator[MockServer]:
    with MockServer(dist=DIST, conversations=60) as server:
        yield server


@pytest.fixture
def server(built_server: MockServer) -> MockServer:
    """The mock with the build, also where the other tests run on the sources."""
    built_server.reset()
    return built_server


def break_files(tab: Tab, manifest: dict[str, Any], *addresses: str) -> None:
    """Let the server answer with something else for some of the build's files."""
    tab.expected.append(BROKEN_FILE)

    def garbage(route: Route) -> None:
        route.fulfill(body=b"not what you asked for" * 10, content_type="application/octet-stream")

    for address in addresses:
        tab.page.route(f"**{manifest['names'][address]}", garbage)


def expect_started_from(tab: Tab, way: str) -> None:
    expect(tab.page.locator("html")).to_have_attribute("data-boot", way)
    assert tab.said(f"Pilito starts from {way}") == 1


def test_it_starts_from_the_snapshot_under_its_policy(tab: Tab) -> None:
    """The live list is there, PyScript included, with nothing compiled from strings and nothing asked elsewhere."""
    tab.give_session().open("/conversations").ready()
    expect(tab.rows().first).to_be_visible()
    expect_started_from(tab, "the memory snapshot")
    assert tab.said(AWAITED_REST) == 0
    with pytest.raises(Exception, match=r"unsafe-eval|Trusted"):
        tab.page.add_script_tag(content="document.title = eval('1+1')")
    tab.console_errors.clear()


def test_nosnap_starts_from_the_compiled_library(tab: Tab) -> None:
    """For debugging, the address can ask for a start without the snapshot."""
    tab.give_session().open("/conversations?nosnap").ready()
    expect_started_from(tab, "the compiled standard library")
    assert tab.said(AWAITED_REST) == 0


@pytest.mark.parametrize(("way", "arguments"), [("fromSnapshot", ""), ("fromArchives", "/runtime/stdlib.zip")])
def test_what_the_app_never_used_is_fetched_when_it_is_called(
    tab: Tab, manifest: dict[str, Any], way: str, arguments: str
) -> None:
    """Python that needs the rest of the runtime waits for it, under the policy, and goes on."""
    names = manifest["names"]
    tab.may_await_rest = True
    tab.give_session().open("/conversations").ready()
    answer = tab.page.evaluate(
        """async ([script, way, argument]) => {
          const python = await (await import(script))[way](argument);
          return python.runPython("import unicodedata; unicodedata.name('A') + unicodedata.normalize('NFD', '\u00e9')");
        }""",
        [names["/frontend/built/runtime.mjs"], way, names.get(arguments, "")],
    )
    assert answer == "LATIN CAPITAL LETTER Ae\u0301"
    assert tab.said(" the rest of the runtime") == 1  # waited for, or called once it had come


def test_a_damaged_snapshot_is_said_and_passed_over(tab: Tab, manifest: dict[str, Any]) -> None:
    """The app starts from the compiled library, and the console says why."""
    break_files(tab, manifest, "/snapshot.bin")
    tab.give_session().open("/conversations").ready()
    expect_started_from(tab, "the compiled standard library")
    assert tab.said("not from the memory snapshot: the snapshot file is damaged") == 1


def test_when_nothing_starts_the_page_says_so(tab: Tab, manifest: dict[str, Any]) -> None:
    """With every archive broken there is a readable page with the details, a reload and a copy."""
    break_files(tab, manifest, "/snapshot.bin", "/app.zip")
    tab.page.goto(f"{tab.server.url}/conversations")
    expect(tab.page.locator("html")).to_have_attribute("data-app", "error", timeout=BOOT_TIMEOUT)
    expect(tab.page.get_by_text("Pilito could not start.")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Reload")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Copy details")).to_be_visible()
    expect(tab.page.locator("#boot-details")).not_to_be_empty()
    tab.page_errors.clear()
    tab.console_errors.clear()


class Plain(SimpleHTTPRequestHandler):
    """A static server that knows files, one page for every other path, and the headers of the build's snippets."""

    headers_of_pages: dict[str, str]

    def do_GET(self) -> None:
        if "." not in urlsplit(self.path).path.rsplit("/", 1)[-1]:
            self.path = "/index.html"
        super().do_GET()

    def end_headers(self) -> None:
        if self.path == "/index.html":
            for name, value in self.headers_of_pages.items():
                self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


def test_a_plain_server_of_a_copy_works_with_the_backend_on_another_port(
    tab: Tab, server: MockServer, manifest: dict[str, Any], tmp_path: Path
) -> None:
    """Copied into an empty folder and told its backend, the build asks its own server and that backend, nobody else."""
    folder = tmp_path / "copy"
    shutil.copytree(DIST, folder)
    text = (folder / "index.html").read_text()
    (folder / "index.html").write_text(
        text.replace('pilito-backend" content=""', f'pilito-backend" content="{server.url}"')
    )
    sockets = server.url.replace("http", "ws", 1)
    policy = manifest["headers"]["Content-Security-Policy"].replace("ws://$host wss://$host", f"{server.url} {sockets}")
    assert server.url in policy
    handler = type("Handler", (Plain,), {"headers_of_pages": {"Content-Security-Policy": policy}})
    static = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    threading.Thread(target=static.serve_forever, daemon=True).start()
    page, asked = tab.page, set[str]()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("websocket", lambda socket: asked.add(urlsplit(socket.url).netloc))
    try:
        page.goto(f"http://127.0.0.1:{static.server_port}/conversations")
        page.get_by_label("Email").fill("sara@example.com", timeout=BOOT_TIMEOUT)
        page.get_by_label("Password").fill("demo-sara")
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("[data-conversation-id]").first).to_be_visible()
    finally:
        static.shutdown()
        static.server_close()
    tab.foreign.clear()  # the tab takes the mock's address for the only one
    assert asked == {f"127.0.0.1:{static.server_port}", urlsplit(server.url).netloc}


def test_a_cold_start_stays_within_its_bytes(manifest: dict[str, Any]) -> None:
    """What a first visit downloads, compressed, with the snapshot and without it."""
    names = manifest["names"]
    archives = {names[name] for name in ("/app.zip", "/runtime/stdlib.zip")}
    unused = {names[f"/runtime/pyodide/{name}"] for name in ("python_stdlib.zip", "pyodide.rest.wasm")}
    sizes = {name: entry["br"] for name, entry in manifest["files"].items() if name not in unused}
    without = sum(size for name, size in sizes.items() if name != names["/snapshot.bin"])
    assert sum(size for name, size in sizes.items() if name not in archives) < WITH_SNAPSHOT
    assert without < WITHOUT
