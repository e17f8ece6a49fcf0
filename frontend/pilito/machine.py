"""What a connection's machine remembers, and the one place for each change of it.

``Recovery`` and ``Protocol`` build on it: first what follows the end of an attempt, then the rows of the table.
"""

from typing import Final

from pilito import closecodes
from pilito.events import (
    Announce,
    CancelTimer,
    CloseSocket,
    Effect,
    LifecycleEvent,
    Reason,
    StartTimer,
    State,
    Timer,
)
from pilito.policy import Policy
from pilito.ports import Random

LIVE: Final = frozenset({State.CONNECTING, State.OPEN, State.READY})
"""The states that have a socket."""


class Machine:
    """State, deadlines and effects. It decides nothing."""

    def __init__(self, policy: Policy, random: Random) -> None:
        self.state = State.CLOSED
        self.reason = Reason.REQUESTED
        self.attempts = 0  # dials since the last connection that lasted, not counting the first
        self.generation = 0  # attempts ever begun
        self.next_retry_at: float | None = None  # wall clock
        self.slow = False  # silent on the socket while HTTP is well
        self._policy = policy
        self._random = random
        self._effects: list[Effect] = []
        self._now = 0.0
        self._current: int | None = None  # the generation that may still speak; none between attempts
        self._timers: dict[Timer, tuple[int, float]] = {}  # serial and deadline of what is running
        self._serial = 0
        self._announced_down = False  # `disconnected` has been said since the last `connecting`
        self.never_opened = 0  # dials in a row that closed or timed out before they opened
        self._offline_hint = False  # the browser's own opinion
        self._last_frame = 0.0
        self._silent_since: float | None = None  # when an unanswered question was put
        self._overslept = False  # the timer that fires is far too late: the machine slept, or the tab's timers did
        self._asked_again = False  # a late PROBE has put its question once more
        self._kicked_at: float | None = None
        self._barred = False  # kicked twice: only the user dials
        self._refresh_due = False  # the server refused the token; the next one must be another
        self._refreshed_at: float | None = None

    def _enter(self, state: State, reason: Reason) -> None:
        for timer in list(self._timers):
            self._cancel(timer)
        self.state, self.reason = state, reason
        self.slow = False
        self.next_retry_at = None
        if state not in LIVE and state is not State.AUTHENTICATING:
            self._current = None

    def _abandon(self, reason: str) -> None:
        self._current = None
        self._effects.append(CloseSocket(closecodes.NORMAL, reason))

    def _down(self, code: int, reason: str) -> None:
        if not self._announced_down:
            self._announced_down = True
            self._announce(LifecycleEvent.DISCONNECTED, code=code, reason=reason)

    def _announce(self, event: LifecycleEvent, **detail: object) -> None:
        self._effects.append(Announce(event, detail))

    def _start_timer(self, timer: Timer, delay: float) -> None:
        self._serial += 1
        self._timers[timer] = (self._serial, self._now + delay)
        self._effects.append(StartTimer(timer, delay, self._serial))

    def _cancel(self, timer: Timer) -> None:
        if self._timers.pop(timer, None):
            self._effects.append(CancelTimer(timer))
