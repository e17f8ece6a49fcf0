"""The connection as a pure machine: events and the time go in, effects come out.

``Protocol`` performs no I/O, starts no timer and knows no browser. ``transitions.py`` holds its table; the methods
below, named as in the table, carry the rows out. ``WebSocketManager`` feeds it and carries out its effects.
"""

from typing import Final

from pilito import closecodes, wire
from pilito.closecodes import Verdict
from pilito.events import (
    Check,
    CheckHealth,
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
    RetryNow,
    SendProbe,
    SocketClosed,
    SocketOpened,
    State,
    Suspend,
    Timer,
    TimerFired,
    TokenDenied,
    TokenIssued,
    TokenUnavailable,
    Wake,
    WakeCause,
)
from pilito.exceptions import IllegalEventError
from pilito.machine import LIVE
from pilito.recovery import Recovery
from pilito.transitions import IGNORED, TRANSITIONS, Trigger

CLIENT_DISCONNECT: Final = "Client disconnect"
_LOOKED_AT: Final = frozenset({WakeCause.VISIBLE, WakeCause.FOCUS, WakeCause.PAGESHOW, WakeCause.RESUME})

TRIGGERS: Final[dict[type, Trigger]] = {
    Connect: Trigger.CONNECT,
    Disconnect: Trigger.DISCONNECT,
    RetryNow: Trigger.RETRY_NOW,
    Wake: Trigger.WAKE,
    Suspend: Trigger.SUSPEND,
    Check: Trigger.CHECK,
    TokenIssued: Trigger.TOKEN_ISSUED,
    TokenDenied: Trigger.TOKEN_DENIED,
    TokenUnavailable: Trigger.TOKEN_UNAVAILABLE,
    SocketOpened: Trigger.OPENED,
    FrameReceived: Trigger.FRAME,
    SocketClosed: Trigger.CLOSED,
    HealthChecked: Trigger.HEALTH,
}


class Protocol(Recovery):
    """One connection's machine. Feed it with :meth:`handle`; read ``state``, ``reason``, ``attempts``, ``slow``."""

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event at wall-clock time ``now`` and return the effects to carry out, in order.

        Raises ``IllegalEventError`` for a pair that the table rules out.
        """
        self._now, self._effects = now, []
        if isinstance(event, TimerFired):
            running = self._timers.get(event.timer)
            if running is None or running[0] != event.serial:
                return []
            del self._timers[event.timer]
            self._overslept = now - running[1] > self._policy.probe
            trigger = Trigger[event.timer.name]
        else:
            generation = getattr(event, "generation", None)
            if generation is not None and generation != self._current:
                return []
            trigger = TRIGGERS[type(event)]
        before = (self.state, self.reason, self.slow)
        self._note(event)
        self._apply(trigger, event)
        if (self.state, self.reason, self.slow) != before:
            detail = {"state": self.state, "reason": self.reason, "previous": before[0], "slow": self.slow}
            self._announce(LifecycleEvent.STATE_CHANGED, **detail)
        effects, self._effects = self._effects, []  # what is delivered may be large, and the next event far away
        return effects

    def only_delivers(self, generation: int, message: Message | None) -> bool:
        """Whether a frame right behind one that was handled, at the same moment, would be delivered and do no more."""
        return (
            message is not None and self.state is State.READY and generation == self._current and wire.is_plain(message)
        )

    def _apply(self, trigger: Trigger, event: Event) -> None:
        rule = TRANSITIONS.get((self.state, trigger))
        if rule is None:
            if (self.state, trigger) in IGNORED:
                return
            raise IllegalEventError(f"{trigger.value!r} cannot happen while {self.state.name}. Report this as a bug.")
        getattr(self, f"_{rule.handler}")(event)
        if self.state not in rule.to:
            raise IllegalEventError(f"{rule.handler!r} led to {self.state.name}, which its row rules out.")

    def _note(self, event: Event) -> None:
        """Look at the deadlines that a late timer may have missed, and at the browser's opinion of the network."""
        uptime = self._timers.get(Timer.UPTIME)
        if uptime and self._now >= uptime[1]:
            self._cancel(Timer.UPTIME)
            self._lasted(event)
        if isinstance(event, Check):
            self._offline_hint = True
        elif isinstance(event, Wake) and event.cause is WakeCause.ONLINE:
            self._offline_hint = False

    # --- attempts -----------------------------------------------------------------------------------------------------

    def _start(self, _: Event) -> None:
        self._announced_down = False
        self._kicked_at, self._barred = None, False
        self._refresh_due, self._refreshed_at = False, None
        self._fresh_budget()
        self._ask_for_token()

    def _retry_closed(self, event: Event) -> None:
        if self.reason in {Reason.FORBIDDEN, Reason.REFUSED}:
            self._start(event)

    def _retry_now(self, _: Event) -> None:
        self._fresh_budget()
        self._ask_for_token()

    def _retry(self, _: Event) -> None:
        self._ask_for_token()

    def _hope(self, _: Event) -> None:
        """The attempt under way, or the next one, may still fail of what was before: it must not be the last one."""
        self.attempts = 0

    def _dial(self, event: TokenIssued) -> None:
        if self._refresh_due:
            self._refresh_due, self._refreshed_at = False, self._now
        self._enter(State.CONNECTING, self.reason)
        self._start_timer(Timer.HANDSHAKE, self._policy.handshake)
        self._announced_down = False
        self._announce(LifecycleEvent.CONNECTING)
        self._effects.append(OpenSocket(event.generation, event.token))

    def _deny(self, _: Event) -> None:
        self._give_up(Reason.UNAUTHORIZED)
        self._announce(LifecycleEvent.AUTH_ERROR, message="The session has ended. Log in again.")

    def _no_token(self, event: TokenUnavailable) -> None:
        if event.reason in {Reason.THROTTLED, Reason.QUEUED, Reason.REFUSED}:
            asked = self._policy.throttled_delay if event.retry_after is None else event.retry_after
            self._wait(event.reason, self._asked_for(asked))  # no dial was made, so it is not counted as an attempt
        else:
            self._back_off(event.reason, event.retry_after)

    def _token_overdue(self, _: Event) -> None:
        self._back_off(Reason.LOST)

    # --- opening ------------------------------------------------------------------------------------------------------

    def _opened(self, _: Event) -> None:
        self._enter(State.OPEN, self.reason)
        self.never_opened = 0
        self._silent_since = None
        self._start_timer(Timer.HANDSHAKE, self._policy.handshake)

    def _never_opened(self, event: SocketClosed) -> None:
        self._dial_failed(event.code, event.reason)

    def _dial_overdue(self, _: Event) -> None:
        self._abandon("Handshake timeout")
        self._dial_failed(closecodes.ABNORMAL, "handshake timeout")

    def _dial_failed(self, code: int, reason: str) -> None:
        self.never_opened += 1
        self._down(code, reason)
        self._back_off(Reason.LOST)

    def _silence_overdue(self, _: Event) -> None:
        if self._silent_since is None:
            self._silent_since = self._now - self._policy.handshake
            self._start_timer(Timer.HANDSHAKE, max(self._policy.stalled_handshake - self._policy.handshake, 0))
            self._effects.append(CheckHealth(self.generation))
        else:
            self._link_dead(Reason.LOST, "handshake timeout")

    def _check_open(self, _: Event) -> None:
        self._effects.append(CheckHealth(self.generation))

    def _open_health(self, event: HealthChecked) -> None:
        if not event.alive:
            self._link_dead(Reason.OFFLINE, "no answer over HTTP either")
        elif self._silent_since is not None:
            self.slow = True

    def _first_frame(self, event: FrameReceived) -> None:
        message = self._readable(event)
        if message is None or self._control(message):
            return
        self._enter(State.READY, Reason.NONE)
        self._offline_hint = False  # a frame came: the browser's opinion was wrong
        self._start_timer(Timer.UPTIME, self._policy.uptime)
        self._heard()
        greeting = wire.control(message) is wire.Control.ESTABLISHED
        self._announce(LifecycleEvent.CONNECTED, hello=message if greeting else None)
        self._deliver(message)

    # --- connected ----------------------------------------------------------------------------------------------------

    def _frame(self, event: FrameReceived) -> None:
        self._heard()
        message = self._readable(event)
        if message is not None and not self._control(message):
            self._deliver(message)

    def _deliver(self, message: Message) -> None:
        if not wire.is_probe_answer(message):
            self._effects.append(Deliver(message))

    def _readable(self, event: FrameReceived) -> Message | None:
        if event.message is None:
            self._announce(LifecycleEvent.ERROR, message=event.problem)
        return event.message

    def _heard(self) -> None:
        """The server spoke: the silence begins anew. IDLE is left running and looks at the clock when it fires."""
        self._last_frame = self._now
        self._silent_since, self._asked_again, self.slow = None, False, False
        self._cancel(Timer.PROBE)
        if Timer.IDLE not in self._timers:
            self._start_timer(Timer.IDLE, self._policy.idle)

    def _control(self, message: Message) -> bool:
        """Carry out a frame that ends the connection; ``False`` for every other one."""
        match wire.control(message):
            case wire.Control.AUTH_ERROR:
                self._ended(Verdict.AUTH, 4001, "authentication_error")
            case wire.Control.DENIED:
                self._ended(Verdict.FORBIDDEN, 4003, "access_denied")
            case wire.Control.REPLACED:
                self._ended(Verdict.REPLACED, closecodes.NORMAL, "duplicate_connection")
            case _:
                return False
        return True

    def _lasted(self, _: Event) -> None:
        self.attempts = 0
        self._announce(LifecycleEvent.STABLE)

    def _idle(self, _: Event) -> None:
        silent = max(self._now - self._last_frame, 0)  # a clock set back must not stretch the silence
        if silent < self._policy.idle:
            self._start_timer(Timer.IDLE, self._policy.idle - silent)
        elif Timer.PROBE not in self._timers:
            self._probe(self._policy.wake_probe if self._overslept else self._policy.probe)

    def _wake_ready(self, event: Event) -> None:
        self._hope(event)
        if abs(self._now - self._last_frame) > self._policy.wake_probe:
            self._check_ready(event)

    def _check_ready(self, _: Event) -> None:
        running = self._timers.get(Timer.PROBE)
        if running is None or running[1] > self._now + self._policy.wake_probe:
            self._probe(self._policy.wake_probe)

    def _probe(self, patience: float) -> None:
        if self._silent_since is None:
            self._silent_since = self._now
        self._start_timer(Timer.PROBE, patience)
        self._effects.append(SendProbe())

    def _probe_overdue(self, _: Event) -> None:
        """Ask over HTTP: a stalled worker answers there. Asking also lets frames pass that wait behind a timer."""
        if self._overslept and not self._asked_again:
            self._asked_again, self._silent_since = True, None
            self._probe(self._policy.wake_probe)
            return
        left = self._policy.stall - (self._now - (self._silent_since or self._now))
        if left <= 0:
            self._link_dead(Reason.LOST, "no answer to a probe")
            return
        self._start_timer(Timer.PROBE, left)
        self._effects.append(CheckHealth(self.generation))

    def _ready_health(self, event: HealthChecked) -> None:
        if self._silent_since is None:
            return  # a frame came while HTTP was asked
        if event.alive:
            self.slow = True
        else:
            self._link_dead(Reason.OFFLINE, "no answer to a probe, nor over HTTP")

    # --- asked to stop, or to wait ------------------------------------------------------------------------------------

    def _stop(self, _: Event) -> None:
        if self.state in LIVE:
            self._abandon(CLIENT_DISCONNECT)
        self._give_up(Reason.REQUESTED)
        self._down(closecodes.NORMAL, CLIENT_DISCONNECT)

    def _suspend(self, event: Suspend) -> None:
        if self.state in LIVE:
            self._abandon("Page suspended")
        self._enter(State.SUSPENDED, Reason.FROZEN)
        self._down(closecodes.NORMAL, f"page suspended: {event.cause.value}")

    def _note_offline(self, _: Event) -> None:
        if self.reason is Reason.LOST:
            self.reason = Reason.OFFLINE

    def _wake_waiting(self, event: Wake) -> None:
        """What the server asked for is kept to. Among the tabs, the one that is looked at goes first."""
        self._hope(event)
        out_of_turn = self.reason is Reason.QUEUED and event.cause not in _LOOKED_AT
        if self.reason not in {Reason.THROTTLED, Reason.REFUSED} and not out_of_turn:
            self._ask_for_token()

    def _wake_suspended(self, event: Wake) -> None:
        looked_at = event.cause in _LOOKED_AT
        if self.reason is Reason.REPLACED and (self._barred or not looked_at):
            return
        if self.reason is Reason.FROZEN and not looked_at:
            return
        self._retry_now(event)
