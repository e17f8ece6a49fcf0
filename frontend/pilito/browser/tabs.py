"""What the tabs of this origin share: storage, a channel and locks."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import js
from pyodide.ffi import JsException, create_proxy, to_js

from pilito import wire
from pilito.browser.proxies import Proxies
from pilito.listeners import Listeners
from pilito.ports import Locks, Scheduler, Undo

T = TypeVar("T")


class BrowserStorage:
    """``localStorage``; memory where the browser forbids it, so that one tab still works."""

    def __init__(self) -> None:
        self._memory: dict[str, str] = {}
        self._proxies = Proxies()
        self._changed: Listeners[tuple[str | None, str | None]] = Listeners(_log)
        self._proxies.listen(js.window, "storage", self._on_storage)

    def get(self, key: str) -> str | None:
        try:
            found = js.localStorage.getItem(key)
        except JsException:
            return self._memory.get(key)
        return found if isinstance(found, str) else self._memory.get(key)

    def set(self, key: str, value: str) -> bool:
        try:
            js.localStorage.setItem(key, value)
        except JsException:
            self._memory[key] = value
            return False
        self._memory.pop(key, None)
        return True

    def remove(self, key: str) -> None:
        self._memory.pop(key, None)
        try:
            js.localStorage.removeItem(key)
        except JsException:
            return

    def keys(self) -> list[str]:
        try:
            stored = [str(key) for key in js.Object.keys(js.localStorage)]
        except JsException:
            stored = []
        return [*stored, *self._memory]

    def subscribe(self, callback: Callable[[str | None, str | None], None]) -> Undo:
        return self._changed.add("storage", lambda change: callback(*change))

    def release(self) -> None:
        self._changed.clear()
        self._proxies.release()

    def _on_storage(self, event: Any) -> None:
        key, value = event.key, event.newValue
        self._changed.call("storage", (_text(key), _text(value)))


class BrowserChannel:
    """``BroadcastChannel``. Messages travel as JSON text; what other code on this origin may post is ignored."""

    def __init__(self, name: str) -> None:
        self._proxies = Proxies()
        self._listeners: Listeners[Mapping[str, object]] = Listeners(_log)
        self._channel = js.BroadcastChannel.new(name) if hasattr(js, "BroadcastChannel") else None
        if self._channel:
            self._proxies.listen(self._channel, "message", self._on_message)

    def post(self, message: Mapping[str, object]) -> None:
        if self._channel:
            self._channel.postMessage(json.dumps(dict(message)))

    def subscribe(self, callback: Callable[[Mapping[str, object]], None]) -> Undo:
        return self._listeners.add("message", callback)

    def release(self) -> None:
        self._listeners.clear()
        self._proxies.release()
        if self._channel:
            self._channel.close()
            self._channel = None

    def _on_message(self, event: Any) -> None:
        message = wire.json_value(event.data) if isinstance(event.data, str) else None
        if isinstance(message, dict):
            self._listeners.call("message", message)


class _NoLocksHere(Exception):
    """The browser has locks and refuses them to this page, as in a sandboxed frame."""


class BrowserLocks:
    """``navigator.locks``, and ``fallback`` where a browser has none or keeps them from this page."""

    def __init__(self, scheduler: Scheduler, fallback: Locks) -> None:
        self._scheduler = scheduler
        self._fallback = fallback
        self._manager: Any = getattr(js.navigator, "locks", None)

    @property
    def shared(self) -> bool:
        return self._manager is not None

    async def hold(self, name: str, body: Callable[[], Awaitable[T]], *, timeout: float = 30.0) -> T:
        if self._manager is not None:
            try:
                return await self._hold_shared(name, body, timeout)
            except _NoLocksHere:
                self._manager = None
        return await self._fallback.hold(name, body, timeout=timeout)

    async def mark(self, name: str, seconds: float) -> None:
        if self._manager is None:
            await self._fallback.mark(name, seconds)
            return
        granted = asyncio.Event()

        async def stand() -> None:
            async def wait() -> None:
                granted.set()
                await asyncio.sleep(seconds)

            try:
                await self._hold_shared(name, wait, seconds)
            finally:
                granted.set()

        self._scheduler.spawn(stand(), name="mark")
        await granted.wait()

    async def marked(self, name: str) -> bool:
        if self._manager is None:
            return await self._fallback.marked(name)
        found = await self._manager.query()
        return any(lock.name == name for lock in found.held)

    async def _hold_shared(self, name: str, body: Callable[[], Awaitable[T]], timeout: float) -> T:
        results: list[T] = []
        errors: list[BaseException] = []
        controller = js.AbortController.new()
        timer = self._scheduler.call_later(timeout, controller.abort)

        async def granted(_: Any) -> None:
            timer.cancel()
            try:
                results.append(await body())
            except BaseException as error:
                errors.append(error)

        callback = create_proxy(granted)
        options = to_js({"signal": controller.signal}, dict_converter=js.Object.fromEntries)
        try:
            await self._manager.request(name, options, callback)
        except JsException:
            if not controller.signal.aborted:
                raise _NoLocksHere from None
            raise TimeoutError(f"the lock {name!r} was not granted within {timeout} s") from None
        finally:
            timer.cancel()
            callback.destroy()
        if errors:
            raise errors[0]
        return results[0]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _log(name: str, error: Exception) -> None:
    js.console.error(f"a listener for {name} failed: {type(error).__name__}: {error}")
