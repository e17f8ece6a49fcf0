"""Listeners by name, called in the order in which they came, each on its own."""

from collections.abc import Callable
from typing import Generic, TypeVar

from pilito.ports import Undo

T = TypeVar("T")


class _Listener(Generic[T]):
    """One registration. The same callback may be registered twice and undone once."""

    __slots__ = ("active", "callback", "once")

    def __init__(self, callback: Callable[[T], object], once: bool) -> None:
        self.callback = callback
        self.once = once
        self.active = True


class Listeners(Generic[T]):
    """Callbacks by name.

    One that is removed while a call is under way is not called any more, one that is added then waits for the next
    call, and one that raises is handed to ``failed(name, error)`` while the others still run.
    """

    def __init__(self, failed: Callable[[str, Exception], None]) -> None:
        self._failed = failed
        self._by_name: dict[str, list[_Listener[T]]] = {}

    def add(self, name: str, callback: Callable[[T], object]) -> Undo:
        return self._add(name, _Listener(callback, once=False))

    def add_once(self, name: str, callback: Callable[[T], object]) -> Undo:
        return self._add(name, _Listener(callback, once=True))

    def remove(self, name: str, callback: Callable[[T], object]) -> None:
        """Remove the oldest registration of ``callback``; none is no error."""
        for listener in self._by_name.get(name, ()):
            if listener.callback == callback:
                self._drop(name, listener)
                return

    def call(self, name: str, value: T) -> bool:
        """Call everybody who listens to ``name``; ``False`` when there is nobody."""
        listeners = self._by_name.get(name)
        if not listeners:
            return False
        for listener in tuple(listeners):
            if listener.active:
                self._call_one(name, listener, value)
        return True

    def clear(self) -> None:
        for listeners in self._by_name.values():
            for listener in listeners:
                listener.active = False
        self._by_name.clear()

    def __len__(self) -> int:
        return sum(len(listeners) for listeners in self._by_name.values())

    def _add(self, name: str, listener: _Listener[T]) -> Undo:
        self._by_name.setdefault(name, []).append(listener)
        return lambda: self._drop(name, listener)

    def _drop(self, name: str, listener: _Listener[T]) -> None:
        listener.active = False
        listeners = self._by_name.get(name, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners:
            self._by_name.pop(name, None)

    def _call_one(self, name: str, listener: _Listener[T], value: T) -> None:
        if listener.once:
            self._drop(name, listener)
        try:
            listener.callback(value)
        except Exception as error:
            self._failed(name, error)
