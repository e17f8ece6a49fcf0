"""The life of the page, told to every connection in it, and hope passed on from tab to tab."""

from collections.abc import Mapping
from typing import Final

from pilito.events import SuspendCause, WakeCause
from pilito.ports import Channel, PageLife, PageSignal, Undo
from pilito.registry import Registry

_WAKES: Final = {
    PageSignal.VISIBLE: WakeCause.VISIBLE,
    PageSignal.FOCUS: WakeCause.FOCUS,
    PageSignal.ONLINE: WakeCause.ONLINE,
    PageSignal.PAGESHOW: WakeCause.PAGESHOW,
    PageSignal.RESUME: WakeCause.RESUME,
}
_SUSPENDS: Final = {PageSignal.PAGEHIDE: SuspendCause.PAGEHIDE, PageSignal.FREEZE: SuspendCause.FREEZE}
_STABLE: Final = "connection-stable"


class Lifecycle:
    """Turns what the browser says about the page into events for every manager. Hidden alone changes nothing."""

    def __init__(self, life: PageLife, registry: Registry, channel: Channel) -> None:
        self._registry = registry
        self._channel = channel
        self._undo: list[Undo] = [
            life.subscribe(self._signal),
            registry.on_stable(self._tell_siblings),
            channel.subscribe(self._told_by_sibling),
        ]

    def release(self) -> None:
        """Stop listening."""
        while self._undo:
            self._undo.pop()()

    def _signal(self, signal: PageSignal) -> None:
        if signal in _WAKES:
            self._registry.wake(_WAKES[signal])
        elif signal in _SUSPENDS:
            self._registry.suspend(_SUSPENDS[signal])
        elif signal is PageSignal.OFFLINE:
            self._registry.check()

    def _tell_siblings(self, endpoint: str) -> None:
        self._channel.post({"kind": _STABLE, "endpoint": endpoint})

    def _told_by_sibling(self, message: Mapping[str, object]) -> None:
        if message.get("kind") == _STABLE:
            self._registry.wake(WakeCause.SIBLING)
