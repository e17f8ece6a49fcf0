"""A page: one class, one file.

    class ConversationsPage(Page):
        route = "/conversations"
        endpoint = "/ws/conversations/"

        def mount(self):
            self.view.render(frame())

        @on_message("conversations_list")
        def show(self, message):
            self.view.rows("#conversations", [row(c) for c in message["conversations"]])

        @on("click", "#refresh")
        def refresh(self, event=None):
            self.socket.send("refresh_conversations")

``@on`` and ``@on_message`` mark a method and do nothing else; the application binds the marks when the page is mounted
and unbinds them when it is left.
"""

from collections.abc import Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pilito.events import LifecycleEvent, Message
from pilito.ports import DomEvent, Formatter, Navigation, PageLife, Scheduler, Storage, TimerHandle, View

if TYPE_CHECKING:
    from pilito.auth import Auth
    from pilito.registry import Subscription
    from pilito.text import Catalogue

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class DomMark:
    event: str
    selector: str


@dataclass(frozen=True, slots=True)
class MessageMark:
    type: str


@dataclass(frozen=True, slots=True)
class LifecycleMark:
    event: LifecycleEvent


Mark = DomMark | MessageMark | LifecycleMark


def on(event: str, selector: str) -> Callable[[F], F]:
    """Mark a method ``(self, event: DomEvent) -> object`` for a DOM event; ``True`` prevents the default action."""
    return _marker(DomMark(event, selector))


def on_message(message_type: str) -> Callable[[F], F]:
    """Mark a method ``(self, message: Message) -> None`` for server frames of a type."""
    return _marker(MessageMark(message_type))


def on_lifecycle(event: LifecycleEvent) -> Callable[[F], F]:
    """Mark a method ``(self, detail: dict) -> None`` for an event of the page's connection."""
    return _marker(LifecycleMark(event))


def _marker(mark: Mark) -> Callable[[F], F]:
    def apply(method: F) -> F:
        method.__dict__.setdefault("pilito_marks", []).append(mark)
        return method

    return apply


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is given. Everything in it outlives the page except ``view`` and ``spawn``'s tasks."""

    view: View
    auth: "Auth"
    scheduler: Scheduler
    storage: Storage  # of this user: cleared at logout
    navigation: Navigation
    text: "Catalogue"
    format: Formatter
    life: PageLife
    navigate: Callable[[str], None]  # to a path of this application
    fresh: Callable[[str], None]  # what is shown at a path may be painted, as old, at the next start; "": may not
    report: Callable[[str, BaseException], None]  # log an error of a handler


class _Work:
    """A page's timer or coroutine: in the page's books for as long as it runs, and no longer."""

    def __init__(self, books: "set[_Work]") -> None:
        self._books = books
        self._handle: TimerHandle | None = None
        books.add(self)

    def begun(self, handle: TimerHandle) -> None:
        self._handle = handle

    def end(self) -> None:
        self._books.discard(self)

    def cancel(self) -> None:
        self.end()
        if self._handle:
            self._handle.cancel()


class _Ending(Awaitable[None]):
    """Work that says when it has ended, however it does."""

    def __init__(self, work: Awaitable[None], ended: Callable[[], None]) -> None:
        self._work, self._ended = work, ended

    def __await__(self) -> Generator[Any, None, None]:
        try:
            yield from self._work.__await__()
        finally:
            self._ended()


class Page:
    """Base of all pages. Subclasses set ``route`` and, when they need a connection, ``endpoint``.

    ``endpoint`` may use the route's parameters: ``"/ws/chat/{id}/"``. ``public`` pages are shown without a session.
    """

    route: ClassVar[str]
    endpoint: ClassVar[str | None] = None
    public: ClassVar[bool] = False
    title: ClassVar[str] = ""  # a key of the catalogue

    def __init__(self, context: PageContext, params: dict[str, str], query: dict[str, str]) -> None:
        self.context = context
        self.view = context.view
        self.text = context.text
        self.format = context.format
        self.params = params
        self.query = query
        self._socket: Subscription | None = None
        self._work: set[_Work] = set()

    @property
    def socket(self) -> "Subscription":
        """The page's subscription to its endpoint. Only pages with an ``endpoint`` have one."""
        if self._socket is None:
            raise AttributeError(f"{type(self).__name__} has no connection; set its `endpoint` to get one")
        return self._socket

    @property
    def connected(self) -> bool:
        """Whether a message sent now would go out."""
        return self._socket is not None and self._socket.ready

    @classmethod
    def endpoint_for(cls, params: dict[str, str]) -> str | None:
        """The endpoint path with the route's parameters filled in."""
        return cls.endpoint.format_map(params) if cls.endpoint else None

    def mount(self) -> None:
        """Render the first view. Called once, before any message or event arrives."""

    def unmount(self) -> None:
        """Put aside what must survive, such as a draft. Listeners, tasks and the subscription are released for you."""

    def became_visible(self) -> None:
        """The tab is looked at again with a live connection: ask for fresh data, in this endpoint's own words."""

    def attach(self, socket: "Subscription") -> None:
        """Hand the page its subscription; the application calls this before :meth:`mount`."""
        self._socket = socket

    def spawn(self, work: Awaitable[None]) -> None:
        """Run a coroutine that is cancelled when the page is left."""
        own = _Work(self._work)
        own.begun(self.context.scheduler.spawn(_Ending(work, own.end), name=type(self).__name__))

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        """Start a timer that is stopped when the page is left."""
        own = _Work(self._work)

        def fire() -> None:
            own.end()
            callback()

        own.begun(self.context.scheduler.call_later(delay, fire))
        return own

    @property
    def working(self) -> int:
        """How many of the page's timers and coroutines are running."""
        return len(self._work)

    def release(self) -> None:
        """Cancel the page's tasks and timers; the application calls this after :meth:`unmount`."""
        for work in list(self._work):
            work.cancel()

    def marks(self) -> Iterator[tuple[Mark, Callable[[Any], object]]]:
        """Every marked method, bound, with its mark; an override in a subclass keeps the marks it declares itself."""
        for name in dir(type(self)):
            for mark in getattr(getattr(type(self), name, None), "pilito_marks", ()):
                yield mark, getattr(self, name)


__all__ = ["DomEvent", "Message", "Page", "PageContext", "on", "on_lifecycle", "on_message"]
