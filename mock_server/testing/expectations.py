"""What the server is expected to have seen. Each call waits, and says what it found when it waited in vain."""

import json
from typing import Any

from mock_server.errors import UnknownNameError
from mock_server.server import MockServer
from mock_server.testing.waiting import becomes

COUNTS = ("live", "accepted", "closed", "received", "refused")
TOTALS = ("logins", "refreshes", "status_calls", "logouts")


class ServerExpectations:
    """Expectations on the counts and frames of one server; each is given ``seconds``."""

    def __init__(self, server: MockServer, seconds: float = 10.0) -> None:
        self._server = server
        self._seconds = seconds

    def counts(self, path: str, **wanted: int) -> None:
        """Wait for counts of an endpoint path: ``live``, ``accepted``, ``closed``, ``received``, ``refused``.

        Raises ``UnknownNameError`` for another one.
        """
        for name in wanted:
            if name not in COUNTS:
                raise UnknownNameError("count", name, COUNTS)

        def look() -> dict[str, int]:
            found = self._server.endpoint(path)
            return {name: found[name] for name in wanted}

        becomes(look, wanted, path, seconds=self._seconds)

    def totals(self, **wanted: int) -> None:
        """Wait for counts of HTTP calls: ``logins``, ``refreshes``, ``status_calls``, ``logouts``."""
        for name in wanted:
            if name not in TOTALS:
                raise UnknownNameError("total", name, TOTALS)

        def look() -> dict[str, int]:
            state = self._server.state()
            return {name: state[name] for name in wanted}

        becomes(look, wanted, "calls", seconds=self._seconds)

    def received(self, message_type: str, count: int = 1, *, path: str = "/ws/") -> None:
        """Wait until clients have sent ``count`` frames of a type to the endpoints that begin with ``path``."""
        self._frames("in", message_type, count, path)

    def sent(self, message_type: str, count: int = 1, *, path: str = "/ws/") -> None:
        """Wait until ``count`` frames of a type have been sent on the endpoints that begin with ``path``."""
        self._frames("out", message_type, count, path)

    def _frames(self, direction: str, message_type: str, count: int, path: str) -> None:
        # The journal keeps the first part of a frame only, so the type is looked for as it is spelt there.
        spelt = tuple(json.dumps({"type": message_type}, separators=(",", gap))[1:-1] for gap in (":", ": "))

        def is_one(entry: dict[str, Any]) -> bool:
            same = entry["event"] == "frame" and entry["direction"] == direction and entry["path"].startswith(path)
            return same and any(part in entry["text"] for part in spelt)

        def look() -> int:
            return sum(is_one(entry) for entry in self._server.journal())

        becomes(look, count, f"{message_type} {direction} on {path}", seconds=self._seconds)
