"""What can be made to go wrong. One word, one meaning.

Faults of the handshake apply to connections that come after them:

``refuse``      the handshake is answered with an HTTP ``status`` (403); an HTTP path as ``endpoint`` is answered so too
``hang``        the handshake is never answered; an HTTP path as ``endpoint`` neither
``silent``      the socket opens and the server never says a word

Faults of a connection apply to the sockets that are open now and match, and count these among their ``times``:

``close``       closed by the server with ``code`` (1006 stands for a cut) and ``reason``, ``after`` seconds
``abort``       the TCP connection is reset, ``after`` seconds
``half_open``   the line is dead without a word: ``direction`` ``in``, ``out`` or ``both`` is swallowed

Faults of a user:

``expire``      the tokens of ``user`` (everybody's, without one) die now; ``refresh: false`` spares the refresh tokens.
                A profile that says so on open sockets says so

``endpoint`` is a path, or the beginning of one such as ``/ws/chat/``; without it every socket endpoint is meant.
``user`` is an e-mail address. ``times`` bounds how many connections are hit. Without ``times`` a fault of the handshake
lasts until ``reset``, and a fault of a connection hits what is open now or, where nothing is, the next connection.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mock_server.errors import BadValueError, UnknownNameError

HANDSHAKE = frozenset({"refuse", "hang", "silent"})
CONNECTION = frozenset({"close", "abort", "half_open"})
USER = frozenset({"expire"})
COMMON = {"endpoint": str, "times": int, "user": str}
ARGUMENTS: dict[str, dict[str, type]] = {
    "refuse": {"status": int},
    "hang": {},
    "silent": {},
    "close": {"code": int, "reason": str, "after": float},
    "abort": {"after": float},
    "half_open": {"direction": str},
    "expire": {"refresh": bool},
}
DIRECTIONS = ("in", "out", "both")


@dataclass(slots=True)
class Fault:
    """One order to misbehave. ``times`` is how many connections it will still hit, ``None`` for all."""

    name: str
    endpoint: str = ""
    user: str = ""
    times: int | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    def hits(self, path: str, email: str) -> bool:
        aimed_at_sockets = self.endpoint or "/ws/"
        return path.startswith(aimed_at_sockets) and self.user in ("", email)

    def spend(self) -> None:
        if self.times is not None:
            self.times -= 1

    @property
    def spent(self) -> bool:
        return self.times is not None and self.times <= 0


def parse(order: dict[str, Any]) -> Fault:
    """Return the fault that ``{"fault": name, ...}`` orders.

    Raises ``UnknownNameError`` for a fault or argument that does not exist, ``BadValueError`` for a wrong value.
    """
    arguments = dict(order)
    name = arguments.pop("fault", None)
    if name not in ARGUMENTS:
        raise UnknownNameError("fault", name, ARGUMENTS)
    known = {**COMMON, **ARGUMENTS[name]}
    for argument, value in arguments.items():
        if argument not in known:
            raise UnknownNameError(f"argument of {name}", argument, known)
        _check(argument, value, known[argument])
    common = {key: arguments.pop(key) for key in COMMON if key in arguments}
    return Fault(name, arguments=arguments, **common)


def _check(name: str, value: object, kind: type) -> None:
    accepted: tuple[type, ...] = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise BadValueError(name, f"must be a {kind.__name__}, not {value!r}")
    if name == "direction" and value not in DIRECTIONS:
        raise BadValueError(name, f"must be one of {', '.join(DIRECTIONS)}, not {value!r}")
    if isinstance(value, int | float):
        _check_range(name, value)


def _check_range(name: str, value: float) -> None:
    if name in ("times", "after") and value < (least := 1 if name == "times" else 0):
        raise BadValueError(name, f"must be at least {least}, not {value!r}")
    if name == "status" and not 400 <= value <= 599:
        raise BadValueError(name, f"must be an HTTP status from 400 to 599, not {value!r}")
    if (name == "code" and value in (1004, 1005)) or (
        name == "code" and not (1000 <= value <= 1014 or 3000 <= value <= 4999)
    ):
        raise BadValueError(name, f"must be a close code that can be sent, or 1006 for a cut, not {value!r}")


class Faults:
    """The orders in force, oldest first."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._orders.append(fault)

    def take(self, path: str, email: str, names: frozenset[str]) -> Fault | None:
        """Return the oldest order of these kinds that hits this connection, and count the hit."""
        return self._take(lambda fault: fault.name in names and fault.hits(path, email))

    def clear(self) -> None:
        self._orders.clear()

    def __len__(self) -> int:
        return len(self._orders)

    def _take(self, wanted: Callable[[Fault], bool]) -> Fault | None:
        for fault in self._orders:
            if wanted(fault):
                fault.spend()
                if fault.spent:
                    self._orders.remove(fault)
                return fault
        return None
