"""Virtual time: one queue of everything that will happen, and an asyncio event loop for each tab that draws on it."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

START: Final = 1_790_000_000.0


class Place(Protocol):
    """Where something happens: a tab, which may be asleep."""

    def run(self, entry: "Entry") -> None: ...


class Entry:
    """Something that will happen, unless it is cancelled."""

    __slots__ = ("args", "call", "cancelled", "done", "place", "timer")

    def __init__(self, call: Callable[..., object], args: tuple[Any, ...], place: Place | None, timer: bool) -> None:
        self.call = call
        self.args = args
        self.place = place
        self.timer = timer  # a browser may throttle it
        self.cancelled = False
        self.done = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """The time, and what is due when. Entries of one moment happen in the order in which they were made."""

    def __init__(self) -> None:
        self.now = START
        self.events = 0
        self._queue: list[tuple[float, int, Entry]] = []
        self._number = 0

    def at(
        self, when: float, call: Callable[..., object], *args: Any, place: Place | None = None, timer: bool = False
    ) -> Entry:
        """Let ``call(*args)`` happen at ``when``, in ``place``."""
        entry = Entry(call, args, place, timer)
        self.push(when, entry)
        return entry

    def after(self, delay: float, call: Callable[..., object], *args: Any, place: Place | None = None) -> Entry:
        return self.at(self.now + delay, call, *args, place=place)

    def push(self, when: float, entry: Entry) -> None:
        """Queue an entry, perhaps once more."""
        self._number += 1
        heapq.heappush(self._queue, (when, self._number, entry))

    def run(self, until: float, watch: Callable[[Place | None], None]) -> None:
        """Let everything happen up to ``until``; ``watch`` is called after each event with its place."""
        queue = self._queue
        while queue and queue[0][0] <= until:
            when, _, entry = heapq.heappop(queue)
            if entry.cancelled:
                continue
            self.now = max(self.now, when)
            self.events += 1
            if entry.place is None:
                entry.call(*entry.args)
            else:
                entry.place.run(entry)
            watch(entry.place)
        self.now = max(self.now, until)


class TabLoop(asyncio.AbstractEventLoop):
    """The event loop of one tab. As in Pyodide, a continuation is a turn of its own: other events may come between."""

    def __init__(self, clock: Clock, place: Place, turn: float) -> None:
        self._clock = clock
        self._place = place
        self._turn = turn  # seconds until a continuation runs

    def time(self) -> float:
        return self._clock.now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> Any:
        return self._clock.at(self._clock.now + self._turn, callback, *args, place=self._place)

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> Any:
        return self.call_at(self._clock.now + delay, callback, *args)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> Any:
        return self._clock.at(when, callback, *args, place=self._place, timer=True)

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, *, name: str | None = None, context: Any = None) -> "asyncio.Task[Any]":
        work: Coroutine[Any, Any, Any] = coro
        return asyncio.Task(work, loop=self, name=name or "work")

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A task that is thrown away with its world is no news; failures are noted where tasks are made."""
