"""What can be made to go wrong. One word, one meaning.

Faults of the handshake apply to connections that come after them:

``refuse``      the handshake is answered with an HTTP ``status`` (403); an HTTP path as ``endpoint`` is answered so too
``hang``        the handshake is never answered; an HTTP path as ``endpoint`` neither
``delay``       the handshake, or an HTTP path as ``endpoint``, is answered ``seconds`` (2) late
``silent``      the socket opens and the server never says a word
``rate_limit``  more than ``per_minute`` (10) connections of one user within 60 s are refused with 403

Faults of a connection apply to the sockets that are open now and match, and count these among their ``times``:

``close``       closed by the server with ``code`` (1006 stands for a cut) and ``reason``, ``after`` seconds
``abort``       the TCP connection is reset, ``after`` seconds
``half_open``   the line is dead without a word: ``direction`` ``in``, ``out`` or ``both`` is swallowed. A server that
                hears nothing (``in``) ends the connection after 40 s (uvicorn: 1011) or 51 s (daphne: a reset)
``kick``        closed as if another tab had taken over, in the profile's own way
``poison``      ended as if its consumer had raised: 1011 under daphne, a cut under uvicorn

Faults of frames apply to what the server sends on sockets, old and new; ``times`` counts frames:

``throttle``    no more than ``bytes_per_second`` (1000) go out on each socket
``garble``      the frame is cut in the middle, so that it is no JSON
``huge``        the frame grows to ``size`` (10,000,000) characters
``duplicate``   the frame is sent twice
``reorder``     the frame changes places with the next one
``drop_frames`` the frame is not sent
``lose_echo``   the echo of a message is not sent; the message is stored and delivered

Faults of the service:

``stall``         the worker's sockets wait, requests and handshakes too: lists are answered with an error after 10 s,
                  handshakes are cut after 5 s (daphne) or 10 s (uvicorn); HTTP stays fast
``restart``       every socket is closed as by SIGTERM, and handshakes are refused with 502 for ``seconds`` (1)
``slow_platform`` Telegram or Instagram takes ``seconds`` (30) to take a message; the worker is stalled so long
``platform_fail`` Telegram or Instagram does not take the message, which is stored all the same
``page_shift``    a customer's message arrives just before a page of messages is answered
``slow_refresh``  ``refresh-access`` is answered ``seconds`` (7) late; the pair is changed at once

Faults of a user:

``expire``      the tokens of ``user`` (everybody's, without one) die now; ``refresh: false`` spares the refresh tokens.
                A profile that says so on open sockets says so
``revoke``      the same as from a lost cache: nobody says a word, and only the next handshake or call finds out

``endpoint`` is a path, or the beginning of one such as ``/ws/chat/``; without it every socket endpoint is meant.
``user`` is an e-mail address. ``tab`` is a number: of the sockets open on one path, the first has 1. ``times`` bounds
how often it strikes and ``for_seconds`` how long it is in force. Without either, a fault of a connection hits what is
open now or, where nothing is, the next connection; every other one lasts until ``reset``.
"""

import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from mock_server.errors import BadValueError, UnknownNameError

HANDSHAKE = ("delay", "hang", "refuse", "silent")  # in the order in which they act together
CONNECTION = ("half_open", "kick", "poison", "abort", "close")
FRAMES = ("drop_frames", "lose_echo", "garble", "huge", "duplicate", "reorder", "throttle")
USER = frozenset({"expire", "revoke"})
COMMON = {"endpoint": str, "times": int, "user": str, "tab": int, "for_seconds": float}
ARGUMENTS: dict[str, dict[str, type]] = {
    "refuse": {"status": int},
    "hang": {},
    "silent": {},
    "close": {"code": int, "reason": str, "after": float},
    "abort": {"after": float},
    "half_open": {"direction": str},
    "delay": {"seconds": float},
    "rate_limit": {"per_minute": int},
    "kick": {},
    "poison": {},
    "throttle": {"bytes_per_second": int},
    "garble": {},
    "huge": {"size": int},
    "duplicate": {},
    "reorder": {},
    "drop_frames": {},
    "lose_echo": {},
    "stall": {},
    "restart": {"seconds": float},
    "slow_platform": {"seconds": float},
    "platform_fail": {},
    "page_shift": {},
    "slow_refresh": {"seconds": float},
    "expire": {"refresh": bool},
    "revoke": {"refresh": bool},
}
LARGEST = 64_000_000
DIRECTIONS = ("in", "out", "both")


@dataclass(slots=True)
class Fault:
    """One order to misbehave. ``times`` is how many connections it will still hit, ``None`` for all."""

    name: str
    endpoint: str = ""
    user: str = ""
    times: int | None = None
    tab: int = 0
    for_seconds: float | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)

    def hits(self, path: str, email: str, tab: int = 0) -> bool:
        aimed_at_sockets = self.endpoint or "/ws/"
        mine = self.user in ("", email) and self.tab in (0, tab)
        return mine and path.startswith(aimed_at_sockets)

    def number(self, argument: str, default: float) -> float:
        return float(self.arguments.get(argument, default))

    def spend(self) -> None:
        if self.times is not None:
            self.times -= 1

    @property
    def spent(self) -> bool:
        late = self.for_seconds is not None and time.monotonic() - self.since >= self.for_seconds
        return late or (self.times is not None and self.times <= 0)


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
    least = {"times": 1, "tab": 1, "per_minute": 1, "bytes_per_second": 1, "size": 2}.get(name, 0)
    if name not in ("status", "code") and value < least:
        raise BadValueError(name, f"must be at least {least}, not {value!r}")
    if name == "size" and value > LARGEST:
        raise BadValueError(name, f"must be at most {LARGEST}, not {value!r}")
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
        self.on_hit: Callable[[Fault, str, str], None] | None = None  # fault, path, e-mail address

    def add(self, fault: Fault) -> None:
        self._orders.append(fault)

    def take(self, path: str, email: str, names: Container[str], tab: int = 0) -> Fault | None:
        """Return the oldest order of these kinds that hits this connection, and count the hit."""
        fault = self.standing(path, email, names, tab)
        if fault:
            fault.spend()
            self._forget_spent()
            if self.on_hit:
                self.on_hit(fault, path, email)
        return fault

    def standing(self, path: str, email: str, names: Container[str], tab: int = 0) -> Fault | None:
        """Return the oldest order of these kinds that is in force for this connection, without counting a hit."""
        if not self._orders:  # asked several times for each frame
            return None
        self._forget_spent()
        for fault in self._orders:
            if fault.name in names and fault.hits(path, email, tab):
                return fault
        return None

    def orders(self) -> list[Fault]:
        """The orders in force, oldest first."""
        self._forget_spent()
        return list(self._orders)

    def withdraw(self, orders: list[Fault]) -> None:
        """Take these very orders out of force."""
        self._orders = [fault for fault in self._orders if not any(fault is order for order in orders)]

    def clear(self) -> None:
        self._orders.clear()

    def __len__(self) -> int:
        return len(self._orders)

    def _forget_spent(self) -> None:
        self._orders = [fault for fault in self._orders if not fault.spent]
