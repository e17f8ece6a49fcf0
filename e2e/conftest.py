"""What is special about this app's tests; everything else is in ``mock_server.testing.plugin``."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from e2e.steady import Steady, open_steady
from e2e.tab import Tab
from mock_server.server import MockServer
from mock_server.testing.evidence import Evidence
from tools.browser import SHELL, on_the_path

expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Without ``--pilito-browser``, the browser of the system where there is one: a headless shell before others."""
    path = shutil.which(SHELL) or on_the_path()
    found = {"executable_path": path} if path else {}
    # Baseline wasm code is enough for tests, and optimizing it in every new context is most of what a test would cost.
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    return {**found, **browser_type_launch_args, "args": [*quiet, "--js-flags=--liftoff-only"]}


@pytest.fixture(scope="session")
def context_options() -> dict[str, Any]:
    """The build's service worker stays out of every test but its own (``e2e/test_worker.py``)."""
    return {"locale": "en-GB", "timezone_id": "Asia/Tehran", "service_workers": "block"}


@pytest.fixture(scope="session")
def tab_class() -> type[Tab]:
    return Tab


@pytest.fixture
def inbox(tab: Tab) -> Tab:
    """A tab that is logged in and shows the live list of conversations."""
    tab.give_session().open("/conversations").ready()
    expect(tab.rows().first).to_be_visible()
    return tab


@pytest.fixture(scope="session")
def opened_steady(
    browser: Browser, new_server: Callable[..., MockServer], context_options: dict[str, Any]
) -> Iterator[Steady]:
    with open_steady(browser, new_server(), context_options) as steady:
        yield steady


@pytest.fixture
def steady(opened_steady: Steady, evidence: Evidence, profile: str) -> Iterator[Steady]:
    """One tab for many tests, logged in and on a clock that is moved by hand; its server has counted nothing yet."""
    with evidence.borrow(opened_steady.server, opened_steady.tab):
        opened_steady.begin(profile)
        yield opened_steady
