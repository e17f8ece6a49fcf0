"""The real manager, watched by somebody who knows the rules of the guide and nothing of the machine."""

from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from pilito.events import Announce, LifecycleEvent, Message, Reason, State, Timer, WakeCause
from pilito.manager import Detail, WebSocketManager

from simulator.ports import SimTimer

if TYPE_CHECKING:
    from simulator.tab import Tab

ATTEMPTS: Final = 5
FIRST, LONGEST, JITTER, UPTIME = 2.0, 30.0, 0.2, 10.0  # seconds, but for the jitter
LONGEST_ASKED: Final = 600.0  # a server that asks for more is not believed
HTTP_ASKS: Final = 10.0  # what an error over HTTP, or its Retry-After, asks for at most
SECOND_KICK: Final = 300.0
FOR_GOOD: Final = frozenset({1002, 1003, 1007, 1008, 1009, 1010, 3003, 4003, 4400, 4403})  # nothing dials after these
BY_ANOTHER: Final = frozenset({1000, 4409})  # only somebody who looks dials after these
LATER: Final = frozenset({1013, 4429})  # not before a minute has passed, or as long as was asked
OF_THE_TOKEN: Final = frozenset({3000, 4001, 4401})  # a new one is dialled with at once
NOT_COUNTED: Final = frozenset({Reason.THROTTLED, Reason.QUEUED, Reason.REFUSED})  # waits without a dial before them
TRYING: Final = frozenset({State.AUTHENTICATING, State.CONNECTING, State.OPEN})
SLIGHTLY: Final = 1e-6


class WatchedManager(WebSocketManager):
    """Complains when its attempts come too soon, too late, too often, or after an end, and when it tells no truth."""

    def __init__(self, tab: "Tab", endpoint: str, **rest: Any) -> None:
        super().__init__(endpoint, **rest)
        self.tab = tab
        self.since = tab.clock.now  # in its state
        self.stopped = True  # by the application, or by a final verdict; until somebody wishes
        self._final: set[LifecycleEvent] = set()  # announced since the last wish
        self._failures = 0  # in a row, since a connection has lasted or anything gave a reason to dial
        self._unforgiven = 0  # the same, where nothing has happened that makes the budget of attempts fresh
        self._ready_at: float | None = None
        self._down = False  # ``disconnected`` was announced, and no attempt since
        self._verdict = ""  # why nothing may dial just now
        self._ended_for_good = False  # by the server, since the last dial
        self._kicked: tuple[int, float] | None = None  # in which attempt, and when
        self._not_before, self._asked = 0.0, 0.0
        self._told_later = False
        self._said: LifecycleEvent | None = None
        self._heard: LifecycleEvent | None = None
        self.once(LifecycleEvent.STATE_CHANGED, _goes_and_raises)  # while the others are being called
        for event in LifecycleEvent:
            self.on(event, partial(self._hear, event))

    @property
    def running_timers(self) -> list[str]:
        """The names of the timers that will fire; the manager also keeps handles of those that have."""
        return [timer.name for timer, handle in self._timers.items() if cast(SimTimer, handle).running]

    @property
    def dials_at(self) -> float | None:
        """When the timer fires that dials; ``None`` when it does not run."""
        timer = cast(SimTimer | None, self._timers.get(Timer.RETRY))
        return timer.due if timer and timer.running else None

    @property
    def asked_to_wait(self) -> bool:
        """Whether the server, when it closed, has asked for more time than has passed."""
        return self.tab.clock.now < self._not_before + JITTER * LONGEST_ASKED

    # --- what is wished ---

    def connect(self) -> None:
        asked = self._not_before if self.state is State.WAITING else 0.0
        self._wish()
        self._not_before = asked  # a timer will dial, and no sooner
        if self.state in {State.CLOSED, State.SUSPENDED}:
            self._unforgiven = 0
        super().connect()

    def retry_now(self) -> None:
        self._wish()
        if self.state not in TRYING:
            self._unforgiven = 0
        super().retry_now()

    def disconnect(self) -> None:
        self.stopped = True
        super().disconnect()

    def wake(self, cause: WakeCause) -> None:
        self._unforgiven = 0
        super().wake(cause)

    def send(self, message: Message) -> bool:
        before, state = self.tab.frames_sent, self.state
        sent = super().send(message)
        if sent != (self.tab.frames_sent > before) or (sent and state is not State.READY):
            self.tab.fail(f"send() said {sent} on {self.endpoint}, which was {state}")
        return sent

    def _wish(self) -> None:
        self.stopped, self._down = False, False
        self._final.clear()
        self._verdict, self._not_before, self._kicked = "", 0.0, None
        self.tab.wished()

    def encouraged(self, *, looked_at: bool) -> None:
        """Something gives a reason to dial; ``looked_at`` when it is somebody's eyes."""
        self._failures = 0
        if looked_at and self._verdict == "another took over":
            self._verdict = ""
        if self.state is State.SUSPENDED or self.reason is not Reason.THROTTLED:
            self._not_before = 0.0

    # --- what happens ---

    def server_closed(self, code: int, reason: str) -> None:
        """The server has ended the socket with a code."""
        now, asked = self.tab.clock.now, _asked(reason)
        if code in FOR_GOOD:
            self._verdict, self._ended_for_good = f"the server closed with {code}", True
        elif code in BY_ANOTHER:
            again = self._kicked and self._kicked[0] != self.generation and now - self._kicked[1] < SECOND_KICK
            self._verdict = "another took over again" if again else "another took over"
            if self._kicked is None or self._kicked[0] != self.generation:
                self._kicked = (self.generation, now)
        elif code not in OF_THE_TOKEN:
            self._asked = asked or (60.0 if code in LATER else 0.0)
            self._not_before = now + self._asked
            self._told_later = code in LATER

    def dials(self) -> None:
        """A socket is about to be dialled: may it?"""
        if self.stopped:
            self.tab.fail(f"{self.endpoint} was dialled after its end")
        if self._verdict:
            self.tab.fail(f"{self.endpoint} was dialled although {self._verdict}")
        if self.tab.clock.now < self._not_before:
            self.tab.fail(f"{self.endpoint} was dialled sooner than the server had asked for")
        self._ended_for_good = False

    def _announce(self, effect: Announce) -> None:
        """What is said is judged first, then heard by everybody; a frame of the server's never sounds like it."""
        self._judge(effect.event, effect.detail)
        before, self._said, self._heard = self._said, effect.event, None
        super()._announce(effect)
        if len(self._lifecycle) and self._heard is not effect.event:
            self.tab.fail(f"nobody heard {effect.event} on {self.endpoint}")
        self._said = before

    def _hear(self, event: LifecycleEvent, _: Detail) -> None:
        if event is not self._said:
            self.tab.fail(f"{event} was heard on {self.endpoint}, and nothing like it has happened")
        self._heard = event

    def _judge(self, event: LifecycleEvent, detail: Detail) -> None:
        match event:
            case LifecycleEvent.STATE_CHANGED:
                self._moved(detail)
            case LifecycleEvent.CONNECTING:
                self._down = False
                self._final.clear()
            case LifecycleEvent.DISCONNECTED:
                if self._down:
                    self.tab.fail(f"{event} was announced twice on {self.endpoint}")
                self._down = True
            case LifecycleEvent.RECONNECTING:
                self._backs_off(detail)
            case LifecycleEvent.AUTH_ERROR | LifecycleEvent.MAX_RECONNECT_REACHED:
                self._ends(event)
            case LifecycleEvent.ERROR if "Report this as a bug" in detail["message"]:
                self.tab.fail(f"{self.endpoint}: {detail['message']}")

    def _moved(self, detail: Detail) -> None:
        self.tab.trace(f"{self.endpoint} {detail['previous']} -> {detail['state']} ({detail['reason']})")
        if detail["state"] is State.AUTHENTICATING:
            self._forgive_after_uptime()
            if detail["previous"] is State.SUSPENDED:
                self._final.clear()
        if detail["state"] is not detail["previous"]:
            self.since = self.tab.clock.now
            self._ready_at = self.tab.clock.now if detail["state"] is State.READY else None
        if detail["state"] is State.CLOSED:
            self.stopped = True
            if detail["reason"] in (Reason.FORBIDDEN, Reason.REFUSED) and not self._ended_for_good:
                self.tab.fail(f"{self.endpoint} is {detail['reason']}, which nobody has said")

    def _backs_off(self, detail: Detail) -> None:
        """The delays double from 2 s to 30 s, within 20 %, five times; who asks for more gets it, within reason."""
        if self.reason in NOT_COUNTED:
            self._forgive_after_uptime()
            self._unforgiven += self._told_later
            self._told_later = False
            return
        self._count_a_failure()
        delay = detail["delay"]
        soonest, latest = _nominal(self._failures), _nominal(self._unforgiven)
        if self._failures > ATTEMPTS:
            self.tab.fail(f"{self.endpoint} tries a {self._failures}th time")
        if delay < soonest * (1 - JITTER) - SLIGHTLY:
            self.tab.fail(f"{self.endpoint} waits {delay:.1f} s after {self._failures} failures")
        asked = max(self._asked, HTTP_ASKS if self.reason is Reason.SERVER else 0.0)
        if delay > max(latest, asked) * (1 + JITTER) + SLIGHTLY:
            self.tab.fail(f"{self.endpoint} waits {delay:.1f} s after {self._unforgiven} failures")
        if delay in (soonest, latest, asked):
            self.tab.fail(f"{self.endpoint} waits {delay} s, as every other client does")
        self._asked = 0.0

    def _forgive_after_uptime(self) -> None:
        if self._ready_at is not None and self.tab.clock.now - self._ready_at >= UPTIME:
            self._failures = self._unforgiven = 0

    def _count_a_failure(self) -> None:
        self._forgive_after_uptime()
        self._failures += 1
        self._unforgiven += 1

    def _ends(self, event: LifecycleEvent) -> None:
        if event in self._final:
            self.tab.fail(f"{event} was announced twice on {self.endpoint}")
        self._final.add(event)
        if event is LifecycleEvent.MAX_RECONNECT_REACHED:
            self._count_a_failure()
            if self._unforgiven <= ATTEMPTS:
                self.tab.fail(f"{self.endpoint} gives up after {self._unforgiven} failures")


def _goes_and_raises(_: Detail) -> None:
    raise ValueError("a listener of somebody else's is broken")


def _nominal(failures: int) -> float:
    return float(min(FIRST * 2 ** (max(failures, 1) - 1), LONGEST))


def _asked(reason: str) -> float:
    """The seconds that a close reason of the plan's asks for."""
    seconds = reason.partition("=")[2]
    return min(float(seconds), LONGEST_ASKED) if seconds else 0.0
