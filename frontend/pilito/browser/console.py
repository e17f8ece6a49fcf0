"""The console, and ``window.pilito`` for tests and tools."""

import gc
from collections.abc import Callable
from typing import Any

import js
import pyodide_js
from pyodide.ffi import to_js

from pilito.browser.proxies import Proxies
from pilito.browser.timing import BrowserScheduler
from pilito.carriers import redact
from pilito.registry import ConnectionInfo


class BrowserConsole:
    """``Console``. Redacts once more, whatever it is given."""

    def log(self, level: str, text: str) -> None:
        getattr(js.console, level, js.console.log)(redact(text))


class Inspector:
    """``window.pilito``, without a token anywhere.

    ``connections()``: the connections in use, as plain objects.

    ``resources()``: what a page holds that it has to give back, after a collection: ``timers`` and ``tasks`` that run;
    ``proxies`` and ``listeners`` beyond those that live as long as the application; ``objects`` of Python; the bytes of
    ``wasm``; and, once ``countProxies()`` was called, every proxy in ``pyproxies``, with an owner or without.
    """

    def __init__(self, connections: Callable[[], list[ConnectionInfo]], scheduler: BrowserScheduler) -> None:
        self._proxies = Proxies()
        self._connections = connections
        self._scheduler = scheduler
        self._base = (0, 0)
        js.window.pilito = js.Object.new()
        js.window.pilito.connections = self._proxies.make(self._describe)
        js.window.pilito.resources = self._proxies.make(self._count)
        js.window.pilito.countProxies = self._proxies.make(_count_proxies)

    def set_base(self) -> None:
        """From now on count only proxies and listeners that come on top."""
        self._base = (Proxies.alive, Proxies.listening)

    def release(self) -> None:
        js.window.pilito = None
        self._proxies.release()

    def _count(self) -> Any:
        gc.collect()
        module = pyodide_js._module
        counts = {
            "timers": self._scheduler.pending,
            "tasks": self._scheduler.working,
            "proxies": Proxies.alive - self._base[0],
            "listeners": Proxies.listening - self._base[1],
            "objects": len(gc.get_objects()),
            "wasm": module.HEAP8.length,
            "pyproxies": module.pyproxy_alloc_map.size,
        }
        return to_js(counts, dict_converter=js.Object.fromEntries)

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
                "behind": info.behind,
            }
            for info in self._connections()
        ]
        return to_js(rows, dict_converter=js.Object.fromEntries)


def _count_proxies() -> None:
    """Costs a stack trace for each proxy that is made: for tests only."""
    pyodide_js._module.enable_pyproxy_allocation_tracing()
