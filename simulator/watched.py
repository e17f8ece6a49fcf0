"""The real manager, watched by somebody who knows the rules of the guide and nothing of the machine."""

from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from pilito.events import LifecycleEvent, Reason, State
from pilito.manager import Detail, WebSocketManager

from simulator.ports import SimTimer

if TYPE_CHECKING:
    from simulator.tab import Tab

ATTEMPTS: Final = 5
FIRST, LONGEST, JITTER, UPTIME = 2.0, 30.0, 0.2, 10.0  # seconds, but for the jitter
FOR_GOOD: Final = frozenset({1002, 1003, 1007, 1008, 1009, 1010, 3003, 4003, 4400, 4403})  # nothing dials after these
BY_ANOTHER: Final = frozenset({1000, 4409})  # only somebody who looks dials after these
LATER: Final = frozenset({1013, 4429})  # not before a minute has passed, or as long as was asked
NOT_COUNTED: Final = frozenset({Reason.THROTTLED, Reason.REFUSED})  # waits without a dial before them


class WatchedManager(WebSocketManager):
    """Complains when its attempts come too soon, too often, or after an end."""

    def __init__(self, tab: "Tab", endpoint: str, **rest: Any) -> None:
        super().__init__(endpoint, **rest)
        self.tab = tab
        self.since = tab.clock.now  # in its state
        self.stopped = True  # by the application, or by a final verdict; until somebody wishes
        self.finals: list[str] = []  # announced since the last wish
        self._failures = 0  # in a row, since a connection has lasted or somebody gave a reason to dial
        self._ready_at: float | None = None
        self._verdict = ""  # why nothing may dial just now
        self._not_before = 0.0
        self.on(LifecycleEvent.STATE_CHANGED, self._moved)
        self.on(LifecycleEvent.RECONNECTING, self._backs_off)
        for event in (LifecycleEvent.AUTH_ERROR, LifecycleEvent.MAX_RECONNECT_REACHED):
            self.on(event, partial(self._ended, event))

    @property
    def running_timers(self) -> list[str]:
        """The names of the timers that will fire; the manager also keeps handles of those that have."""
        return [timer.name for timer, handle in self._timers.items() if cast(SimTimer, handle).running]

    # --- what is wished ---

    def connect(self) -> None:
        self._wish()
        super().connect()

    def retry_now(self) -> None:
        self._wish()
        super().retry_now()

    def disconnect(self) -> None:
        self.stopped = True
        super().disconnect()

    def _wish(self) -> None:
        self.stopped = False
        self.finals.clear()
        self._verdict, self._not_before = "", 0.0
        self.tab.wished()

    def encouraged(self, *, looked_at: bool) -> None:
        """Something gives a reason to dial; ``looked_at`` when it is somebody's eyes."""
        self._failures = 0
        if looked_at and self._verdict == "another took over":
            self._verdict = ""
        if self.state is State.SUSPENDED:
            self._not_before = 0.0

    # --- what happens ---

    def server_closed(self, code: int, reason: str) -> None:
        """The server has ended the socket with a code."""
        if code in FOR_GOOD:
            self._verdict = f"the server closed with {code}"
        elif code in BY_ANOTHER:
            self._verdict = "another took over"
        elif code in LATER:
            self._not_before = self.tab.clock.now + (20.0 if "20" in reason else 60.0)

    def dials(self) -> None:
        """A socket is about to be dialled: may it?"""
        if self.stopped:
            self.tab.fail(f"{self.endpoint} was dialled after its end")
        if self._verdict:
            self.tab.fail(f"{self.endpoint} was dialled although {self._verdict}")
        if self.tab.clock.now < self._not_before:
            self.tab.fail(f"{self.endpoint} was dialled sooner than the server had asked for")

    def _moved(self, detail: Detail) -> None:
        self.tab.trace(f"{self.endpoint} {detail['previous']} -> {detail['state']} ({detail['reason']})")
        if detail["state"] is not detail["previous"]:
            self.since = self.tab.clock.now
            self._ready_at = self.tab.clock.now if detail["state"] is State.READY else None
        if detail["state"] is State.CLOSED:
            self.stopped = True
        if detail["state"] is State.CONNECTING:
            self.finals.clear()

    def _backs_off(self, detail: Detail) -> None:
        if self.reason in NOT_COUNTED:
            return
        if self._ready_at is not None and self.tab.clock.now - self._ready_at >= UPTIME:
            self._failures = 0
        self._failures += 1
        wait = min(FIRST * 2 ** (self._failures - 1), LONGEST)
        if self._failures > ATTEMPTS:
            self.tab.fail(f"{self.endpoint} tries a {self._failures}th time")
        if detail["delay"] < wait * (1 - JITTER) - 1e-6:
            self.tab.fail(f"{self.endpoint} waits {detail['delay']:.1f} s after {self._failures} failures")
        if self.reason is Reason.OFFLINE and detail["delay"] > LONGEST * (1 + JITTER) + 1e-6:
            self.tab.fail(f"{self.endpoint} waits for {detail['delay']:.1f} s although nobody has asked for it")

    def _ended(self, event: LifecycleEvent, _: Detail) -> None:
        if event in self.finals:
            self.tab.fail(f"{event} was announced twice on {self.endpoint}")
        self.finals.append(event)
