"""Bad days by name. A scenario is a list of orders, each so many seconds after the start; see ``faults.py``."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mock_server.backend import Backend
from mock_server.errors import UnknownNameError
from mock_server.faults import parse

Order = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """``shows`` is what a user would see. ``steps`` are (seconds after the start, fault or push), in order."""

    shows: str
    steps: tuple[tuple[float, Order], ...]


def _kicks() -> tuple[tuple[float, Order], ...]:
    return tuple((float(second), {"fault": "kick", "times": 1}) for second in (1, 4, 7, 10))


def _flood() -> tuple[tuple[float, Order], ...]:
    frame = {"type": "conversations_list", "conversations": [], "pagination": {"page": 1}, "filters": {}, "count": 0}
    return tuple((index * 0.01, {"endpoint": "/ws/", "frame": {**frame, "flood": index}}) for index in range(2000))


SCENARIOS: dict[str, Scenario] = {
    "subway": Scenario(
        "The connection goes and comes with the tunnels; the badge says so each time and nothing is shown twice.",
        (
            (0.5, {"fault": "half_open", "direction": "both"}),
            (8, {"fault": "abort"}),
            (8, {"fault": "refuse", "status": 502, "for_seconds": 5.0}),
            (20, {"fault": "throttle", "bytes_per_second": 4000, "for_seconds": 15.0}),
            (40, {"fault": "abort"}),
        ),
    ),
    "deploy": Scenario(
        "Everybody is reconnecting for a few seconds, then goes on where they were.",
        ((0.5, {"fault": "restart", "seconds": 4.0}), (10, {"fault": "restart", "seconds": 2.0})),
    ),
    "laptop_lid": Scenario(
        "The lid was shut: the link is dead without a word, and the page finds out and dials once.",
        ((0.5, {"fault": "half_open", "direction": "both"}),),
    ),
    "token_dies": Scenario(
        "The session ends while working: the access token is renewed once unseen, then login is asked for.",
        ((0.5, {"fault": "expire", "refresh": False}), (20, {"fault": "expire"})),
    ),
    "kick_war": Scenario(
        "Another window keeps taking over: the page gives way and offers to be used here.",
        _kicks(),
    ),
    "bad_day": Scenario(
        "Slow, stuttering, with replies that do not arrive; what was typed is kept and its fate is told.",
        (
            (0.2, {"fault": "delay", "seconds": 2.0, "for_seconds": 60.0}),
            (0.5, {"fault": "duplicate", "times": 5}),
            (1, {"fault": "lose_echo", "times": 2}),
            (2, {"fault": "garble", "times": 2}),
            (4, {"fault": "close", "code": 1011}),
            (6, {"fault": "platform_fail", "times": 2}),
            (8, {"fault": "stall", "for_seconds": 15.0}),
            (30, {"fault": "rate_limit", "for_seconds": 60.0}),
            (31, {"fault": "abort"}),
        ),
    ),
    "flood": Scenario(
        "A hundred pushes a second for twenty seconds: the page stays usable and ends with the newest.",
        _flood(),
    ),
}


def find(name: object) -> Scenario:
    """Return a scenario by name. Raises ``UnknownNameError``, which lists the known ones."""
    if not isinstance(name, str) or name not in SCENARIOS:
        raise UnknownNameError("scenario", name, SCENARIOS)
    return SCENARIOS[name]


def start(backend: Backend, name: object, push: Callable[[Order], Awaitable[object]], *, speed: float = 1.0) -> None:
    """Play a scenario beside the requests, ``speed`` times as fast. A second one takes the place of the first."""
    scenario = find(name)
    backend.playing = str(name)

    async def play() -> None:
        begun = asyncio.get_running_loop().time()
        for after, order in scenario.steps:
            await asyncio.sleep(max(begun + after / speed - asyncio.get_running_loop().time(), 0))
            if backend.playing != name:
                return
            await (backend.trouble.order(parse(order)) if "fault" in order else push(order))
        backend.playing = ""

    backend.spawn(play())


def listing() -> str:
    """What ``--list`` prints: one line for each."""
    return "\n".join(f"{name:12} {scenario.shows}" for name, scenario in SCENARIOS.items())
