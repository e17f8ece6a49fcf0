"""What the browser gives us, as protocols. ``pilito.browser`` implements them; tests and the simulator do too.

Nothing here blocks. Callbacks are plain synchronous functions. Every ``subscribe`` returns the function that undoes it.
Durations are in seconds, times are seconds since the epoch on the wall clock.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

from pilito.events import Reason
from pilito.markup import Html

T = TypeVar("T")
Undo = Callable[[], None]


# --- time -------------------------------------------------------------------------------------------------------------


class TimerHandle(Protocol):
    def cancel(self) -> None:
        """Stop the timer; a second call does nothing."""


class Scheduler(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        """Call back once, not before ``delay`` seconds have passed; a hidden tab may be late."""

    def spawn(self, work: Awaitable[None], *, name: str) -> TimerHandle:
        """Run a coroutine. An exception is logged under ``name``. ``cancel()`` cancels it."""


class Random(Protocol):
    def random(self) -> float:
        """A number from 0 up to, not including, 1."""


# --- the network ------------------------------------------------------------------------------------------------------


class SocketSink(Protocol):
    """Who hears from sockets. Called synchronously, in the browser's order."""

    def socket_opened(self, generation: int) -> None: ...

    def socket_frames(self, generation: int, frames: Sequence[str | None]) -> None:
        """Frames that arrived in one turn, in order: the text of each, ``None`` for a binary one."""

    def socket_behind(self, generation: int, behind: bool) -> None:
        """Whether frames arrive faster than they are handled. Those that wait are handed over in their order."""

    def socket_closed(self, generation: int, code: int, reason: str) -> None:
        """Also called, with 1006, when the browser would not even make the socket."""


class Connector(Protocol):
    """The socket of one connection: at most one at a time."""

    def open(self, generation: int, url: str, protocols: Sequence[str], sink: SocketSink) -> None:
        """Dial. An earlier socket is abandoned first. Never raises: trouble arrives as ``socket_closed``."""

    def send(self, text: str) -> bool:
        """Send a text frame. ``False`` when the socket is not open (a closing one loses frames silently)."""

    def abandon(self, code: int, reason: str) -> None:
        """Detach every handler, so that nothing more is heard, then close. ``code`` is 1000 or 3000-4999."""

    def release(self) -> None:
        """Abandon the socket and give every proxy back. The connector is not used again."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP answer. ``body`` is the parsed JSON, or ``None`` where it is not JSON."""

    status: int
    body: object = None
    retry_after: float | None = None  # seconds, from the Retry-After header


class Http(Protocol):
    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: object = None,
        timeout: float = 10.0,
        scheme: str = "Bearer ",
    ) -> HttpResponse:
        """Call the backend. ``path`` starts with ``/``. The token goes into the Authorization header behind
        ``scheme``; cookies are omitted, because to the backend a stale cookie beats a good header.

        Raises ``NetworkError`` when no answer came within ``timeout`` seconds. Any status is an answer.
        """


# --- what tabs share --------------------------------------------------------------------------------------------------


class Storage(Protocol):
    """``localStorage``, or memory where the browser forbids it. Never raises; a full store forgets the write."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str) -> bool:
        """Store; ``False`` when the browser would not."""

    def remove(self, key: str) -> None: ...

    def keys(self) -> list[str]: ...

    def subscribe(self, callback: Callable[[str | None, str | None], None]) -> Undo:
        """Hear of changes made by *other* tabs: key and new value; key ``None`` when everything was cleared."""


class Channel(Protocol):
    """A BroadcastChannel: messages reach the other tabs, never their sender."""

    def post(self, message: Mapping[str, object]) -> None: ...

    def subscribe(self, callback: Callable[[Mapping[str, object]], None]) -> Undo: ...


class Locks(Protocol):
    """``navigator.locks``: exclusive over all tabs of the origin, released when a tab dies."""

    async def hold(self, name: str, body: Callable[[], Awaitable[T]], *, timeout: float = 30.0) -> T:
        """Run ``body`` alone. Raises ``TimeoutError`` when the lock is not granted within ``timeout`` seconds."""

    async def mark(self, name: str, seconds: float) -> None:
        """Let every tab see ``name`` in :meth:`marked` for ``seconds``, from the moment this returns."""

    async def marked(self, name: str) -> bool:
        """Whether some tab's mark ``name`` stands. Unlike storage, this never lags behind another tab."""

    @property
    def shared(self) -> bool:
        """Whether the browser itself keeps the order; ``False`` where tabs only agree on it, which may fail."""


# --- the page's life --------------------------------------------------------------------------------------------------


class PageSignal(StrEnum):
    """What the browser tells a page about its own life."""

    VISIBLE = "visible"  # the tab is shown
    HIDDEN = "hidden"  # the tab is behind another
    FOCUS = "focus"  # the window has the keyboard
    ONLINE = "online"  # a network interface is up
    OFFLINE = "offline"  # no network interface is up; may be wrong
    PAGESHOW = "pageshow"  # restored from the back/forward cache (persisted only)
    PAGEHIDE = "pagehide"  # the page is left
    FREEZE = "freeze"  # timers stop until RESUME
    RESUME = "resume"  # timers run again


class PageLife(Protocol):
    @property
    def visible(self) -> bool: ...

    @property
    def online(self) -> bool:
        """``navigator.onLine``: a hint, wrong both ways."""

    def subscribe(self, callback: Callable[[PageSignal], None]) -> Undo: ...


class Navigation(Protocol):
    """The address bar. Paths are on this origin and start with ``/``; they may carry ``?query``."""

    @property
    def path(self) -> str:
        """Path and query of the address, still percent-encoded."""

    def push(self, path: str) -> None: ...

    def replace(self, path: str) -> None: ...

    def subscribe(self, callback: Callable[[str], None]) -> Undo:
        """Hear of back, forward, and clicks on links to this origin, with the new path."""


class Updates(Protocol):
    """The builds of this application that the browser keeps, and what a reload for another one would cost."""

    @property
    def build(self) -> str:
        """The name of the build that this page is of."""

    @property
    def tried(self) -> str:
        """The build for which this tab was last loaded anew; ``""`` for none."""

    @property
    def typed(self) -> bool:
        """Whether a control of the page holds something that the user has put there."""

    @property
    def idle(self) -> float:
        """Seconds since the user pressed a key or a button, or turned the wheel."""

    async def start(self) -> bool:
        """Let the browser keep this build; ``False`` where it would not. Never raises."""

    async def look(self) -> None:
        """Ask the server for another build. What is found is announced once it is here as a whole. Never raises."""

    def take(self, build: str) -> None:
        """Load the page anew, to get ``build``."""

    def subscribe(self, callback: Callable[[str], None]) -> Undo:
        """Hear which build a start would get: when the browser has another one, and after :meth:`start`."""


# --- the document -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One keyed child of a list. ``html`` has exactly one root element; the view adds ``data-key`` to it."""

    key: str
    html: Html


@dataclass(frozen=True, slots=True)
class ScrollPosition:
    """In CSS pixels: how far down, how tall the content, how tall the window on it."""

    top: float
    height: float
    window: float

    @property
    def at_bottom(self) -> bool:
        return self.top + self.window >= self.height - 40


@dataclass(frozen=True, slots=True)
class DomEvent:
    """What a handler needs of a DOM event. ``data`` holds the ``data-*`` attributes (as written, without ``data-``)
    of the element that matched the selector; ``form`` the named values of the enclosing form, on submit only."""

    type: str
    data: Mapping[str, str] = field(default_factory=dict)
    value: str = ""
    checked: bool = False
    key: str = ""
    shift: bool = False
    ctrl: bool = False
    composing: bool = False
    form: Mapping[str, str] = field(default_factory=dict, repr=False)


Handler = Callable[[DomEvent], object]


class View(Protocol):
    """One part of the document. Selectors are CSS and are resolved inside that part; a selector without a match is a
    no-op for writes, so that an update that comes late harms nothing."""

    def render(self, html: Html, *, keeping: Sequence[str] = ()) -> None:
        """Replace everything inside this part; the focus stays on a control or link that is there again.

        What was painted before Python was there stays inside the elements of ``keeping`` until it is written over.
        """

    def picture(self) -> str:
        """What this part shows, at most a screenful of a list, as text for ``frontend/painted.js``."""

    def replace(self, selector: str, html: Html) -> None:
        """Replace what is inside the first match, keeping focus and caret where the focused control survives by id."""

    def rows(self, selector: str, rows: Sequence[Row]) -> None:
        """Make the children of the first match these rows. A row with the same key and html keeps its node;
        focus, caret and selection inside kept rows stay, and what is in view keeps its place.

        Of a long list only what is in view and around it is in the document, with ``data-total`` on the element: the
        sequence is kept and asked for rows as the user scrolls. It may make them when asked; then it should offer
        ``position(key) -> int | None``."""

    def row(self, selector: str, row: Row) -> None:
        """One row of a list has changed; the others are not looked at. No-op where it is not in the document."""

    def text(self, selector: str, text: str) -> None:
        """Set text content; never parsed as HTML."""

    def attribute(self, selector: str, name: str, value: str | None) -> None:
        """Set an attribute, or remove it with ``None``."""

    def value(self, selector: str) -> str:
        """The value of a control, ``""`` without a match."""

    def set_value(self, selector: str, value: str) -> None: ...

    def focus(self, selector: str) -> None: ...

    def scroll(self, selector: str) -> ScrollPosition: ...

    def set_scroll(self, selector: str, top: float) -> None:
        """Scroll to ``top`` pixels; a number past the end means the end."""

    def listen(self, event: str, selector: str, handler: Handler) -> Undo:
        """Delegate: call for events of descendants that match. ``True`` from the handler prevents the default action;
        ``submit`` is always prevented."""

    def clear(self) -> None:
        """Empty this part and drop every listener."""


class Document(Protocol):
    """The whole document, for the shell."""

    @property
    def shell(self) -> View:
        """Header, badge, banner: everything around the page."""

    @property
    def page(self) -> View:
        """Where the current page lives."""

    @property
    def painted(self) -> bool:
        """Whether the shell shows what was painted before Python was there."""

    def focus_page(self) -> None:
        """Move the keyboard focus to the page."""

    def set_state(self, state: str) -> None:
        """``<html data-app="...">``: ``booting``, ``ready`` or ``error``."""

    def set_title(self, title: str) -> None: ...

    def set_language(self, language: str, direction: str) -> None: ...

    def set_theme(self, theme: str) -> None:
        """``light``, ``dark`` or ``system``."""


class Formatter(Protocol):
    """Dates and numbers the way the user's language writes them (``Intl``)."""

    def set_language(self, language: str) -> None: ...

    def date_time(self, iso: str) -> str:
        """A full date and time; ``""`` for what is not a timestamp."""

    def short_time(self, iso: str) -> str:
        """Today: the time; this year: day and month; else the date."""

    def day(self, iso: str) -> str:
        """The date alone."""

    def time(self, iso: str) -> str:
        """The time of day alone."""

    def relative(self, seconds: float) -> str:
        """ "in 4 seconds", "2 minutes ago" """

    def number(self, value: float) -> str: ...

    def plural(self, value: float) -> str:
        """The CLDR plural category: ``one``, ``other``, ..."""


class Console(Protocol):
    def log(self, level: str, text: str) -> None:
        """``debug``, ``info``, ``warn`` or ``error``. The text is already redacted."""


# --- tokens -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Issued:
    """A token to dial with. ``verified``: the server has just vouched for it."""

    token: str = field(repr=False)
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """No token before the user logs in again."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No token for now: OFFLINE, SERVER, LOST, THROTTLED, QUEUED or REFUSED, and how many seconds to wait if known."""

    reason: Reason
    retry_after: float | None = None


TokenAnswer = Issued | Denied | Unavailable


class TokenSource(Protocol):
    """Where a manager gets its token, at each attempt."""

    async def token(self, endpoint: str, *, verify: bool, refused: str | None, failures: int) -> TokenAnswer:
        """Answer within a bounded time and never raise.

        ``verify``: the last dial of ``endpoint`` never opened; ask ``auth/status`` why. ``failures`` counts the dials
        in a row that never opened. ``refused``: the token that the server has refused; answer with another one.
        """

    async def healthy(self) -> bool:
        """Whether HTTP answers at all; within about five seconds."""
