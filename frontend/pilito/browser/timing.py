"""The clock, timers and tasks."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import js

from pilito.browser.proxies import Proxies
from pilito.carriers import redact
from pilito.ports import TimerHandle

_LONGEST = 2**31 - 1  # milliseconds; a browser's timer beyond that fires at once


class _Timer:
    def __init__(self, owner: "BrowserScheduler", number: int) -> None:
        self._owner, self._number = owner, number

    def cancel(self) -> None:
        self._owner.forget(self._number)


class _Task:
    def __init__(self, task: "asyncio.Future[None]") -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()


class BrowserScheduler:
    """``Scheduler`` over ``setTimeout``: one proxy for all timers."""

    def __init__(self) -> None:
        self._proxies = Proxies()
        self._fired = self._proxies.make(self._fire)
        self._waiting: dict[int, tuple[Callable[[], None], int]] = {}
        self._next = 0
        self._tasks: set[asyncio.Future[None]] = set()

    def now(self) -> float:
        return time.time()

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        self._next += 1
        milliseconds = min(max(delay, 0) * 1000, _LONGEST)
        self._waiting[self._next] = (callback, js.setTimeout(self._fired, milliseconds, self._next))
        return _Timer(self, self._next)

    def forget(self, number: int) -> None:
        """Cancel a timer; one that has fired is no error."""
        found = self._waiting.pop(number, None)
        if found:
            js.clearTimeout(found[1])

    def spawn(self, work: Awaitable[None], *, name: str) -> TimerHandle:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: _report(name, done))
        return _Task(task)

    @property
    def pending(self) -> int:
        """How many timers are running, for tests of leaks."""
        return len(self._waiting)

    @property
    def working(self) -> int:
        """How many spawned coroutines have not ended."""
        return len(self._tasks)

    def release(self) -> None:
        for number in list(self._waiting):
            self.forget(number)
        self._proxies.release()

    def _fire(self, number: int) -> None:
        found = self._waiting.pop(number, None)
        if found:
            found[0]()


def _report(name: str, done: "asyncio.Future[Any]") -> None:
    error = None if done.cancelled() else done.exception()
    if error:
        js.console.error(redact(f"{name} failed: {type(error).__name__}: {error}"))
