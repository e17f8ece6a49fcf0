"""Fixtures: a server for each worker, tabs that check themselves, and a folder of evidence for each failure."""

import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, expect

from e2e.tab import JWT, Tab
from mock_server.server import MockServer

RESULTS = Path("test-results")
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The browser that ``make`` has found, where it is not Playwright's own."""
    path = os.environ.get("PILITO_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
    # Baseline wasm code is enough for tests, and optimizing it in every new context is most of what a test would cost.
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    arguments = [*quiet, "--js-flags=--liftoff-only"]
    found = {**browser_type_launch_args, "args": arguments}
    return {**found, "executable_path": path} if path else found


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], MockServer]]:
    """Started servers by profile; each worker has its own."""
    running: dict[str, MockServer] = {}

    def get(profile: str) -> MockServer:
        if profile not in running:
            running[profile] = MockServer(profile=profile, conversations=60).start()
        return running[profile]

    yield get
    for server in running.values():
        server.stop()


@pytest.fixture
def profile() -> str:
    """The backend's version; tests that hold for several parametrize it."""
    return "guide"


@pytest.fixture
def server(servers: Callable[[str], MockServer], profile: str) -> MockServer:
    """A server in its first state."""
    found = servers(profile)
    if not found.running:
        found.start()  # a test that kills it may have failed before it could start it again
    found.reset()
    return found


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Iterator[list[Tab]]:
    """Collects the tabs of a test; when the test fails, leaves what is needed to see why in one folder."""
    tabs: list[Tab] = []
    yield tabs
    if getattr(request.node, "failed", False):
        folder = RESULTS / re.sub(r"[^\w.-]+", "-", request.node.nodeid)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, tab in enumerate(tabs):
            _leave_evidence(folder, number, tab)


@pytest.fixture
def context_of(browser: Browser, server: MockServer) -> Iterator[Callable[[], BrowserContext]]:
    """Makes contexts: one is one person's browser, whose tabs share storage."""
    made: list[BrowserContext] = []

    def make() -> BrowserContext:
        context = browser.new_context(locale="en-GB", timezone_id="Asia/Tehran")
        context.tracing.start(snapshots=True)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def new_tab(
    context_of: Callable[[], BrowserContext], server: MockServer, evidence: list[Tab]
) -> Iterator[Callable[..., Tab]]:
    """Opens tabs; without a context, in one that all of them share. Every tab is checked when the test ends well."""
    shared: list[BrowserContext] = []

    def make(context: BrowserContext | None = None) -> Tab:
        if context is None:
            if not shared:
                shared.append(context_of())
            context = shared[0]
        tab = Tab(context.new_page(), server)
        evidence.append(tab)
        return tab

    yield make


@pytest.fixture
def tab(new_tab: Callable[..., Tab]) -> Tab:
    """One empty tab."""
    return new_tab()


@pytest.fixture
def inbox(tab: Tab) -> Tab:
    """A tab that is logged in and shows the live list of conversations."""
    tab.give_session().open("/conversations").ready()
    expect(tab.rows().first).to_be_visible()
    return tab


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Tell the fixtures whether the test, or its set-up, has failed."""
    outcome: Any = yield
    if outcome.get_result().failed:
        item.failed = True  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def nothing_forbidden(evidence: list[Tab]) -> Iterator[None]:
    """No uncaught error, no unexpected console error, no foreign request, no token on the console: in every test."""
    yield
    for tab in evidence:
        tab.check()


def _leave_evidence(folder: Path, number: int, tab: Tab) -> None:
    (folder / f"tab{number}-console.txt").write_text(JWT.sub("[token]", "\n".join(tab.console)), encoding="utf-8")
    lines = "\n".join(json.dumps(frame, ensure_ascii=False) for frame in tab.frames)
    (folder / f"tab{number}-frames.jsonl").write_text(lines, encoding="utf-8")
    journal = "\n".join(json.dumps(entry, ensure_ascii=False) for entry in tab.server.backend.hub.journal.entries())
    (folder / "server-journal.jsonl").write_text(journal, encoding="utf-8")
    (folder / "server-state.json").write_text(json.dumps(tab.server.state(), indent=1), encoding="utf-8")
    try:
        tab.page.screenshot(path=folder / f"tab{number}.png", timeout=5000)
        connections = JWT.sub("[token]", json.dumps(tab.connections(), indent=1))
        (folder / f"tab{number}-connections.json").write_text(connections, encoding="utf-8")
        trace = folder / "trace.zip"
        if not trace.exists():
            tab.page.context.tracing.stop(path=trace)
            _redact_zip(trace)
    except Error as error:
        (folder / f"tab{number}-evidence-error.txt").write_text(str(error), encoding="utf-8")


def _redact_zip(path: Path) -> None:
    """Write the trace again without anything that looks like a token."""
    raw = re.compile(JWT.pattern.encode())
    with zipfile.ZipFile(path) as archive:
        parts = [(info.filename, raw.sub(b"[token]", archive.read(info))) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts:
            archive.writestr(name, data)
