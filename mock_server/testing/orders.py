"""Faults that a test orders and that end with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mock_server.server import MockServer


class FaultOrders:
    """Call it to order a fault of ``mock_server/faults.py``: ``fault("close", code=1012)`` returns how many it hit."""

    def __init__(self, server: MockServer) -> None:
        self._server = server

    def __call__(self, name: str, **arguments: Any) -> int:
        """Order a fault, in force until the test ends. Raises ``MockError`` for an unknown one."""
        return self._server.fault(name, **arguments)

    @contextmanager
    def during(self, name: str, **arguments: Any) -> Iterator[int]:
        """The same for the length of a ``with`` block, after which this fault, and no other, is withdrawn."""
        before = self._server.orders()
        hit = self(name, **arguments)
        mine = [order for order in self._server.orders() if not any(order is earlier for earlier in before)]
        try:
            yield hit
        finally:
            self._server.withdraw(mine)

    def end(self) -> None:
        """Nothing is in force any more: orders are withdrawn, killed tokens live again, dead lines are cut."""
        if self._server.running:
            self._server.calm()
