"""What goes into the protocol and what comes out: frozen values, no behaviour.

Inputs happen; effects are to be carried out. Durations are in seconds. A *generation* numbers the attempts of one
connection: the token request, the socket and the health check of an attempt all carry it, and whatever arrives with
an older number is dropped.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]
"""A decoded frame: a JSON object."""


class State(StrEnum):
    """Where the connection stands."""

    CLOSED = "closed"  # no socket is wanted
    AUTHENTICATING = "authenticating"  # waiting for a token
    CONNECTING = "connecting"  # waiting for the browser to open the socket
    OPEN = "open"  # open, and the server has said nothing yet
    READY = "ready"  # the server has confirmed, or sent its first valid frame
    WAITING = "waiting"  # backing off; a timer will dial
    SUSPENDED = "suspended"  # no timer will dial; a wake or the user will


class Reason(StrEnum):
    """Why the connection is not up."""

    NONE = "none"  # it is up, or on its way for the first time
    REQUESTED = "requested"  # we closed it
    UNAUTHORIZED = "unauthorized"  # the token was refused, and so was its refresh
    FORBIDDEN = "forbidden"  # the user may not have this endpoint
    REFUSED = "refused"  # the server will not serve this endpoint or this client
    REPLACED = "replaced"  # another tab or device took over
    EXHAUSTED = "exhausted"  # every attempt was used up
    OFFLINE = "offline"  # HTTP does not answer either
    FROZEN = "frozen"  # the page is hidden away by the browser
    SERVER = "server"  # HTTP answers, with an error of the server's own
    THROTTLED = "throttled"  # the server's allowance of connections is used up
    QUEUED = "queued"  # what the tabs share of that allowance is used up, or kept for the one that is looked at
    LOST = "lost"  # the socket went away, for no reason that can be named


class Timer(StrEnum):
    """The deadlines of a connection. Each is armed at most once."""

    HANDSHAKE = "handshake"  # a token, an open socket or a first frame has to come
    RETRY = "retry"  # the next attempt is due
    UPTIME = "uptime"  # the connection has lasted: earlier failures are forgiven
    IDLE = "idle"  # silence is long enough to ask whether anybody is there
    PROBE = "probe"  # the answer to that question is overdue


class WakeCause(StrEnum):
    """What gives hope that a dial would succeed now."""

    ONLINE = "online"  # the browser believes that the network is back
    VISIBLE = "visible"  # the tab is looked at again
    FOCUS = "focus"  # the window has the keyboard again
    PAGESHOW = "pageshow"  # restored from the back/forward cache
    RESUME = "resume"  # thawed after a freeze
    SIBLING = "sibling"  # another tab has held a connection for a while


class SuspendCause(StrEnum):
    """Why the browser is about to stop running us."""

    PAGEHIDE = "pagehide"  # the page is left; it may come back from the back/forward cache
    FREEZE = "freeze"  # the tab is frozen to save power


# --- inputs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connect:
    """The application wants a connection."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The application no longer wants a connection."""


@dataclass(frozen=True, slots=True)
class RetryNow:
    """The user asks for an attempt now: "Retry now" or "Use here"."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Something happened after which a dial may succeed."""

    cause: WakeCause


@dataclass(frozen=True, slots=True)
class Suspend:
    """The page is about to be frozen or put away."""

    cause: SuspendCause


@dataclass(frozen=True, slots=True)
class Check:
    """The browser says "offline". It may be wrong, so the link is checked and not dropped."""


@dataclass(frozen=True, slots=True)
class TokenIssued:
    """There is a token to dial with. ``verified`` says that the server has just vouched for it over HTTP."""

    generation: int
    token: str = field(repr=False)
    verified: bool = False


@dataclass(frozen=True, slots=True)
class TokenDenied:
    """There is no token, and there will be none before the user logs in."""

    generation: int


@dataclass(frozen=True, slots=True)
class TokenUnavailable:
    """No token to dial with for now.

    ``reason`` is OFFLINE, SERVER, LOST, THROTTLED, QUEUED or REFUSED; ``retry_after`` is the number of
    seconds that the server, or the shared budget of dials, asks us to wait.
    """

    generation: int
    reason: Reason
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class SocketOpened:
    """The browser has opened the socket."""

    generation: int


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """A frame was read: ``message`` is its JSON object, or ``None`` with the ``problem`` that made it unreadable."""

    generation: int
    message: Message | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SocketClosed:
    """The browser has closed the socket, or could not make one."""

    generation: int
    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HealthChecked:
    """HTTP answered (``alive``) or did not, after :class:`CheckHealth`."""

    generation: int
    alive: bool


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer started by :class:`StartTimer` has run out. ``serial`` is that effect's."""

    timer: Timer
    serial: int


Event: TypeAlias = (
    Connect
    | Disconnect
    | RetryNow
    | Wake
    | Suspend
    | Check
    | TokenIssued
    | TokenDenied
    | TokenUnavailable
    | SocketOpened
    | FrameReceived
    | SocketClosed
    | HealthChecked
    | TimerFired
)

EVENT_TYPES: tuple[type, ...] = (
    Connect,
    Disconnect,
    RetryNow,
    Wake,
    Suspend,
    Check,
    TokenIssued,
    TokenDenied,
    TokenUnavailable,
    SocketOpened,
    FrameReceived,
    SocketClosed,
    HealthChecked,
    TimerFired,
)


# --- effects ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestToken:
    """Ask for a token. ``verify``: ask the server over HTTP why the last dial failed. ``refresh``: get a new pair."""

    generation: int
    verify: bool = False
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """Dial with this token."""

    generation: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Detach the socket, so that nothing more is heard of it, and close it."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class SendProbe:
    """Send the endpoint's probe: a frame that every version of the backend answers."""


@dataclass(frozen=True, slots=True)
class CheckHealth:
    """Ask over HTTP whether the server is there."""

    generation: int


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Start a timer, in place of an earlier one of the same name."""

    timer: Timer
    delay: float
    serial: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Stop a timer."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the listeners of a lifecycle event. ``detail`` holds its named values."""

    event: "LifecycleEvent"
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deliver:
    """Give a server frame to the listeners of its type."""

    message: Message


class LifecycleEvent(StrEnum):
    """What a manager tells its listeners. Server frames live in a name space of their own."""

    CONNECTING = "connecting"  # an attempt begins
    CONNECTED = "connected"  # READY: ``hello`` is the server's greeting or None
    DISCONNECTED = "disconnected"  # an attempt or a connection ended: ``code``, ``reason``
    RECONNECTING = "reconnecting"  # backing off: ``attempt``, ``delay`` in seconds
    AUTH_ERROR = "auth_error"  # the token was refused for good: ``message``
    STABLE = "stable"  # READY has lasted: earlier failures are forgiven
    MAX_RECONNECT_REACHED = "max_reconnect_reached"  # no timer will dial any more: ``attempts``
    ERROR = "error"  # something was survived: ``message``
    BEHIND = "behind"  # frames arrive faster than they are handled, or no longer do: ``behind``
    STATE_CHANGED = "state_changed"  # ``state``, ``reason``, ``previous``, or the ``slow`` flag changed


Effect: TypeAlias = (
    RequestToken | OpenSocket | CloseSocket | SendProbe | CheckHealth | StartTimer | CancelTimer | Announce | Deliver
)
