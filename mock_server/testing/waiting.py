"""Waiting for a state or a count, without sleeping for a guessed time."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Page

T = TypeVar("T")
FIRST, LONGEST = 0.01, 0.05  # seconds between two looks: each costs the page that is waited for


def eventually(
    holds: Callable[[], bool],
    *,
    page: Page | None = None,
    seconds: float = 10.0,
    otherwise: Callable[[], str] | None = None,
) -> None:
    """Return as soon as ``holds()`` is true; fail after ``seconds`` with what ``otherwise()`` says.

    With a ``page`` its events are let in between the looks: Playwright delivers them only while one of its calls runs.
    """
    began = time.monotonic()
    deadline = began + seconds
    pause = threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            found = f": {otherwise()}" if otherwise else ""
            raise AssertionError(f"did not become true within {seconds:g} s{found}")
        if page is not None:
            page.evaluate("1")
        pause.wait(min(max(FIRST, (time.monotonic() - began) / 4), LONGEST))


def becomes(look: Callable[[], T], wanted: T, what: str, *, page: Page | None = None, seconds: float = 10.0) -> None:
    """Wait until ``look()`` returns ``wanted``; the failure names ``what``, what was wanted and what was there."""
    eventually(
        lambda: look() == wanted,
        page=page,
        seconds=seconds,
        otherwise=lambda: f"{what}: expected {wanted!r}, found {look()!r}",
    )
