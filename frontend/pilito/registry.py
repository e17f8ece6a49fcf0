"""One manager per endpoint per tab. The first subscriber connects it, the last one out closes it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pilito.events import LifecycleEvent, Message, Reason, State, SuspendCause, WakeCause
from pilito.manager import Detail, WebSocketManager
from pilito.ports import Undo


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """One connection as the badge and the inspector show it. ``next_retry_at`` is in seconds since the epoch."""

    endpoint: str
    state: State
    reason: Reason
    attempts: int
    generation: int
    next_retry_at: float | None
    slow: bool
    behind: bool = False  # frames arrive faster than they are handled


@dataclass(slots=True)
class _Entry:
    manager: WebSocketManager
    subscribers: int = 0
    undo: list[Undo] = field(default_factory=list)


class Subscription:
    """One subscriber's share of a connection. Close it when done; its listeners go with it."""

    def __init__(self, registry: "Registry", manager: WebSocketManager) -> None:
        self._registry = registry
        self._manager: WebSocketManager | None = manager
        self._undo: list[Undo] = []
        self.endpoint = manager.endpoint

    @property
    def info(self) -> ConnectionInfo:
        """The connection as it is now; closed for good after :meth:`close`."""
        if self._manager is None:
            return ConnectionInfo(self.endpoint, State.CLOSED, Reason.REQUESTED, 0, 0, None, False)
        return describe(self._manager)

    @property
    def ready(self) -> bool:
        """Whether a message sent now would go out."""
        return self._manager is not None and self._manager.state is State.READY

    def send(self, message_type: str, /, **fields: object) -> bool:
        """Send ``{"type": message_type, **fields}``; ``True`` only when it went out. Raises ``EncodeError``."""
        return self._manager is not None and self._manager.send({"type": message_type, **fields})

    def on(self, message_type: str, callback: Callable[[Message], object]) -> Undo:
        """Listen to server frames of a type, ``""`` for those without one, until undone or closed."""
        return self._own(self._manager.on_message(message_type, callback)) if self._manager else _nothing

    def on_lifecycle(self, event: LifecycleEvent | str, callback: Callable[[Detail], object]) -> Undo:
        """Listen to an event of the connection, until undone or closed."""
        return self._own(self._manager.on(event, callback)) if self._manager else _nothing

    def connect(self) -> None:
        """Begin anew after an end that was final. Nothing happens to a connection that is there, or on its way."""
        if self._manager:
            self._manager.connect()

    def retry_now(self) -> None:
        """Dial now, with a fresh budget of attempts."""
        if self._manager:
            self._manager.retry_now()

    def close(self) -> None:
        """Leave. The connection closes with its last subscriber. A second call does nothing."""
        manager, self._manager = self._manager, None
        if manager is None:
            return
        while self._undo:
            self._undo.pop()()
        self._registry._leave(manager)

    def _own(self, undo: Undo) -> Undo:
        self._undo.append(undo)
        return undo


class Registry:
    """The connections of this tab, by endpoint path."""

    def __init__(self, make_manager: Callable[[str], WebSocketManager]) -> None:
        self._make_manager = make_manager
        self._entries: dict[str, _Entry] = {}
        self._watchers: list[Callable[[list[ConnectionInfo]], None]] = []
        self._stable: list[Callable[[str], None]] = []

    def subscribe(self, endpoint: str) -> Subscription:
        """Return a share of the endpoint's only connection, and connect it if it is not."""
        entry = self._entries.get(endpoint)
        if entry is None:
            entry = self._entries[endpoint] = self._make_entry(endpoint)
        entry.subscribers += 1
        subscription = Subscription(self, entry.manager)
        if entry.manager.state is State.CLOSED:
            entry.manager.connect()
        return subscription

    def connections(self) -> list[ConnectionInfo]:
        """Every connection in use, in the order in which they came into use."""
        return [describe(entry.manager) for entry in self._entries.values()]

    def on_change(self, callback: Callable[[list[ConnectionInfo]], None]) -> Undo:
        """Hear of every change of state, reason or number of connections."""
        self._watchers.append(callback)
        return lambda: _discard(self._watchers, callback)

    def on_stable(self, callback: Callable[[str], None]) -> Undo:
        """Hear of every connection that has lasted, by endpoint: a reason for other tabs to try again."""
        self._stable.append(callback)
        return lambda: _discard(self._stable, callback)

    def wake(self, cause: WakeCause) -> None:
        for manager in self._managers():
            manager.wake(cause)

    def suspend(self, cause: SuspendCause) -> None:
        for manager in self._managers():
            manager.suspend(cause)

    def check(self) -> None:
        for manager in self._managers():
            manager.check()

    def retry(self, endpoint: str) -> None:
        """Dial an endpoint now, because the user says so; one that is not in use is no error."""
        entry = self._entries.get(endpoint)
        if entry:
            entry.manager.retry_now()

    def disconnect_all(self) -> None:
        """Close every connection, at logout or when another user has logged in. Subscribers leave by themselves."""
        for manager in self._managers():
            manager.disconnect()

    def _managers(self) -> list[WebSocketManager]:
        return [entry.manager for entry in self._entries.values()]

    def _make_entry(self, endpoint: str) -> _Entry:
        manager = self._make_manager(endpoint)
        entry = _Entry(manager)
        entry.undo.append(manager.on(LifecycleEvent.STATE_CHANGED, lambda _: self._changed()))
        entry.undo.append(manager.on(LifecycleEvent.RECONNECTING, lambda _: self._changed()))
        entry.undo.append(manager.on(LifecycleEvent.BEHIND, lambda _: self._changed()))
        entry.undo.append(manager.on(LifecycleEvent.STABLE, lambda _: self._lasted(endpoint)))
        return entry

    def _leave(self, manager: WebSocketManager) -> None:
        entry = self._entries.get(manager.endpoint)
        if entry is None or entry.manager is not manager:
            return
        entry.subscribers -= 1
        if entry.subscribers == 0:
            del self._entries[manager.endpoint]
            for undo in entry.undo:
                undo()
            manager.release()
            self._changed()

    def _changed(self) -> None:
        connections = self.connections()
        for watcher in tuple(self._watchers):
            watcher(connections)

    def _lasted(self, endpoint: str) -> None:
        for callback in tuple(self._stable):
            callback(endpoint)


def describe(manager: WebSocketManager) -> ConnectionInfo:
    """Return what the badge and the inspector show of a manager."""
    return ConnectionInfo(
        manager.endpoint,
        manager.state,
        manager.reason,
        manager.attempts,
        manager.generation,
        manager.next_retry_at,
        manager.slow,
        manager.behind,
    )


def _discard(callbacks: list[Callable[..., None]], callback: Callable[..., None]) -> None:
    if callback in callbacks:
        callbacks.remove(callback)


def _nothing() -> None:
    """The undo of what was never done."""
