"""What the tabs of one browser share: storage that lags, a channel, locks, and the list of tabs."""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from pilito.account import USER
from pilito.tokens import ACCESS

from simulator.clock import Clock, Entry
from simulator.sessions import Sessions

if TYPE_CHECKING:
    from simulator.tab import Tab


class Browser:
    """One browser, one profile."""

    def __init__(self, clock: Clock, random: Random, lag: float, sessions: Sessions) -> None:
        self.clock = clock
        self.sessions = sessions
        self._random = random
        self._lag = lag
        self.tabs: list[Tab] = []
        self.stored: dict[str, str] = {}
        self.locks: dict[str, list[Request]] = {}  # the first of each list holds the lock
        self.cleared: dict[str, float] = {}  # when a user's data was last meant to go
        self.marks: dict[str, tuple[Tab, float]] = {}  # who marked it, and until when

    def lag(self) -> float:
        """How long news between tabs takes this time."""
        return round(self._lag * self._random.random(), 3)

    @property
    def open_tabs(self) -> list["Tab"]:
        return [tab for tab in self.tabs if not tab.dead]

    def others(self, tab: "Tab") -> list["Tab"]:
        return [other for other in self.tabs if other is not tab and not other.dead]

    # --- storage ---

    def write(self, writer: "Tab", key: str, value: str | None) -> None:
        """A tab stores or removes. The others see it a little later, and are told so later still."""
        before = self.stored.get(key)
        writer.unseen.pop(key, None)
        if before == value:
            return
        if key == USER and before and value is None:
            self.cleared[json.loads(before)["id"]] = self.clock.now
            self.sessions.logs_out(json.loads(before)["id"])
        if key == USER and value:
            self.sessions.stays(json.loads(value)["id"])
        if key == ACCESS and before and value is None:
            self.sessions.forgets(writer, before)
        if value is None:
            del self.stored[key]
        else:
            self.stored[key] = value
        for other in self.others(writer):
            other.unseen.setdefault(key, []).append(before)
            lag = self.lag()
            other.post_in_order("value", lag / 2, other.see, key)
            other.post_in_order("storage", lag, other.storage_events.call, key, value)

    # --- channel ---

    def post(self, sender: "Tab", message: Mapping[str, object]) -> None:
        """A message to every other tab, as text."""
        text = json.dumps(dict(message))
        for other in self.others(sender):
            other.post_in_order("channel", self.lag(), other.hear, text)

    # --- locks ---

    def request(self, request: "Request") -> None:
        """Ask for a lock; it is granted when those before have let go."""
        queue = self.locks.setdefault(request.name, [])
        queue.append(request)
        if queue[0] is request:
            self._grant(request)

    def let_go(self, request: "Request") -> None:
        """A holder is done, or somebody no longer waits."""
        queue = self.locks.get(request.name, [])
        if request in queue:
            first = queue[0] is request
            queue.remove(request)
            if first and queue:
                self._grant(queue[0])

    def _grant(self, request: "Request") -> None:
        request.grant = self.clock.after(0.001, request.granted, place=request.tab)

    def holds_lock(self, tab: "Tab") -> bool:
        return any(queue and queue[0].tab is tab for queue in self.locks.values())

    def died(self, tab: "Tab") -> None:
        """A tab is gone: its locks are free, and the server sees its sockets close."""
        for queue in list(self.locks.values()):
            for request in [request for request in queue if request.tab is tab]:
                self.let_go(request)


class Request:
    """One tab's wish for a lock."""

    def __init__(self, tab: "Tab", name: str, granted: Callable[[], Any]) -> None:
        self.tab = tab
        self.name = name
        self.granted = granted
        self.grant: Entry | None = None
