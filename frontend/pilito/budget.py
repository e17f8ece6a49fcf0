"""The dials of all tabs against the server's allowance of ten in a minute for each user.

The server counts per user, over all endpoints, tabs and devices; the tabs of one browser can at least share what they
know. A tab that is looked at dials at once as long as nothing has failed, because many servers have no such limit;
hidden tabs, and tabs that were just refused, wait until the ledger has room.
"""

import json
from collections.abc import Callable
from typing import Final

from pilito import wire
from pilito.ports import Locks, PageLife, Scheduler, Storage

LEDGER: Final = "pilito.dials"
WINDOW: Final = 60.0
ALLOWED: Final = 10
RESERVED_FOR_VISIBLE: Final = 3


class DialBudget:
    """A ledger of dial times in storage, written under a lock that all tabs share."""

    def __init__(
        self,
        storage: Storage,
        locks: Locks,
        scheduler: Scheduler,
        life: PageLife,
        entered: Callable[[str], bool] | None = None,
    ) -> None:
        """``entered`` says whether an endpoint was dialled, and that dial entered, before this was made."""
        self._storage = storage
        self._locks = locks
        self._scheduler = scheduler
        self._life = life
        self._entered = entered
        self._dialed: dict[str, float] = {}  # this tab's last dial of each endpoint

    async def take(self, endpoint: str, *, failures: int) -> float:
        """Return 0 and enter a dial, or return how many seconds to wait for a turn."""

        async def enter() -> float:
            return self._enter(endpoint, failures)

        try:
            return await self._locks.hold(LEDGER, enter, timeout=2.0)
        except TimeoutError:
            return self._enter(endpoint, failures)  # a tab that hangs with the lock must not stop the others

    def since_last_dial(self, endpoint: str) -> float:
        """Seconds since this tab last dialled the endpoint; infinite when it never did."""
        at = self._dialed.get(endpoint)
        return float("inf") if at is None else abs(self._scheduler.now() - at)

    def room(self) -> int:
        """How many dials the ledger still has room for."""
        return ALLOWED - len(self._recent())

    def clear(self) -> None:
        """Forget everything: another user has an allowance of their own."""
        self._storage.remove(LEDGER)
        self._dialed.clear()

    def _enter(self, endpoint: str, failures: int) -> float:
        recent, now = self._recent(), self._scheduler.now()
        if self._entered and self._entered(endpoint):
            self._dialed[endpoint] = now
            return 0.0
        allowed = ALLOWED if self._life.visible else ALLOWED - RESERVED_FOR_VISIBLE
        unhindered = self._life.visible and failures == 0
        if len(recent) >= allowed and not unhindered:
            return max(recent[len(recent) - allowed] + WINDOW - now, 1.0)
        self._dialed[endpoint] = now
        self._storage.set(LEDGER, json.dumps([*recent, round(now, 3)][-4 * ALLOWED :]))
        return 0.0

    def _recent(self) -> list[float]:
        """The dials of the last minute, oldest first. What cannot be read, or lies in the future, is not counted."""
        found = wire.json_value(self._storage.get(LEDGER) or "")
        now = self._scheduler.now()
        times = [at for at in found if isinstance(at, int | float)] if isinstance(found, list) else []
        return sorted(at for at in times if now - WINDOW < at <= now)
