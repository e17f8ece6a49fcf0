"""What stands before every socket endpoint: the check of the origin, of the token, and the count of connections.

In debug mode there is only the token, and that one lets everybody in. The origin and the count are looked at where the
mock is started strict: the page under test is served from this very port, and dials more often than a user would.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from mock_server.hub import Connection
from mock_server.profiles import Refusal

if TYPE_CHECKING:
    from mock_server.backend import Backend

ORIGINS = ("http://localhost:3000", "http://127.0.0.1:3000")
DEV_ORIGINS = ("http://localhost:5173", "http://127.0.0.1:5173")
PER_WINDOW = 10


class Gate:
    """Decides about handshakes before any endpoint sees them."""

    def __init__(self, backend: "Backend") -> None:
        self.backend = backend
        self.dials: dict[str, deque[float]] = {}  # of each user, in the last minute, oldest first
        self.clock: Callable[[], float] = time.monotonic  # in seconds; a test that moves the time puts its own here

    def refusal(self, origin: str, token: str, connection: Connection, *, opened: bool = False) -> int | None:
        """The HTTP status with which the handshake is refused, ``None`` where it may go on to its endpoint.

        ``opened`` ones, which have brought their token in the first message, are told by the endpoint.
        """
        settings = self.backend.settings
        checked = settings.strict and not settings.debug
        if checked and origin not in self.origins():
            return 403
        if token and not opened and connection.user is None and settings.profile.bad is not Refusal.SAID:
            return int(settings.profile.bad.value)
        return 403 if self._over_limit(connection, checked) else None

    def origins(self) -> tuple[str, ...]:
        return ORIGINS + (DEV_ORIGINS if self.backend.settings.profile.dev_origin else ())

    def _over_limit(self, connection: Connection, checked: bool) -> bool:
        """Whether the user's allowance is used up. Refused connections do not count."""
        if connection.user is None:
            return False
        fault = self.backend.faults.standing(connection.path, connection.email, ("rate_limit",), connection.tab)
        now, dials = self.clock(), self.dials.setdefault(connection.email, deque())
        while dials and now - dials[0] >= self.backend.settings.timing.window:
            dials.popleft()
        allowed = fault.number("per_minute", PER_WINDOW) if fault else PER_WINDOW if checked else None
        if allowed is not None and len(dials) >= allowed:
            return True
        dials.append(now)
        return False

    async def worker_free(self, connection: Connection) -> bool:
        """Whether a handshake is looked at in time; those of a stalled worker are cut."""
        settings = self.backend.settings
        daphne = settings.server == "daphne"
        patience = settings.timing.handshake_daphne if daphne else settings.timing.handshake_uvicorn
        if not await self.backend.trouble.stalled(connection, patience):
            return True
        self.backend.hub.journal.add("cut", path=connection.path, user=connection.email, why="stalled handshake")
        connection.wire.abort()
        return False
