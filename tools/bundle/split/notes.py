"""A pytest plugin: gathers what the pages of a noting build have noted, from every page that is closed or left.

``python -m pytest e2e -p tools.bundle.split.notes --pilito-dist build/noting``; see ``tools.bundle.split.profile``.
"""

import base64
import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Error, Page

NOTES: Final = Path(__file__).parents[3] / "build" / "notes.bin"
READ: Final = "() => globalThis.pilitoNotes?.()"


def pytest_configure() -> None:
    for owner, name in ((Page, "close"), (Page, "goto"), (Page, "reload"), (BrowserContext, "close")):
        setattr(owner, name, _keeping(getattr(owner, name)))


def _keeping(method: Callable[..., Any]) -> Callable[..., Any]:
    """``method`` of a page or a context, which ends pages; what they have noted is kept before."""

    def kept(place: Page | BrowserContext, *arguments: Any, **options: Any) -> Any:
        for page in [place] if isinstance(place, Page) else place.pages:
            keep(page)
        return method(place, *arguments, **options)

    return kept


def keep(page: Page) -> None:
    """Add what the page has noted to the file; a page that is dead or elsewhere has nothing to say."""
    try:
        found = page.evaluate(READ)
    except Error:
        return
    if found:
        add(base64.b64decode(found))


def add(fresh: bytes, path: Path = NOTES) -> None:
    """Merge notes, a bit each, into the file, which other processes write too."""
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = file.read().ljust(len(fresh), b"\0")
        merged = int.from_bytes(known, "little") | int.from_bytes(fresh, "little")
        file.truncate(0)
        file.write(merged.to_bytes(len(known), "little"))
