"""``WebSocketManager``: one endpoint's connection, carried out.

Browser events come in through :meth:`socket_opened` and its like, calls of the application through ``connect`` and its
like. All of them become events for the pure ``Protocol``; its effects become calls of the ports. Nothing else decides.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from typing import Protocol as Interface

from pilito import closecodes, wire
from pilito.connection_log import ConnectionLog
from pilito.events import (
    Announce,
    CancelTimer,
    Check,
    CheckHealth,
    CloseSocket,
    Connect,
    Deliver,
    Disconnect,
    Effect,
    Event,
    FrameReceived,
    HealthChecked,
    LifecycleEvent,
    Message,
    OpenSocket,
    Reason,
    RequestToken,
    RetryNow,
    SendProbe,
    SocketClosed,
    SocketOpened,
    StartTimer,
    State,
    Suspend,
    SuspendCause,
    Timer,
    TimerFired,
    TokenDenied,
    TokenIssued,
    TokenUnavailable,
    Wake,
    WakeCause,
)
from pilito.exceptions import IllegalEventError
from pilito.listeners import Listeners
from pilito.policy import Policy
from pilito.ports import (
    Connector,
    Console,
    Denied,
    Issued,
    Random,
    Scheduler,
    TimerHandle,
    TokenSource,
    Unavailable,
    Undo,
)
from pilito.protocol import Protocol

Detail = dict[str, Any]


class Dial(Interface):
    """How to open a socket with a token: see ``carriers.py``."""

    @property
    def url(self) -> str: ...
    @property
    def protocols(self) -> Sequence[str]: ...
    @property
    def first_frame(self) -> str | None: ...


class Carrier(Interface):
    """Puts a token on its way to the server, and knows how to show a URL without it."""

    def dial(self, url: str, token: str) -> Dial: ...

    def redact(self, url: str) -> str: ...


class WebSocketManager:
    """One connection to one endpoint, for as long as somebody wants it.

    Lifecycle events (``on``) and server frames (``on_message``) are separate name spaces: a server frame whose type is
    ``error`` never looks like a lifecycle event. Lifecycle listeners get a dict of the event's values:

    ==========================  ==========================================================
    ``connecting``              (nothing)
    ``connected``               ``hello``: the server's greeting or ``None``
    ``disconnected``            ``code``, ``reason``
    ``reconnecting``            ``attempt``, ``delay`` in seconds
    ``auth_error``              ``message``
    ``max_reconnect_reached``   ``attempts``
    ``error``                   ``message``
    ``stable``                  (nothing): connected long enough to forgive earlier failures
    ``behind``                  ``behind``: whether frames arrive faster than they are handled
    ``state_changed``           ``state``, ``reason``, ``previous``, ``slow``
    ==========================  ==========================================================

    A listener that raises is logged and announced as ``error``; the others still run.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        url: str,
        connector: Connector,
        tokens: TokenSource,
        scheduler: Scheduler,
        random: Random,
        console: Console,
        carrier: Carrier,
        policy: Policy | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._url = url
        self._connector = connector
        self._tokens = tokens
        self._scheduler = scheduler
        self._console = console
        self._carrier = carrier
        self._protocol = Protocol(policy or Policy(), random)
        self._log = ConnectionLog(console, endpoint)
        self._lifecycle: Listeners[Detail] = Listeners(self._listener_failed)
        self._messages: Listeners[Message] = Listeners(self._listener_failed)
        self._inbox: deque[Event] = deque()
        self._busy = False
        self._handled = 0  # events that went through the machine
        self._now = 0.0  # when the last of them did
        self._behind = False
        self._timers: dict[Timer, TimerHandle] = {}
        self._work: dict[str, TimerHandle] = {}
        self._dialed: Dial | None = None
        self._token = ""  # of the newest dial: what the server means when it refuses one
        self._warned = False
        self._releasing = False
        self._carry_out: dict[type, Callable[[Any], None]] = {
            RequestToken: self._request_token,
            OpenSocket: self._open_socket,
            CloseSocket: self._close_socket,
            SendProbe: self._send_probe,
            CheckHealth: self._check_health,
            StartTimer: self._start_timer,
            CancelTimer: self._cancel_timer,
            Announce: self._announce,
            Deliver: lambda effect: self._deliver(effect.message),
        }

    # --- what the application reads -----------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        return self._protocol.state

    @property
    def reason(self) -> Reason:
        """Why the connection is not up; ``NONE`` when it is."""
        return self._protocol.reason

    @property
    def attempts(self) -> int:
        """Attempts since the last connection that lasted, not counting the first dial."""
        return self._protocol.attempts

    @property
    def generation(self) -> int:
        """How many attempts were ever begun."""
        return self._protocol.generation

    @property
    def next_retry_at(self) -> float | None:
        """When the next attempt is due, in seconds since the epoch; ``None`` when no timer will dial."""
        return self._protocol.next_retry_at

    @property
    def slow(self) -> bool:
        """Whether the socket is silent although the server answers over HTTP."""
        return self._protocol.slow

    @property
    def behind(self) -> bool:
        """Whether frames arrive faster than they are handled. None of them is lost."""
        return self._behind

    # --- what the application does ------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Ask for a connection. While there is one, or one is on its way, nothing happens, and that is said once."""
        if self.state not in {State.CLOSED, State.SUSPENDED} and not self._warned:
            self._warned = True
            self._console.log("info", f"Already {self.state.value}: {self.endpoint}")
        self._feed(Connect())

    def disconnect(self) -> None:
        """End the connection or the attempts at it, at once. Nothing dials before the next ``connect``."""
        self._feed(Disconnect())

    def retry_now(self) -> None:
        """Dial now with a fresh budget of attempts: for "Retry now" and "Use here"."""
        self._feed(RetryNow())

    def wake(self, cause: WakeCause) -> None:
        """Say that a dial may succeed now."""
        self._feed(Wake(cause))

    def suspend(self, cause: SuspendCause) -> None:
        """Say that the browser is about to stop this page."""
        self._feed(Suspend(cause))

    def check(self) -> None:
        """Say that the browser believes to be offline."""
        self._feed(Check())

    def send(self, message: Message) -> bool:
        """Send a message. ``True`` when it went out, ``False`` when it did not: not ready, or the socket is closing.

        Raises ``EncodeError`` for a message that the wire cannot carry; nothing was sent then.
        """
        text = wire.encode(message)
        return self.state is State.READY and self._connector.send(text)

    def on(self, event: LifecycleEvent | str, callback: Callable[[Detail], object]) -> Undo:
        """Listen to a lifecycle event. Returns what undoes it. Raises ``ValueError`` for an unknown event."""
        return self._lifecycle.add(LifecycleEvent(event), callback)

    def once(self, event: LifecycleEvent | str, callback: Callable[[Detail], object]) -> Undo:
        """Listen to the next such event only."""
        return self._lifecycle.add_once(LifecycleEvent(event), callback)

    def off(self, event: LifecycleEvent | str, callback: Callable[[Detail], object]) -> None:
        """Stop listening; an unknown callback is no error."""
        self._lifecycle.remove(LifecycleEvent(event), callback)

    def on_message(self, message_type: str, callback: Callable[[Message], object]) -> Undo:
        """Listen to server frames of a type; ``""`` stands for frames without one."""
        return self._messages.add(message_type, callback)

    def release(self) -> None:
        """Disconnect and give everything back. The manager is not used again. A listener may call this too."""
        self._lifecycle.clear()
        self._messages.clear()
        self.disconnect()
        self._releasing = True
        if not self._busy:
            self._finish()

    def _finish(self) -> None:
        for handle in [*self._timers.values(), *self._work.values()]:
            handle.cancel()
        self._timers.clear()
        self._work.clear()
        self._connector.release()

    # --- what the browser says (SocketSink) ---------------------------------------------------------------------------

    def socket_opened(self, generation: int) -> None:
        if generation != self.generation or self._dialed is None:
            return
        self._console.log("info", f"WebSocket connected: {self._carrier.redact(self._dialed.url)}")
        if self._dialed.first_frame is not None:
            self._connector.send(self._dialed.first_frame)
        self._feed(SocketOpened(generation))

    def socket_frames(self, generation: int, frames: Sequence[str | None]) -> None:
        """The first goes through the machine. Those behind it are only delivered, until something else happens."""
        handled = -1
        for data in frames:
            message, problem = wire.read(data)
            if handled == self._handled and not self._busy and self._protocol.only_delivers(generation, message):
                self._run(message)
            else:
                self._feed(FrameReceived(generation, message, problem))
                handled = self._handled

    def socket_behind(self, generation: int, behind: bool) -> None:
        if generation == self.generation and behind is not self._behind:
            self._behind = behind
            self._announce(Announce(LifecycleEvent.BEHIND, {"behind": behind}))

    def socket_closed(self, generation: int, code: int, reason: str) -> None:
        self._feed(SocketClosed(generation, code, reason))

    # --- events in, effects out ---------------------------------------------------------------------------------------

    def _feed(self, event: Event) -> None:
        """Handle an event now, or after the one being handled: a listener may call back into the manager."""
        if self._releasing:
            return
        self._inbox.append(event)
        if not self._busy:
            self._run(None)

    def _run(self, message: Message | None) -> None:
        """Deliver ``message``, if there is one, then handle what has come in, and what comes in meanwhile."""
        self._busy = True
        try:
            if message is not None:
                self._deliver(message)
            while self._inbox:
                self._handle(self._inbox.popleft())
        finally:
            self._busy = False
            if self._releasing:
                self._finish()

    def _handle(self, event: Event) -> None:
        try:
            self._handled, self._now = self._handled + 1, self._scheduler.now()
            effects = self._protocol.handle(event, self._now)
        except IllegalEventError as error:
            self._report(str(error))
            return
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        self._carry_out[type(effect)](effect)

    def _request_token(self, effect: RequestToken) -> None:
        refused = self._token if effect.refresh else None
        self._spawn("token", self._fetch_token(effect, refused, self._protocol.never_opened))

    async def _fetch_token(self, effect: RequestToken, refused: str | None, failures: int) -> None:
        answer = await self._tokens.token(self.endpoint, verify=effect.verify, refused=refused, failures=failures)
        match answer:
            case Issued(token, verified):
                self._feed(TokenIssued(effect.generation, token, verified))
            case Denied():
                self._feed(TokenDenied(effect.generation))
            case Unavailable(reason, retry_after):
                self._feed(TokenUnavailable(effect.generation, reason, retry_after))

    def _check_health(self, effect: CheckHealth) -> None:
        self._spawn("health", self._ask_health(effect.generation))

    async def _ask_health(self, generation: int) -> None:
        self._feed(HealthChecked(generation, await self._tokens.healthy()))

    def _spawn(self, name: str, work: Any) -> None:
        earlier = self._work.pop(name, None)
        if earlier:
            earlier.cancel()
        self._work[name] = self._scheduler.spawn(work, name=f"{name} for {self.endpoint}")

    def _open_socket(self, effect: OpenSocket) -> None:
        self.socket_behind(effect.generation, False)
        self._token = effect.token
        self._dialed = self._carrier.dial(self._url, effect.token)
        self._console.log("info", f"Connecting to WebSocket: {self._carrier.redact(self._dialed.url)}")
        self._connector.open(effect.generation, self._dialed.url, self._dialed.protocols, self)

    def _close_socket(self, effect: CloseSocket) -> None:
        self._connector.abandon(effect.code, closecodes.fit_reason(effect.reason))

    def _send_probe(self, _: SendProbe) -> None:
        self._connector.send(wire.PROBE)

    def _start_timer(self, effect: StartTimer) -> None:
        self._cancel_timer(CancelTimer(effect.timer))
        fired = TimerFired(effect.timer, effect.serial)
        self._timers[effect.timer] = self._scheduler.call_later(effect.delay, lambda: self._feed(fired))

    def _cancel_timer(self, effect: CancelTimer) -> None:
        handle = self._timers.pop(effect.timer, None)
        if handle:
            handle.cancel()

    def _announce(self, effect: Announce) -> None:
        self._log.happened(effect.event, effect.detail)
        if effect.event is LifecycleEvent.STATE_CHANGED and effect.detail["state"] is State.CLOSED:
            self._warned = False
        self._lifecycle.call(effect.event, effect.detail)

    def _deliver(self, message: Message) -> None:
        message_type = wire.message_type(message)
        if message_type == wire.Control.ESTABLISHED:
            self._console.log("info", f"Connection established confirmed: {message.get('message', '')}")
        elif not message_type:
            self._console.log("warn", f"A frame without a type arrived on {self.endpoint}")
        else:
            self._log.received(message_type, self._now)
        self._messages.call(message_type, message)

    def _report(self, message: str) -> None:
        self._announce(Announce(LifecycleEvent.ERROR, {"message": message}))

    def _listener_failed(self, event: str, error: Exception) -> None:
        message = f"A listener for {event!r} raised {type(error).__name__}: {error}"
        if event == LifecycleEvent.ERROR:
            self._console.log("error", f"{self.endpoint}: {message}")
        else:
            self._report(message)
