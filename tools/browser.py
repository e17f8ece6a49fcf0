"""Find the browser for the tests, or install one, and print its path.

``PILITO_BROWSER``, else Playwright's own Chromium, else a ``chromium`` on the PATH, else one that is installed now: by
Playwright, or where its download does not work by the system's package manager.

With ``--shell``, the one for tests that need no window: a browser's headless shell has the same engine and makes a
context at much less work, but hides no tab and throttles none.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.steps import fail, run

STEP = "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome")
SHELL = "chromium-headless-shell"
INSTALL = ("apt-get", "install", "-y", "--no-install-recommends")


def chosen() -> str | None:
    """The browser that ``PILITO_BROWSER`` names. Stops when there is no such file."""
    path = os.environ.get("PILITO_BROWSER", "")
    if path and not Path(path).is_file():
        fail(STEP, f"PILITO_BROWSER is {path!r}, which is no file. Correct it or unset it.")
    return path or None


def playwrights_own() -> str | None:
    """Playwright's own Chromium, where it has been downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def on_the_path() -> str | None:
    """A Chromium on the PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def find() -> str | None:
    """The browser to use, or ``None`` when one has to be installed."""
    return chosen() or playwrights_own() or on_the_path()


def install() -> str:
    """Install a browser and return its path."""
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    with contextlib.suppress(subprocess.TimeoutExpired):  # no way to Playwright's host: the package manager is next
        subprocess.run(command, check=False, capture_output=True, timeout=120)
    path = playwrights_own()
    if path:
        return path
    if not shutil.which("apt-get"):
        fail(STEP, "no Chromium was found and none could be downloaded. Install one and name it in PILITO_BROWSER.")
    hint = "Install Chromium yourself and name it in PILITO_BROWSER."
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(STEP, ["apt-get", "update"], hint=hint, env=environment)
    run(STEP, [*INSTALL, "chromium"], hint=hint, env=environment)
    path = on_the_path()
    if not path:
        fail(STEP, f"apt-get installed no Chromium. {hint}")
    return path


def shell() -> str:
    """The browser for tests that need no window: a headless shell, and without one the browser itself."""
    if path := chosen():
        return path
    browser = find() or install()
    return beside(browser) or shutil.which(SHELL) or installed_shell(browser) or browser


def beside(browser: str) -> str | None:
    """The headless shell that Playwright has downloaded together with its own Chromium."""
    home = Path(browser).parents[1]
    revision = home.name.removeprefix("chromium-")
    found = home.parent.glob(f"chromium_headless_shell-{revision}/*/chrome-headless-shell*")
    return next((str(path) for path in found if path.is_file()), None)


def installed_shell(browser: str) -> str | None:
    """Debian's headless shell, put beside Debian's Chromium where that may be done; ``None`` when it cannot be.

    Nothing that is there is replaced or removed for it: it only saves time.
    """
    if Path(browser).name != "chromium" or not shutil.which("apt-get") or os.geteuid():
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    attempt = [*INSTALL, "--no-upgrade", "--no-remove", SHELL]
    for command in (attempt, ["apt-get", "update"], attempt):
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, check=False, capture_output=True, timeout=120, env=environment)
        if path := shutil.which(SHELL):
            return path
    return None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.browser", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--shell", action="store_true", help="the one for tests that need no window")
    print(shell() if parser.parse_args().shell else find() or install())


if __name__ == "__main__":
    main()
