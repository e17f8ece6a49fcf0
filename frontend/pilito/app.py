"""The application: one page at a time, guarded by the session, connected to what the page needs and to nothing else."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pilito import router
from pilito.auth import Auth, AuthChange, Session
from pilito.carriers import redact
from pilito.events import LifecycleEvent, State
from pilito.exceptions import ConfigurationError, RouteError
from pilito.last_seen import LastSeen
from pilito.markup import Html, escape
from pilito.new_version import UNSENT, Occasion
from pilito.page import DomMark, LifecycleMark, MessageMark, Page, PageContext
from pilito.ports import (
    Console,
    Document,
    DomEvent,
    Formatter,
    Navigation,
    PageLife,
    PageSignal,
    Scheduler,
    Storage,
    Undo,
    Updates,
)
from pilito.registry import Registry, Subscription
from pilito.shell import THEMES, Shell
from pilito.text import Catalogue, Strings
from pilito.updater import Updater

HOME: Final = "/conversations"
LANGUAGE: Final = "pilito.language"
THEME: Final = "pilito.theme"
ASK_AGAIN: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between session questions while no server answers."""


class UserStorage:
    """Storage for what belongs to one user: every key is theirs, and goes when they log out."""

    def __init__(self, storage: Storage, auth: Auth) -> None:
        self._storage = storage
        self._prefix = auth.user_key("")

    def get(self, key: str) -> str | None:
        return self._storage.get(self._prefix + key)

    def set(self, key: str, value: str) -> bool:
        return self._storage.set(self._prefix + key, value)

    def remove(self, key: str) -> None:
        self._storage.remove(self._prefix + key)

    def keys(self) -> list[str]:
        every = self._storage.keys()
        return [key.removeprefix(self._prefix) for key in every if key.startswith(self._prefix)]

    def subscribe(self, callback: Callable[[str | None, str | None], None]) -> Undo:
        def mine(key: str | None, value: str | None) -> None:
            if key is None or key.startswith(self._prefix):
                callback(key and key.removeprefix(self._prefix), value)

        return self._storage.subscribe(mine)


class App:
    """Mounts pages by path. Everything that a mounted page listens to is undone when it is left."""

    def __init__(
        self,
        pages: Sequence[type[Page]],
        *,
        languages: Mapping[str, Strings],
        document: Document,
        registry: Registry,
        auth: Auth,
        navigation: Navigation,
        scheduler: Scheduler,
        storage: Storage,
        life: PageLife,
        format: Formatter,
        console: Console,
        updates: Updates | None = None,
    ) -> None:
        self._pages = _by_route(pages)
        self._document = document
        self._registry = registry
        self._auth = auth
        self._navigation = navigation
        self._scheduler = scheduler
        self._storage = storage
        self._console = console
        self._format = format
        self._life = life
        self.text = Catalogue(languages, format, storage.get(LANGUAGE) or "en")
        self._page: Page | None = None
        self._undo_page: list[Undo] = []
        self._last_seen = LastSeen(document, storage, auth, scheduler)
        self._shell = Shell(
            document,
            self.text,
            scheduler,
            retry=self._retry,
            logout=self._logout,
            set_language=self._set_language,
            set_theme=self._set_theme,
            update=lambda: self._takes_update(Occasion.ASKED),
        )
        self._updater: Updater | None = None
        if updates:
            offer = self._shell.offer_update
            self._updater = Updater(
                updates, scheduler, life, offer=offer, unsent=self._unsent, connected=self._connected
            )
        self._undo: list[Undo] = [
            navigation.subscribe(self._addressed),
            auth.subscribe(self._session_changed),
            registry.on_change(self._shell.show),
            life.subscribe(self._life_signal),
        ]
        self._woken: asyncio.Event | None = None

    # --- life ---

    def start(self) -> None:
        """Draw the shell, ask whose session this is, and only then show a page. A painted shell stays until then."""
        self._document.set_language(self.text.language, self.text.direction)
        self._document.set_theme(self._theme)
        if not self._document.painted:
            self._draw_shell()
        self._undo.append(self._scheduler.spawn(self._begin(), name="start").cancel)

    def release(self) -> None:
        """Leave the page and stop listening."""
        self._leave()
        self._shell.release()
        if self._updater:
            self._updater.release()
        while self._undo:
            self._undo.pop()()

    async def _begin(self) -> None:
        self._woken = asyncio.Event()
        await self._auth.start()
        attempt = 0
        while self._auth.session is Session.UNREACHABLE:
            self._shell.notice(self.text("app.unreachable"))
            self._is_ready()
            await self._wait_for_hope(ASK_AGAIN[min(attempt, len(ASK_AGAIN) - 1)])
            attempt += 1
            await self._auth.start()
        self._shell.notice("")
        self.navigate(self._navigation.path, replace=True)
        self._is_ready()
        # PyJWT takes half a second to import: it may, once the page is up.
        self._undo.append(self._scheduler.call_later(1.5, self._auth.read_claims).cancel)

    def _is_ready(self) -> None:
        self._document.set_state("ready")
        if self._updater:
            self._updater.start()

    async def _wait_for_hope(self, seconds: float) -> None:
        """Wait, or be woken by the network or the user's eyes."""
        assert self._woken is not None
        self._woken.clear()
        timer = self._scheduler.call_later(seconds, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            timer.cancel()

    # --- pages ---

    def navigate(self, path: str, *, replace: bool = False) -> None:
        """Show the page of ``path``, or the login page when it needs a session and there is none."""
        path = self._allowed(path)
        if path != self._navigation.path:
            (self._navigation.replace if replace else self._navigation.push)(path)
        self._show(path)

    def _addressed(self, path: str) -> None:
        here = self._navigation.path
        if self._auth.session in {Session.UNKNOWN, Session.UNREACHABLE}:
            if path != here:
                self._navigation.push(path)  # shown once it is known whose session it is
            return
        if self._updater and path != here and self._takes_update(Occasion.MOVED, self._allowed(path)):
            return
        self.navigate(path, replace=path == here)

    def _allowed(self, path: str) -> str:
        """Where a request for ``path`` leads: to itself, to login, or from login to where the user came from."""
        logged_in = self._auth.session is Session.VALID
        if path.partition("?")[0] == "/":
            path = HOME
        try:
            found = router.match(path, self._pages)
        except RouteError:
            return path if logged_in else router.login_path(path)
        public = self._pages[found.route].public
        if public and logged_in:
            return router.safe_next(found.query.get("next")) or HOME
        return path if public or logged_in else router.login_path(path)

    def _show(self, path: str) -> None:
        self._last_seen.keep()
        leave_old = self._detach()
        try:
            found = router.match(path, self._pages)
            kind, params, query = self._pages[found.route], found.params, found.query
        except RouteError:
            kind, params, query = _NotFound, {}, {}
        page = kind(self._context(), params, query)
        self._page = page
        endpoint = kind.endpoint_for({name: router.quote(value) for name, value in params.items()})
        if endpoint:
            self._connect(page, self._registry.subscribe(endpoint))
        # The old page leaves after the new one has subscribed: an endpoint that both use stays connected.
        leave_old()
        self._draw_shell()
        self._document.set_title(f"{self.text(kind.title)} · Pilito" if kind.title else "Pilito")
        self._guarded("mount", page.mount)
        self._bind(page)

    def _connect(self, page: Page, socket: Subscription) -> None:
        page.attach(socket)
        self._undo_page.append(socket.close)
        self._undo_page.append(
            socket.on_lifecycle(
                LifecycleEvent.AUTH_ERROR,
                lambda _: self._scheduler.spawn(self._end_or_connect(socket), name=f"refused on {socket.endpoint}"),
            )
        )

    async def _end_or_connect(self, socket: Subscription) -> None:
        if not await self._auth.refused(socket.endpoint):
            socket.connect()

    def _bind(self, page: Page) -> None:
        for mark, method in page.marks():
            if isinstance(mark, DomMark):
                handler = self._reporting(method)
                self._undo_page.append(page.view.listen(mark.event, mark.selector, handler))
            elif isinstance(mark, MessageMark):
                self._undo_page.append(page.socket.on(mark.type, method))
            elif isinstance(mark, LifecycleMark):
                self._undo_page.append(page.socket.on_lifecycle(mark.event, method))

    def _detach(self) -> Callable[[], None]:
        """Take the current page off the screen; returns what gives up its listeners and its connection."""
        self._last_seen.leave()
        page, undo = self._page, self._undo_page
        self._page, self._undo_page = None, []
        if page is not None:
            self._guarded("unmount", page.unmount)
            page.release()
            self._document.page.clear()

        def leave() -> None:
            while undo:
                undo.pop()()

        return leave

    def _leave(self) -> None:
        self._detach()()

    def _context(self) -> PageContext:
        return PageContext(
            view=self._document.page,
            auth=self._auth,
            scheduler=self._scheduler,
            storage=UserStorage(self._storage, self._auth),
            navigation=self._navigation,
            text=self.text,
            format=self._format,
            life=self._life,
            navigate=self.navigate,
            fresh=self._last_seen.fresh,
            report=self._report,
        )

    # --- what happens ---

    def _session_changed(self, change: AuthChange) -> None:
        """Exactly one way to the login page: nothing of the session stays on the screen or on the wire."""
        if change is AuthChange.LOGGED_IN or change is AuthChange.USER_CHANGED:
            self._leave()
            self._registry.disconnect_all()
            self.navigate(self._navigation.path, replace=True)
            return
        here = self._navigation.path
        self._leave()
        self._registry.disconnect_all()
        wanted = here if change is AuthChange.EXPIRED else "/"
        at_login = here.partition("?")[0] == router.LOGIN
        self.navigate(here if at_login else router.login_path(wanted), replace=True)

    def _life_signal(self, signal: PageSignal) -> None:
        if self._woken and signal in {PageSignal.ONLINE, PageSignal.VISIBLE, PageSignal.FOCUS}:
            self._woken.set()
        if signal in {PageSignal.HIDDEN, PageSignal.PAGEHIDE}:
            self._last_seen.keep()
        page = self._page
        if signal is PageSignal.VISIBLE and page is not None and page.connected:
            self._guarded("became_visible", page.became_visible)

    def _takes_update(self, occasion: Occasion, path: str = "") -> bool:
        """Whether the page is about to be loaded anew, at ``path`` if the user is on the way there."""
        if self._updater is None or not self._updater.may_take(occasion):
            return False
        if path:
            self._navigation.push(path)
        self._updater.take()
        return True

    def _unsent(self) -> bool:
        mine = UserStorage(self._storage, self._auth).keys()
        return any(key.startswith(UNSENT) for key in mine)

    def _connected(self) -> bool:
        return all(info.state is State.READY for info in self._registry.connections())

    def _retry(self, endpoint: str) -> None:
        self._registry.retry(endpoint)

    def _logout(self) -> None:
        self._scheduler.spawn(self._auth.logout(), name="logout")

    @property
    def _theme(self) -> str:
        theme = self._storage.get(THEME)
        return theme if theme in THEMES else "system"

    def _set_theme(self, theme: str) -> None:
        self._storage.set(THEME, theme)
        self._document.set_theme(theme)

    def _set_language(self, language: str) -> None:
        self._last_seen.leave()
        self._storage.set(LANGUAGE, language)
        self.text.set_language(language)
        self._document.set_language(self.text.language, self.text.direction)
        self._show(self._navigation.path)

    def _draw_shell(self) -> None:
        user = self._auth.user.name if self._auth.user else ""
        self._shell.render(path=self._navigation.path, user=user, theme=self._theme)

    # --- errors ---

    def _reporting(self, handler: Callable[[DomEvent], object]) -> Callable[[DomEvent], object]:
        def call(event: DomEvent) -> object:
            return self._guarded(event.type, lambda: handler(event))

        return call

    def _guarded(self, what: str, call: Callable[[], object]) -> object:
        """Call a method of the page. What it raises is reported; the application goes on."""
        try:
            return call()
        except Exception as error:
            self._report(what, error)
            return None

    def _report(self, what: str, error: BaseException) -> None:
        name = type(self._page).__name__ if self._page else "the page"
        self._console.log("error", redact(f"{name}: {what} failed: {type(error).__name__}: {error}"))


class _NotFound(Page):
    """What an address that leads nowhere shows."""

    route = ""
    title = "missing.title"

    def mount(self) -> None:
        self.view.render(
            Html(
                f'<section class="empty"><h1>{escape(self.text("missing.title"))}</h1>'
                f'<p><a href="{HOME}">{escape(self.text("missing.home"))}</a></p></section>'
            )
        )


def _by_route(pages: Sequence[type[Page]]) -> dict[str, type[Page]]:
    found: dict[str, type[Page]] = {}
    for page in pages:
        route = getattr(page, "route", "")
        if not isinstance(route, str) or not route.startswith("/"):
            raise ConfigurationError(f"{page.__name__}.route", "must be a path such as /orders/{id}")
        if route in found:
            raise ConfigurationError(f"{page.__name__}.route", f"{found[route].__name__} has the same")
        found[route] = page
    return found
