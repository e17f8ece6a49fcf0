"""What surrounds every page: navigation, the badge that tells the truth about the connection, language and theme."""

from collections.abc import Callable
from typing import Final

from pilito.events import Reason, State
from pilito.markup import Html, escape, join
from pilito.ports import Document, DomEvent, Row, Scheduler, TimerHandle
from pilito.registry import ConnectionInfo
from pilito.text import Catalogue

BANNER_AFTER: Final = 8.0
"""Seconds of trouble before the banner: a connection that comes back at once is nobody's business."""

THEMES: Final = ("system", "light", "dark")
_ON_ITS_WAY: Final = frozenset({State.AUTHENTICATING, State.CONNECTING, State.OPEN})


def badge_key(info: ConnectionInfo) -> str:
    """Return the catalogue key of the words for a connection."""
    if info.state is State.READY:
        return "badge.slow" if info.slow else "badge.behind" if info.behind else "badge.connected"
    if info.state in _ON_ITS_WAY:
        return "badge.slow" if info.slow else "badge.connecting"
    if info.state is State.WAITING:
        return f"badge.waiting.{info.reason}" if info.reason in _NAMED_WAITS else "badge.waiting.lost"
    return f"badge.{info.reason}"


_NAMED_WAITS: Final = frozenset({Reason.OFFLINE, Reason.SERVER, Reason.THROTTLED, Reason.QUEUED, Reason.REFUSED})


def can_retry(info: ConnectionInfo) -> bool:
    """Whether the user may ask for an attempt now."""
    if info.state is State.CLOSED:
        return info.reason in {Reason.FORBIDDEN, Reason.REFUSED}
    return info.state in {State.WAITING, State.SUSPENDED}


def seconds_left(info: ConnectionInfo, now: float) -> int:
    """Whole seconds until the next attempt, at least 0."""
    return 0 if info.next_retry_at is None else max(0, round(info.next_retry_at - now))


def _troubled(info: ConnectionInfo) -> bool:
    return info.state is not State.READY or info.slow or info.behind


class Shell:
    """Header, badge and banner. Says what the user wants through the callbacks it is given."""

    def __init__(
        self,
        document: Document,
        text: Catalogue,
        scheduler: Scheduler,
        *,
        retry: Callable[[str], None],
        logout: Callable[[], None],
        set_language: Callable[[str], None],
        set_theme: Callable[[str], None],
        update: Callable[[], object],
    ) -> None:
        self._view = document.shell
        self._text = text
        self._scheduler = scheduler
        self._connections: list[ConnectionInfo] = []
        self._bad_since: float | None = None
        self._tick: TimerHandle | None = None
        self._logged_in = False
        self._notice = ""
        self._new_version = False
        self._view.listen("click", "[data-retry]", lambda event: retry(event.data["retry"]))
        self._view.listen("click", "[data-action=logout]", lambda _: logout())
        self._view.listen("change", "#language", lambda event: set_language(event.value))
        self._view.listen("change", "#theme", lambda event: set_theme(event.value))
        self._view.listen("click", "[data-action=update]", lambda _: update())
        self._view.listen("click", "#skip", self._skip)
        self._document = document

    def render(self, *, path: str, user: str, theme: str) -> None:
        """Draw everything anew: on another page, language or user. ``user`` is ``""`` while nobody is logged in."""
        self._logged_in = bool(user)
        self._view.render(_frame(self._text, path, user, theme))
        self.show(self._connections)
        self._show_update()

    def offer_update(self, offered: bool) -> None:
        """Say that a new version is ready, with a button that takes it, or take that back."""
        if offered is not self._new_version:
            self._new_version = offered
            self._show_update()

    def notice(self, text: str) -> None:
        """Show a message of the application in the banner, or take it away with ``""``."""
        self._notice = text
        self._show_banner()

    def show(self, connections: list[ConnectionInfo]) -> None:
        """Show the state of every connection in use."""
        self._connections = connections
        now = self._scheduler.now()
        in_trouble = any(_troubled(info) for info in connections)
        self._bad_since = (self._bad_since or now) if in_trouble else None
        self._view.rows("#connections", [Row(info.endpoint, self._badge(info)) for info in connections])
        self._show_banner()
        self._keep_ticking()

    def release(self) -> None:
        """Stop the clock and drop the listeners."""
        self._stop()
        self._view.clear()

    def _badge(self, info: ConnectionInfo) -> Html:
        words = self._text(badge_key(info))
        left = seconds_left(info, self._scheduler.now()) if info.state is State.WAITING else None
        count = "" if left is None else escape(self._text("badge.in", n=left))
        button = ""
        if can_retry(info):
            name = self._text("badge.use_here" if info.reason is Reason.REPLACED else "badge.retry")
            button = f'<button type="button" data-retry="{escape(info.endpoint)}">{escape(name)}</button>'
        return Html(
            f'<li class="badge" data-connection="{escape(info.endpoint)}" data-state="{info.state}"'
            f' data-reason="{info.reason}" data-slow="{str(info.slow).lower()}"'
            f' data-behind="{str(info.behind).lower()}">'
            f'<span class="dot" aria-hidden="true"></span>'
            f'<span role="status">{escape(words)}</span><span class="count" aria-hidden="true">{count}</span>'
            f"{button}</li>"
        )

    def _show_banner(self) -> None:
        words = self._notice or self._banner_words()
        self._view.text("#banner", words)
        self._view.attribute("#banner", "hidden", None if words else "")

    @property
    def _banner_to_come(self) -> bool:
        return self._bad_since is not None and self._scheduler.now() - self._bad_since < BANNER_AFTER

    def _show_update(self) -> None:
        """Quietly: a status that is read out when there is time, below everything else of the header."""
        name, words = escape(self._text("update.take")), escape(self._text("update.ready"))
        button = f'<button type="button" data-action="update">{name}</button>'
        self._view.replace("#update", Html(f"<span>{words}</span>{button}" if self._new_version else ""))

    def _banner_words(self) -> str:
        if self._bad_since is None or self._banner_to_come:
            return ""
        troubled = next((info for info in self._connections if _troubled(info)), None)
        if troubled is None:
            return ""
        if troubled.slow:
            return self._text("banner.slow")
        if troubled.behind and troubled.state is State.READY:
            return self._text("banner.behind")
        known = f"banner.{troubled.reason}"
        return self._text(known if known in _BANNERS else "banner.lost")

    def _keep_ticking(self) -> None:
        """Count down every second, while there is something to count or a banner to come."""
        waiting = any(info.state is State.WAITING for info in self._connections)
        if (waiting or self._banner_to_come) and self._tick is None:
            self._tick = self._scheduler.call_later(1.0, self._ticked)

    def _ticked(self) -> None:
        self._tick = None
        self.show(self._connections)

    def _stop(self) -> None:
        if self._tick:
            self._tick.cancel()
            self._tick = None

    def _skip(self, _: DomEvent) -> bool:
        self._document.focus_page()
        return True


_BANNERS: Final = frozenset(
    f"banner.{name}"
    for name in ("offline", "server", "throttled", "queued", "refused", "replaced", "exhausted", "forbidden")
)
_NAVIGATION: Final = (("/conversations", "nav.conversations"), ("/customers", "nav.customers"))


def _frame(text: Catalogue, path: str, user: str, theme: str) -> Html:
    links = "".join(
        f'<a href="{address}"{_current(path, address)}>{escape(text(key))}</a>' for address, key in _NAVIGATION
    )
    navigation = f'<nav aria-label="{escape(text("nav.label"))}">{links}</nav>' if user else ""
    logout = (
        f'<span class="user" dir="auto">{escape(user)}</span>'
        f'<button type="button" class="quiet" data-action="logout">{escape(text("nav.logout"))}</button>'
        if user
        else ""
    )
    return Html(
        f'<a id="skip" class="skip" href="#page">{escape(text("nav.skip"))}</a>'
        f'<header class="bar"><a class="brand" href="/conversations">Pilito</a>{navigation}'
        f'<ul id="connections" aria-label="{escape(text("badge.label"))}"></ul>'
        f'<div class="tools">{_select("language", text("nav.language"), _languages(text), text.language)}'
        f"{_select('theme', text('nav.theme'), _themes(text), theme)}{logout}</div></header>"
        f'<p id="banner" class="banner" role="alert" hidden></p>'
        f'<div id="update" class="update" role="status"></div>'
    )


def _current(path: str, address: str) -> str:
    return ' aria-current="page"' if path.partition("?")[0] == address else ""


def _languages(text: Catalogue) -> list[tuple[str, str]]:
    return [(language, text(f"language.{language}")) for language in text.available]


def _themes(text: Catalogue) -> list[tuple[str, str]]:
    return [(theme, text(f"theme.{theme}")) for theme in THEMES]


def _select(name: str, label: str, choices: list[tuple[str, str]], chosen: str) -> Html:
    options = join(
        Html(f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(shown)}</option>')
        for value, shown in choices
    )
    return Html(f'<select id="{name}" aria-label="{escape(label)}">{options}</select>')
