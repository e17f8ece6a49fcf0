"""The build behind real web servers, under the snippets that it ships; skipped by name where one is not installed."""

import json
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from e2e.hosts import HOSTS, hosted, installed
from e2e.releases import DIST
from e2e.tab import BOOT_TIMEOUT, Tab
from mock_server.server import MockServer

MANIFEST: dict[str, Any] = json.loads((DIST / "manifest.json").read_text()) if DIST.is_dir() else {}


@pytest.fixture(scope="module", params=HOSTS)
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with a copy of the build and a mock of its own behind it."""
    name = request.param
    if not installed(name):
        pytest.skip(f"{name} is not installed")
    work = tmp_path_factory.mktemp(name)
    build = work / "build"
    shutil.copytree(DIST, build)
    with MockServer(conversations=30) as mock, hosted(name, build, work, mock.url) as address:
        yield address


@pytest.fixture
def client(host: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host, headers={"Accept-Encoding": "identity"}) as found:
        yield found


def headers_of(answer: httpx.Response, wanted: dict[str, str]) -> dict[str, str]:
    return {name: answer.headers.get(name, "") for name in wanted}


def test_every_path_is_the_page_with_its_headers(client: httpx.Client) -> None:
    """A deep link and the root get the page, the policy with the address that was asked for, and no caching."""
    for path in ("/", "/chat/7", "/conversations?status=open", "/index.html"):
        answer = client.get(path)
        wanted = {
            name: value.replace("$host", client.base_url.netloc.decode()) for name, value in MANIFEST["headers"].items()
        }
        assert answer.status_code == 200, path
        assert answer.text == (DIST / "index.html").read_text()
        assert answer.headers["content-type"].startswith("text/html")
        assert headers_of(answer, wanted) == wanted


def test_every_file_is_kept_for_ever_with_its_type(client: httpx.Client) -> None:
    """Each file of the manifest is answered byte by byte, with the type that browsers want, and is kept for ever."""
    types = {"mjs": "text/javascript", "js": "text/javascript", "css": "text/css", "wasm": "application/wasm"}
    for name, entry in MANIFEST["files"].items():
        if not name.startswith("/assets/"):
            continue
        answer = client.get(name)
        assert len(answer.content) == entry["bytes"], name
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        kind = types.get(name.rsplit(".", 1)[-1])
        assert kind is None or answer.headers["content-type"].startswith(kind), name


def test_files_and_page_travel_compressed(client: httpx.Client) -> None:
    """The twins made by the build are sent, and caches on the way are told that there are several."""
    for path in ("/", MANIFEST["names"]["/frontend/boot.js"], "/service-worker.js"):
        with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            raw = b"".join(answer.iter_raw())
        file = "/index.html" if path == "/" else path
        assert answer.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["vary"]
        assert raw == (DIST / f"{file.lstrip('/')}.gz").read_bytes()


def test_a_missing_file_is_missing_and_not_for_ever(client: httpx.Client) -> None:
    """During a roll-out a file may be asked for too early: nobody shall remember for a year that it was not there."""
    answer = client.get("/assets/missing-0123456789.js")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_the_worker_is_asked_for_each_time(client: httpx.Client) -> None:
    """It is a script, never cached, and its own policy lets it reach nobody else."""
    answer = client.get("/service-worker.js")
    assert answer.content == (DIST / "service-worker.js").read_bytes()
    assert answer.headers["content-type"].startswith("text/javascript")
    assert headers_of(answer, MANIFEST["worker_headers"]) == MANIFEST["worker_headers"]


def test_the_app_lives_there_under_its_policy(tab: Tab, host: str) -> None:
    """From the snapshot to the live list, with no request to anybody else and nothing refused by the policy."""
    page, asked = tab.page, set[str]()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("websocket", lambda socket: asked.add(urlsplit(socket.url).netloc))
    page.goto(f"{host}/conversations")
    page.get_by_label("Email").fill("sara@example.com", timeout=BOOT_TIMEOUT)
    page.get_by_label("Password").fill("demo-sara")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("[data-conversation-id]").first).to_be_visible()
    assert page.locator("html").get_attribute("data-boot") == "the memory snapshot"
    assert asked == {urlsplit(host).netloc}
    tab.foreign.clear()  # the tab takes the mock's own address for the only one
