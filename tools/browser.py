"""Find the browser for the tests, or install one, and print its path.

``PILITO_BROWSER``, else Playwright's own Chromium, else a ``chromium`` on the PATH, else one that is installed now: by
Playwright, or where its download does not work by the system's package manager.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.steps import fail, run

STEP = "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome")


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
    run(STEP, ["apt-get", "install", "-y", "--no-install-recommends", "chromium"], hint=hint, env=environment)
    path = on_the_path()
    if not path:
        fail(STEP, f"apt-get installed no Chromium. {hint}")
    return path


def main() -> None:
    print(find() or install())


if __name__ == "__main__":
    main()
