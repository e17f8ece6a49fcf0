"""When other clients dial again, by the formulas that they publish, with their defaults."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

Delays = Callable[[Any, Any, np.random.Generator], Any]
"""From the attempts made so far (0 before the first) and a number from 0 to 1 that each client keeps, to seconds."""


class Herd(Protocol):
    """The policy of a fleet; ``who`` are indices of clients."""

    name: str
    source: str

    def begin(self, count: int, chance: np.random.Generator) -> None: ...

    def first(self, who: Any, chance: np.random.Generator) -> Any:
        """Seconds from the loss to the first knock."""

    def dials(self, who: Any, now: float, up: bool) -> Any:
        """Which of those whose time has come dial."""

    def again(self, who: Any, dialled: Any, now: float, chance: np.random.Generator) -> Any:
        """Seconds until those who were not served knock again; infinite for those who give up."""


class Formula:
    """A policy that dials after each delay, whatever it was told."""

    def __init__(self, name: str, source: str, delays: Delays) -> None:
        self.name, self.source, self._delays = name, source, delays

    def begin(self, count: int, chance: np.random.Generator) -> None:
        self._attempts = np.zeros(count, np.int64)
        self._own = chance.random(count)

    def first(self, who: Any, chance: np.random.Generator) -> Any:
        return self._next(who, chance)

    def dials(self, who: Any, now: float, up: bool) -> Any:
        return np.ones(len(who), bool)

    def again(self, who: Any, dialled: Any, now: float, chance: np.random.Generator) -> Any:
        return self._next(who, chance)

    def _next(self, who: Any, chance: np.random.Generator) -> Any:
        delays = self._delays(self._attempts[who], self._own[who], chance)
        self._attempts[who] += 1
        return delays


def _doubled(first: float, made: Any) -> Any:
    return first * 2.0 ** np.minimum(made, 40)


def _socket_io(made: Any, own: Any, chance: np.random.Generator) -> Any:
    spread = 1 + 0.5 * chance.random(len(made)) * chance.choice([-1, 1], len(made))
    return np.minimum(_doubled(1.0, made) * spread, 5.0)


def _phoenix(made: Any, own: Any, chance: np.random.Generator) -> Any:
    steps = np.array([0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0])
    return steps[np.minimum(made, 9)]


def _centrifuge(made: Any, own: Any, chance: np.random.Generator) -> Any:
    return np.minimum(0.5 + np.minimum(_doubled(0.5, made), 20.0) * chance.random(len(made)), 20.0)


def _reconnecting_websocket(made: Any, own: Any, chance: np.random.Generator) -> Any:
    return np.minimum((1 + 4 * own) * 1.3 ** np.minimum(made, 40), 10.0)


def _graphql_ws(made: Any, own: Any, chance: np.random.Generator) -> Any:
    return np.where(made < 5, _doubled(1.0, made) + chance.uniform(0.3, 3.0, len(made)), np.inf)


def _signalr(made: Any, own: Any, chance: np.random.Generator) -> Any:
    steps = np.array([0.0, 2.0, 10.0, 30.0, np.inf])
    return steps[np.minimum(made, 4)]


OTHERS: tuple[Herd, ...] = (
    Formula("socket.io-client 4", "1 s doubled, +-50 %, then cut at 5 s (`lib/contrib/backo2.ts`)", _socket_io),
    Formula("Phoenix 1.7", "10 ms to 2 s in nine steps, then 5 s, no jitter (`assets/js/phoenix/socket.js`)", _phoenix),
    Formula("centrifuge-js 5", "0.5 s + up to min(20 s, 0.5 s doubled), cut at 20 s (`src/utils.ts`)", _centrifuge),
    Formula(
        "reconnecting-websocket 4",
        "1 to 5 s, drawn once for each page, times 1.3, cut at 10 s (`reconnecting-websocket.ts`)",
        _reconnecting_websocket,
    ),
    Formula("graphql-ws 5", "1 s doubled + 0.3 to 3 s, five times (`src/client.ts`)", _graphql_ws),
    Formula("SignalR 8", "0, 2, 10, 30 s, no jitter (`DefaultReconnectPolicy.ts`)", _signalr),
)
