"""The life of the page and the address bar."""

from collections.abc import Callable
from typing import Any

import js

from pilito.browser.proxies import Proxies
from pilito.listeners import Listeners
from pilito.ports import PageSignal, Undo


class BrowserPageLife:
    """``PageLife``: what the browser says about the page, under one name each."""

    def __init__(self) -> None:
        self._proxies = Proxies()
        self._listeners: Listeners[PageSignal] = Listeners(_log)
        window, document = js.window, js.document
        self._proxies.listen(document, "visibilitychange", self._on_visibility)
        self._proxies.listen(window, "pageshow", self._on_pageshow)
        for target, event, signal in (
            (window, "pagehide", PageSignal.PAGEHIDE),
            (window, "online", PageSignal.ONLINE),
            (window, "offline", PageSignal.OFFLINE),
            (window, "focus", PageSignal.FOCUS),
            (document, "freeze", PageSignal.FREEZE),
            (document, "resume", PageSignal.RESUME),
        ):
            self._proxies.listen(target, event, self._teller(signal))

    @property
    def visible(self) -> bool:
        return bool(js.document.visibilityState == "visible")

    @property
    def online(self) -> bool:
        return bool(js.navigator.onLine)

    def subscribe(self, callback: Callable[[PageSignal], None]) -> Undo:
        return self._listeners.add("page", callback)

    def release(self) -> None:
        self._listeners.clear()
        self._proxies.release()

    def _tell(self, signal: PageSignal) -> None:
        self._listeners.call("page", signal)

    def _teller(self, signal: PageSignal) -> Callable[[Any], None]:
        return lambda _: self._tell(signal)

    def _on_visibility(self, _: Any) -> None:
        self._tell(PageSignal.VISIBLE if self.visible else PageSignal.HIDDEN)

    def _on_pageshow(self, event: Any) -> None:
        if event.persisted:
            self._tell(PageSignal.PAGESHOW)


class BrowserNavigation:
    """``Navigation`` over the history; clicks on links to this origin stay in this page."""

    def __init__(self) -> None:
        self._proxies = Proxies()
        self._listeners: Listeners[str] = Listeners(_log)
        self._proxies.listen(js.window, "popstate", lambda _: self._listeners.call("path", self.path))
        self._proxies.listen(js.document, "click", self._on_click)

    @property
    def path(self) -> str:
        return f"{js.location.pathname}{js.location.search}"

    def push(self, path: str) -> None:
        js.history.pushState(None, "", path)

    def replace(self, path: str) -> None:
        js.history.replaceState(None, "", path)

    def subscribe(self, callback: Callable[[str], None]) -> Undo:
        return self._listeners.add("path", callback)

    def release(self) -> None:
        self._listeners.clear()
        self._proxies.release()

    def _on_click(self, event: Any) -> None:
        """A plain click on a link of this application; every other click is the browser's."""
        if event.defaultPrevented or event.button or event.ctrlKey or event.metaKey or event.shiftKey or event.altKey:
            return
        link = event.target.closest("a[href]") if hasattr(event.target, "closest") else None
        if not link or link.target or link.hasAttribute("download") or link.origin != js.location.origin:
            return
        if link.getAttribute("href").startswith("#"):
            return
        event.preventDefault()
        self._listeners.call("path", f"{link.pathname}{link.search}")


def _log(name: str, error: Exception) -> None:
    js.console.error(f"a listener for {name} failed: {type(error).__name__}: {error}")
