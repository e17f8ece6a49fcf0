"""The build's service worker, as the page sees it."""

import time
from collections.abc import Callable
from typing import Any, Final

import js
from pyodide.ffi import JsException, to_js

from pilito.browser.proxies import Proxies
from pilito.listeners import Listeners
from pilito.ports import Undo

WORKER: Final = "/service-worker.js"
TRIED: Final = "pilito.tried"
"""In the tab's own storage: the build for which it has been loaded anew."""
SIGNS_OF_LIFE: Final = ("keydown", "pointerdown", "wheel")
ANSWERS: Final = "#page :is(input:not([type=checkbox], [type=radio]), textarea)"


def updates_of_this_build() -> "BrowserUpdates | None":
    """``None`` where the page is no build, or the browser has no service workers for it."""
    meta = js.document.querySelector('meta[name="pilito-build"]')
    container = getattr(js.navigator, "serviceWorker", None)
    return BrowserUpdates(str(meta.content), container) if meta and container else None


class BrowserUpdates:
    """``Updates`` over ``navigator.serviceWorker``."""

    def __init__(self, build: str, container: Any) -> None:
        self.build = build
        self._container = container
        self._registration: Any = None
        self._proxies = Proxies()
        self._listeners: Listeners[str] = Listeners(_log)
        self._last_sign = time.time()
        self._proxies.listen(container, "message", self._on_message)
        for event in SIGNS_OF_LIFE:
            self._proxies.listen(js.document, event, self._on_life, capture=True)

    @property
    def tried(self) -> str:
        try:
            return str(js.sessionStorage.getItem(TRIED) or "")
        except JsException:
            return ""

    @property
    def typed(self) -> bool:
        return any(control.value != control.defaultValue for control in js.document.querySelectorAll(ANSWERS))

    @property
    def idle(self) -> float:
        return time.time() - self._last_sign

    async def start(self) -> bool:
        try:
            options = to_js({"updateViaCache": "none"}, dict_converter=js.Object.fromEntries)
            self._registration = await self._container.register(_trusted(WORKER), options)
        except JsException:
            return False  # no file, no https, or a sandboxed frame: the app works without it
        if self._registration is None:
            return False
        self._say("started")
        return True

    async def look(self) -> None:
        try:
            await self._registration.update()
        except JsException:
            return  # no network, or a build that could not be fetched whole: there will be another look

    def take(self, build: str) -> None:
        try:
            js.sessionStorage.setItem(TRIED, build)
        except JsException:
            return  # without a note of it the tab might load itself anew for ever
        js.location.reload()

    def subscribe(self, callback: Callable[[str], None]) -> Undo:
        return self._listeners.add("build", callback)

    def release(self) -> None:
        self._listeners.clear()
        self._proxies.release()

    def _say(self, kind: str) -> None:
        worker = self._container.controller  # there is none before the first worker has everything
        if worker:
            worker.postMessage(to_js({"kind": kind, "build": self.build}, dict_converter=js.Object.fromEntries))

    def _on_message(self, event: Any) -> None:
        kind = getattr(event.data, "kind", None)
        if kind == "which":
            event.ports[0].postMessage(self.build)
        elif kind == "current":
            self._listeners.call("build", str(event.data.build))

    def _on_life(self, _: Any) -> None:
        self._last_sign = time.time()


def _trusted(address: str) -> Any:
    """The address as the policy of the build wants it; it is a constant of this module."""
    types = getattr(js, "trustedTypes", None)
    if not types:
        return address
    rules = js.Object.fromEntries([["createScriptURL", js.String]])  # String(s) is s: no Python function is called
    return types.createPolicy("pilito-worker", rules).createScriptURL(address)


def _log(name: str, error: Exception) -> None:
    js.console.error(f"a listener for {name} failed: {type(error).__name__}: {error}")
