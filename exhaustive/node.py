"""A node of the search: everything that the machine remembers, with clocks as ages, and back into a real machine."""

from typing import Any, Final, NamedTuple

from pilito.events import Reason, State, Timer
from pilito.policy import Policy
from pilito.protocol import Protocol

NOW: Final = 1000.0
GENERATION: Final = 7
TIMERS: Final = tuple(Timer)
SERIALS: Final = {timer: number for number, timer in enumerate(TIMERS, 1)}
COUNTED: Final = 1  # dials that never opened; the machine only asks whether there was one


class Node(NamedTuple):
    """What the machine remembers, with times relative to now, and what the browser owes it."""

    state: State
    reason: Reason
    attempts: int
    slow: bool
    listening: bool  # a generation may speak
    announced_down: bool
    never_opened: int
    offline_hint: bool
    frame_age: float
    silence: float | None
    asked_again: bool
    kick_age: float | None
    barred: bool
    refresh_due: bool
    refresh_age: float | None
    timers: tuple[float | None, ...]  # until each is due, in the order of ``TIMERS``; late ones below 0
    socket: str  # "", "dialling" or "open"
    health: bool  # HTTP was asked and has not answered


REMEMBERED: Final = frozenset(
    {"state", "reason", "attempts", "generation", "next_retry_at", "slow", "never_opened", "_policy", "_random"}
    | {"_effects", "_now", "_current", "_timers", "_serial", "_announced_down", "_offline_hint", "_last_frame"}
    | {"_silent_since", "_overslept", "_asked_again", "_kicked_at", "_barred", "_refresh_due", "_refreshed_at"}
)
"""Every attribute of the machine. ``_overslept`` is written before each reading, so a node has no need of it."""


class _Middle:
    def random(self) -> float:
        return 0.5


_MIDDLE: Final = _Middle()
START: Final = Node(
    State.CLOSED, Reason.REQUESTED, 0, False, False, False, 0, False, 99, None, False, None, False, False, None,
    (None,) * len(TIMERS), "", False,
)  # fmt: skip


def restore(node: Node, policy: Policy) -> Protocol:
    """A real machine that remembers what ``node`` says."""
    protocol = Protocol.__new__(Protocol)
    waits = zip(TIMERS, node.timers, strict=True)
    timers = {timer: (SERIALS[timer], NOW + wait) for timer, wait in waits if wait is not None}
    retry = timers.get(Timer.RETRY)
    vars(protocol).update(
        state=node.state,
        reason=node.reason,
        attempts=node.attempts,
        generation=GENERATION,
        next_retry_at=retry[1] if retry else None,
        slow=node.slow,
        never_opened=node.never_opened,
        _policy=policy,
        _random=_MIDDLE,
        _effects=[],
        _now=NOW,
        _current=GENERATION if node.listening else None,
        _timers=timers,
        _serial=len(SERIALS),
        _announced_down=node.announced_down,
        _offline_hint=node.offline_hint,
        _last_frame=NOW - node.frame_age,
        _silent_since=None if node.silence is None else NOW - node.silence,
        _overslept=False,
        _asked_again=node.asked_again,
        _kicked_at=None if node.kick_age is None else NOW - node.kick_age,
        _barred=node.barred,
        _refresh_due=node.refresh_due,
        _refreshed_at=None if node.refresh_age is None else NOW - node.refresh_age,
    )
    return protocol


def observe(protocol: Protocol, policy: Policy, now: float, socket: str, health: bool) -> Node:
    """The node of a machine at ``now``: ages stop where the policy stops telling them apart."""
    memory: dict[str, Any] = vars(protocol)
    timers = memory["_timers"]
    latest = -(policy.probe + 1)
    return Node(
        protocol.state,
        protocol.reason,
        protocol.attempts,
        protocol.slow,
        memory["_current"] is not None,
        memory["_announced_down"],
        min(protocol.never_opened, COUNTED),
        memory["_offline_hint"],
        min(now - memory["_last_frame"], max(policy.idle, policy.wake_probe + 1)),
        _age(memory["_silent_since"], now, policy.stall, forget=False),
        memory["_asked_again"],
        _age(memory["_kicked_at"], now, policy.second_kick, forget=True),
        memory["_barred"],
        memory["_refresh_due"],
        _age(memory["_refreshed_at"], now, policy.second_refusal, forget=True),
        tuple(max(timers[timer][1] - now, latest) if timer in timers else None for timer in TIMERS),
        socket,
        health and memory["_current"] is not None,
    )


def _age(since: float | None, now: float, limit: float, *, forget: bool) -> float | None:
    """How long ago, up to ``limit``; what is older is as good as never where ``forget``."""
    if since is None or (forget and now - since >= limit):
        return None
    return min(now - since, limit)
