"""Waiting for a count or a state, without sleeping for a guessed time."""

import threading
import time
from collections.abc import Callable

from playwright.sync_api import Page


def eventually(holds: Callable[[], bool], *, page: Page | None = None, seconds: float = 10.0) -> None:
    """Return as soon as ``holds()`` is true; fail after ``seconds``.

    With a ``page`` its events are let in between the looks: Playwright delivers them only while one of its calls runs.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not become true within {seconds} s")
        if page is not None:
            page.evaluate("1")
        pause.wait(0.01)
