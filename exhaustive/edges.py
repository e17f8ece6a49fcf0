"""What may happen to a node, and what comes of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pilito.events import (
    Announce,
    Check,
    CheckHealth,
    CloseSocket,
    Connect,
    Disconnect,
    Effect,
    Event,
    FrameReceived,
    HealthChecked,
    LifecycleEvent,
    OpenSocket,
    Reason,
    RetryNow,
    SocketClosed,
    SocketOpened,
    State,
    Suspend,
    SuspendCause,
    TimerFired,
    TokenDenied,
    TokenIssued,
    TokenUnavailable,
    Wake,
    WakeCause,
)
from pilito.policy import Policy
from pilito.protocol import TRIGGERS
from pilito.transitions import Trigger

from exhaustive.node import GENERATION, NOW, SERIALS, TIMERS, Node, observe, restore


class Tick(NamedTuple):
    """A unit of time passes."""


FRAMES: Final[dict[str, dict[str, Any]]] = {
    "hello": {"type": "connection_established"},
    "data": {"type": "chat_message"},
    "probe answer": {"error": "Invalid JSON format"},
    "auth error": {"type": "authentication_error"},
    "denied": {"type": "access_denied"},
    "replaced": {"type": "connection_closed", "reason": "duplicate_connection"},
}
CODES: Final = ((1000, ""), (1002, ""), (1006, ""), (1008, ""), (1012, "retry-after=9"), (1013, ""), (4001, ""))
WAITS: Final = (
    (Reason.OFFLINE, None),
    (Reason.LOST, None),
    (Reason.LOST, 9.0),
    (Reason.THROTTLED, None),
    (Reason.QUEUED, 9.0),
    (Reason.REFUSED, 9.0),
)

_ANY_TIME: Final[tuple[Event | Tick, ...]] = (
    Tick(),
    Connect(),
    Disconnect(),
    RetryNow(),
    Suspend(SuspendCause.PAGEHIDE),
    Check(),
    *(Wake(cause) for cause in WakeCause),
)
_TOKEN: Final[tuple[Event, ...]] = (
    TokenIssued(GENERATION, "T"),
    TokenDenied(GENERATION),
    *(TokenUnavailable(GENERATION, reason, after) for reason, after in WAITS),
)
_CLOSES: Final[tuple[Event, ...]] = tuple(SocketClosed(GENERATION, code, reason) for code, reason in CODES)
_FRAMES: Final[tuple[Event, ...]] = (
    *(FrameReceived(GENERATION, message) for message in FRAMES.values()),
    FrameReceived(GENERATION, None, "not JSON"),
)
_HEALTH: Final[tuple[Event, ...]] = (HealthChecked(GENERATION, True), HealthChecked(GENERATION, False))


def possible(node: Node) -> Iterator[Event | Tick]:
    """Everything that may happen next."""
    yield from _ANY_TIME
    for timer, wait in zip(TIMERS, node.timers, strict=True):
        if wait is not None and wait <= 0:
            yield TimerFired(timer, SERIALS[timer])
    if node.state is State.AUTHENTICATING:
        yield from _TOKEN
    if node.socket == "dialling":
        yield SocketOpened(GENERATION)
        yield SocketClosed(GENERATION, 1006)
    elif node.socket == "open":
        yield from _FRAMES
        yield from _CLOSES
    if node.health:
        yield from _HEALTH


def trigger_of(event: Event) -> Trigger:
    """The name that the table has for an event."""
    return Trigger[event.timer.name] if isinstance(event, TimerFired) else TRIGGERS[type(event)]


@dataclass(frozen=True, slots=True)
class Edge:
    """One event and what it led to."""

    before: Node
    event: Event | Tick
    after: Node
    effects: list[Effect]
    said: tuple[LifecycleEvent, ...] = ()


def follow(node: Node, event: Event | Tick, policy: Policy) -> Edge:
    """Let one event happen to a real machine. Raises ``IllegalEventError`` where the table rules it out."""
    protocol = restore(node, policy)
    if isinstance(event, Tick):
        return Edge(node, event, observe(protocol, policy, NOW + 1, node.socket, node.health), [])
    effects = protocol.handle(event, NOW)
    socket, health = node.socket, node.health and not isinstance(event, HealthChecked)
    if isinstance(event, SocketOpened):
        socket = "open"
    elif isinstance(event, SocketClosed):
        socket = ""
    for effect in effects:
        if isinstance(effect, CloseSocket):
            socket = ""
        elif isinstance(effect, OpenSocket):
            socket = "dialling"
        elif isinstance(effect, CheckHealth):
            health = True
    health = health and protocol.generation == GENERATION  # an answer to an earlier attempt is dropped
    said = tuple(effect.event for effect in effects if isinstance(effect, Announce))
    return Edge(node, event, observe(protocol, policy, NOW, socket, health), effects, said)
