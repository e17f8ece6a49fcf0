"""Ownership of what crosses into JavaScript."""

from collections.abc import Callable
from typing import Any

from pyodide.ffi import create_proxy

from pilito.ports import Undo


class Proxies:
    """The proxies and listeners of one owner, all given back by :meth:`release`."""

    alive = 0  # of all owners together, for the inspector
    listening = 0

    def __init__(self) -> None:
        self._proxies: list[Any] = []
        self._undo: list[Undo] = []

    def make(self, function: Callable[..., Any]) -> Any:
        """Return a proxy of ``function`` that lives until :meth:`release`."""
        proxy = create_proxy(function)
        self._proxies.append(proxy)
        Proxies.alive += 1
        return proxy

    def listen(self, target: Any, event: str, function: Callable[..., Any], *, capture: bool = False) -> None:
        """Add an event listener that lives until :meth:`release`."""
        proxy = self.make(function)
        target.addEventListener(event, proxy, capture)
        Proxies.listening += 1
        self._undo.append(lambda: target.removeEventListener(event, proxy, capture))

    def release(self) -> None:
        while self._undo:
            self._undo.pop()()
            Proxies.listening -= 1
        while self._proxies:
            self._proxies.pop().destroy()
            Proxies.alive -= 1
