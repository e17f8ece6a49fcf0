"""The console, and ``window.pilito`` for tests and tools."""

from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import to_js

from pilito.browser.proxies import Proxies
from pilito.carriers import redact
from pilito.registry import ConnectionInfo


class BrowserConsole:
    """``Console``. Redacts once more, whatever it is given."""

    def log(self, level: str, text: str) -> None:
        getattr(js.console, level, js.console.log)(redact(text))


class Inspector:
    """``window.pilito.connections()``: the connections in use, as plain objects without a token anywhere."""

    def __init__(self, connections: Callable[[], list[ConnectionInfo]]) -> None:
        self._proxies = Proxies()
        self._connections = connections
        js.window.pilito = js.Object.new()
        js.window.pilito.connections = self._proxies.make(self._describe)

    def release(self) -> None:
        js.window.pilito = None
        self._proxies.release()

    def _describe(self) -> Any:
        rows = [
            {
                "endpoint": info.endpoint,
                "state": info.state.value,
                "reason": info.reason.value,
                "attempts": info.attempts,
                "generation": info.generation,
                "nextRetryAt": info.next_retry_at,
                "slow": info.slow,
            }
            for info in self._connections()
        ]
        return to_js(rows, dict_converter=js.Object.fromEntries)
