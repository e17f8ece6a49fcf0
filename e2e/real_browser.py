"""Chromium as people have it: a tab in front hides the others, timers are throttled, pages freeze and are cached.

Pages that Playwright launches are never hidden. So Chromium is started here and attached to, without the overrides
that keep every page in front.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

from playwright.sync_api import Browser, Page, Playwright

from tools.browser import on_the_path

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--mute-audio",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--liftoff-only",
    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
)
"""The last one lets a page of nobody's origin, as in a sandboxed frame, reach a server on this machine."""


def executable(playwright: Playwright) -> str:
    """The browser with windows: ``PILITO_BROWSER``, the system's, or Playwright's own. A headless shell has none."""
    return os.environ.get("PILITO_BROWSER") or on_the_path() or playwright.chromium.executable_path


@contextlib.contextmanager
def launched(playwright: Playwright, executable: str) -> Iterator[Browser]:
    """Start Chromium with a profile of its own and attach to it; ends with the block."""
    profile = tempfile.mkdtemp(prefix="pilito-chromium-")
    process = subprocess.Popen(
        [executable, *ARGUMENTS, f"--user-data-dir={profile}", "about:blank"], stderr=subprocess.PIPE, text=True
    )
    try:
        browser = playwright.chromium.connect_over_cdp(_address(process), no_defaults=True)
        # The build's service worker has tests of its own; here it would answer where the network is to fail.
        browser.contexts[0].add_init_script("delete Navigator.prototype.serviceWorker")
        yield browser
        browser.close()
    finally:
        process.terminate()
        process.wait(10)
        assert process.stderr
        process.stderr.close()
        shutil.rmtree(profile, ignore_errors=True)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr
    for line in process.stderr:
        found = re.search(r"DevTools listening on (ws://\S+)", line)
        if found:
            return found.group(1)
    raise RuntimeError("Chromium ended before it listened; start it by hand with the same arguments to see why")


def set_frozen(page: Page, frozen: bool) -> None:
    """What the browser does to a tab to save power: no timer and no task runs until it is thawed."""
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen" if frozen else "active"})
    session.detach()


def store_only(page: Page, origin: str, pairs: dict[str, str]) -> None:
    """Let this origin's storage hold these pairs and nothing else, without starting the application."""
    page.goto(f"{origin}/frontend/icon.svg")
    page.evaluate(
        "pairs => { localStorage.clear(); for (const [k, v] of Object.entries(pairs)) localStorage.setItem(k, v); }",
        pairs,
    )
