"""The build's parts and headers, and how the mock serves a build; the build itself is driven by e2e/test_build.py."""

import gzip
import html
import json
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from mock_server.assets import asset_routes
from mock_server.dist import built_routes
from mock_server.errors import MockError
from tools.bundle import policy, worker
from tools.bundle.page import index
from tools.bundle.parts import Parts
from tools.bundle.patches import LOADER, patched
from tools.steps import ROOT


def test_a_part_is_named_after_all_that_it_leads_to() -> None:
    """A changed part changes the name of every part that uses it, and of no other."""
    names = []
    for leaf in (b"one", b"two"):
        parts = Parts()
        parts.add("/frontend/leaf.bin", leaf)
        parts.add("/frontend/user.js", b'fetch("/frontend/leaf.bin")')
        parts.add("/frontend/other.js", b"1")
        names.append([parts.name("/frontend/user.js"), parts.name("/frontend/other.js")])
        assert parts.name("/frontend/leaf.bin").encode() in parts.named[parts.name("/frontend/user.js")]
    assert names[0][0] != names[1][0]
    assert names[0][1] == names[1][1]


def test_an_address_inside_a_longer_path_is_left_alone() -> None:
    """Only whole addresses are replaced: a path in Python's file system may end like one."""
    parts = Parts()
    parts.add("/app.zip", b"x")
    assert parts.resolve('"/lib/app.zip"') == '"/lib/app.zip"'
    assert parts.resolve('"/app.zip"') == f'"{parts.name("/app.zip")}"'


def test_an_address_without_a_part_stops_the_build() -> None:
    """What the page would ask for in vain is found while it is built."""
    with pytest.raises(SystemExit, match=r"/frontend/missing\.js"):
        Parts().resolve('"/frontend/missing.js"')


def test_a_loader_that_has_changed_stops_the_build() -> None:
    """Each replacement in Pyodide's loader is made exactly once or not at all."""
    with pytest.raises(SystemExit, match="patches"):
        patched("".join(before for before, _ in LOADER[1:]))


def test_the_policy_allows_no_eval_and_no_html_from_strings() -> None:
    """Scripts come from here, wasm may be compiled, Trusted Types are required, and both snippets say the same."""
    text = policy.content_security_policy("https://api.example.com")
    assert "script-src 'self' 'wasm-unsafe-eval';" in text
    assert "require-trusted-types-for 'script'" in text
    assert "worker-src 'self';" in text
    assert "connect-src 'self' https://api.example.com wss://api.example.com;" in text
    for snippet in (policy.nginx, policy.caddy):
        assert text in snippet("https://api.example.com")
        assert policy.HOST + " " not in snippet("")


def full_parts() -> Parts:
    """Parts with every address that the page uses."""
    parts = Parts()
    for address in ("/app.zip", "/snapshot.bin", "/runtime/lock.mjs", "/runtime/pyscript/core.js", "/frontend/icon.svg",
                    "/frontend/boot.js", "/frontend/hooks.js", "/frontend/start.js",
                    "/frontend/styles/all.css"):  # fmt: skip
        parts.add(address, b"1")
    for name in ("interpreter", "runtime", "snapshot", "rest"):
        parts.add(f"/frontend/built/{name}.mjs", name.encode())
    for name in ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"):
        parts.add(f"/runtime/pyodide/{name}", name.encode())
    return parts


def test_the_page_hints_at_the_snapshot_and_never_at_the_wasm() -> None:
    """Everything that a start downloads is hinted at, but a preload of the wasm would keep it out of the code cache."""
    parts = full_parts()
    text = index(parts, "https://api.example.com")
    hints = [line for line in text.splitlines() if 'rel="preload"' in line or 'rel="modulepreload"' in line]
    assert any(parts.name("/snapshot.bin") in line for line in hints)
    assert any(parts.name("/runtime/pyodide/pyodide.asm.mjs") in line for line in hints)
    assert not any("wasm" in line for line in hints)
    assert 'name="pilito-backend" content="https://api.example.com"' in text


PAGE = '<meta name="pilito-build" content=""><main></main>'


def test_a_build_is_named_after_its_page_and_every_file() -> None:
    """A changed page or file makes another name; naming a page that is named already changes nothing."""
    page, name = worker.stamped(PAGE, {"/assets/a-1.js": "sha256-A"})
    assert f'content="{name}"' in page
    assert worker.stamped(page, {"/assets/a-1.js": "sha256-A"}) == (page, name)
    others = {
        worker.stamped(PAGE, {"/assets/a-1.js": "sha256-B"})[1],
        worker.stamped(PAGE.replace("main", "article"), {"/assets/a-1.js": "sha256-A"})[1],
    }
    assert len({name, *others}) == 3
    with pytest.raises(SystemExit, match="pilito-build"):
        worker.stamped("<main></main>", {})


def test_the_worker_keeps_files_with_their_hashes_and_knows_the_pages_of_the_app() -> None:
    """It is given every file but the stock standard library, and a pattern for each page, parameters included."""
    hashes = {"/assets/a-1.js": "sha256-A", "/assets/python_stdlib-2.zip": "sha256-B", "/index.html": "sha256-C"}
    text = worker.script("abc", hashes).decode()
    assert 'const BUILD = "abc";' in text
    files = re.search(r"const FILES = (\{.*?\});", text, re.DOTALL)
    assert files and json.loads(files[1]) == {"/assets/a-1.js": "sha256-A"}
    routes = re.search(r"const ROUTES = \[(.*)\];", text)
    assert routes
    patterns = [re.compile(route[1:-1].replace(r"\/", "/")) for route in routes[1].split(", ")]
    for path, ours in {
        "/": True,
        "/login": True,
        "/chat/7": True,
        "/chat/": False,
        "/chat/7/8": False,
        "/api/": False,
    }.items():
        assert any(pattern.match(path) for pattern in patterns) is ours, path


async def test_the_sources_end_a_worker_that_a_build_has_left() -> None:
    """``make serve`` after ``make serve DIST=1`` serves what removes it, which is never kept."""
    app = Starlette(routes=asset_routes(ROOT))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        answer = await client.get(worker.ADDRESS)
    assert answer.content == worker.removal()
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_has_one_script_before_python_and_knows_what_it_fetches() -> None:
    """The scripts of the sources are one file, and the progress bar is told the bytes of each download."""
    parts = full_parts()
    text = index(parts, "")
    scripts = re.findall(r'<script (?:type="module" )?src="([^"]+)"', text)
    assert scripts == [parts.name("/frontend/boot.js"), parts.name("/frontend/start.js")]
    found = re.search(r'name="pilito-bytes" content="([^"]*)"', text)
    sizes = json.loads(html.unescape(found.group(1))) if found else {}
    assert sizes[parts.name("/snapshot.bin")] == 1
    assert sizes[parts.name("/runtime/pyodide/pyodide.asm.wasm")] == len("pyodide.asm.wasm")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder that looks like a build."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<meta name="pilito-backend" content="">')
    (tmp_path / "assets" / "a-1.js").write_text("let a")
    (tmp_path / "assets" / "a-1.js.gz").write_bytes(gzip.compress(b"let a"))
    (tmp_path / "service-worker.js").write_text("let w")
    manifest = {
        "backend": "",
        "headers": policy.page_headers(""),
        "worker_headers": policy.WORKER_HEADERS,
        "files": {"/index.html": {}, "/assets/a-1.js": {}, "/service-worker.js": {}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


async def ask(build: Path, path: str, backend: str = "") -> httpx.Response:
    app = Starlette(routes=built_routes(build, backend=backend))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        return await client.get(path)


async def test_a_named_file_is_kept_for_ever_and_sent_compressed(build: Path) -> None:
    """What names its content never goes stale, and travels as its compressed twin."""
    answer = await ask(build, "/assets/a-1.js")
    assert answer.text == "let a"
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


async def test_every_path_is_the_page_under_the_policy_but_files_are_not_made_up(build: Path) -> None:
    """A deep link gets the page; a file that is not in the manifest is missing, and so is the manifest itself."""
    answer = await ask(build, "/chat/7")
    assert answer.headers["cache-control"] == "no-cache"
    assert "ws://shop.test wss://shop.test" in answer.headers["content-security-policy"]
    for path in ("/assets/a-2.js", "/manifest.json", "/assets/../manifest.json"):
        assert (await ask(build, path)).status_code == 404


async def test_the_worker_is_asked_for_each_time_under_a_policy_of_its_own(build: Path) -> None:
    """A worker that a browser kept would keep its build for ever."""
    answer = await ask(build, "/service-worker.js")
    assert answer.text == "let w"
    assert {name: answer.headers[name] for name in policy.WORKER_HEADERS} == policy.WORKER_HEADERS


async def test_a_build_may_be_made_anew_while_it_is_served(build: Path) -> None:
    """The mock serves what its folder holds when it is asked, not what it held at the start."""
    transport = httpx.ASGITransport(Starlette(routes=built_routes(build)))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
        assert (await client.get("/assets/a-2.js")).status_code == 404
        (build / "assets" / "a-2.js").write_text("let b")
        described = json.loads((build / "manifest.json").read_text())
        described["files"]["/assets/a-2.js"] = {}
        (build / "manifest.json").write_text(json.dumps(described))
        assert (await client.get("/assets/a-2.js")).text == "let b"


async def test_a_real_backend_is_named_in_the_page_and_allowed_by_the_policy(build: Path) -> None:
    """``BACKEND=`` reaches a build that was made without one."""
    answer = await ask(build, "/", "https://api.example.com")
    assert 'content="https://api.example.com"' in answer.text
    assert "https://api.example.com wss://api.example.com" in answer.headers["content-security-policy"]


def test_a_folder_without_a_build_is_refused(tmp_path: Path) -> None:
    """The message says what to run."""
    with pytest.raises(MockError, match="make build"):
        built_routes(tmp_path)
