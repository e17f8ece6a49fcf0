"""A driver for the pure protocol: says what happens, keeps the clock, and remembers what came out."""

from typing import Any

from pilito.events import (
    Announce,
    CloseSocket,
    Connect,
    Deliver,
    Disconnect,
    Effect,
    Event,
    FrameReceived,
    HealthChecked,
    LifecycleEvent,
    OpenSocket,
    Reason,
    RequestToken,
    RetryNow,
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
from pilito.policy import Policy
from pilito.protocol import Protocol

HELLO = {"type": "connection_established", "message": "welcome"}


class Middle:
    """A source of randomness without any: jitter vanishes."""

    def random(self) -> float:
        return 0.5


class Machine:
    """A protocol with a clock. Timers fire when :meth:`advance` reaches them, in order."""

    def __init__(self, policy: Policy | None = None, random: Any = None) -> None:
        self.now = 1_000_000.0
        self.protocol = Protocol(policy or Policy(), random or Middle())
        self.effects: list[Effect] = []
        self.timers: dict[Timer, tuple[float, int]] = {}
        self.dialed_at: list[float] = []

    # --- what happens ---

    def feed(self, event: Event) -> list[Effect]:
        effects = self.protocol.handle(event, self.now)
        for effect in effects:
            self._carry_out(effect)
        self.effects += effects
        return effects

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, StartTimer):
            self.timers[effect.timer] = (self.now + effect.delay, effect.serial)
        elif type(effect).__name__ == "CancelTimer":
            self.timers.pop(effect.timer, None)  # type: ignore[union-attr]
        elif isinstance(effect, OpenSocket):
            self.dialed_at.append(self.now)

    def advance(self, seconds: float) -> "Machine":
        """Let time pass; timers fire on the way."""
        end = self.now + seconds
        while self.timers:
            timer, (when, serial) = min(self.timers.items(), key=lambda item: item[1][0])
            if when > end + 1e-9:
                break
            del self.timers[timer]
            self.now = max(self.now, when)
            self.feed(TimerFired(timer, serial))
        self.now = end
        return self

    def sleep(self, seconds: float) -> "Machine":
        """Let time pass while no timer runs, as in a closed laptop."""
        self.now += seconds
        return self

    @property
    def generation(self) -> int:
        return self.protocol.generation

    def connect(self) -> "Machine":
        self.feed(Connect())
        return self

    def disconnect(self) -> "Machine":
        self.feed(Disconnect())
        return self

    def token(self) -> "Machine":
        self.feed(TokenIssued(self.generation, "T"))
        return self

    def denied(self) -> "Machine":
        self.feed(TokenDenied(self.generation))
        return self

    def unavailable(self, reason: Reason, retry_after: float | None = None) -> "Machine":
        self.feed(TokenUnavailable(self.generation, reason, retry_after))
        return self

    def opened(self) -> "Machine":
        self.feed(SocketOpened(self.generation))
        return self

    def frame(self, message: dict[str, Any] | None = None) -> "Machine":
        self.feed(FrameReceived(self.generation, HELLO if message is None else message))
        return self

    def garbage(self) -> "Machine":
        self.feed(FrameReceived(self.generation, None, "not JSON"))
        return self

    def closed(self, code: int = 1006, reason: str = "") -> "Machine":
        self.feed(SocketClosed(self.generation, code, reason))
        return self

    def health(self, alive: bool) -> "Machine":
        self.feed(HealthChecked(self.generation, alive))
        return self

    def wake(self, cause: WakeCause = WakeCause.ONLINE) -> "Machine":
        self.feed(Wake(cause))
        return self

    def suspend(self, cause: SuspendCause = SuspendCause.PAGEHIDE) -> "Machine":
        self.feed(Suspend(cause))
        return self

    def retry_now(self) -> "Machine":
        self.feed(RetryNow())
        return self

    # --- into a state, by the shortest way ---

    def authenticating(self) -> "Machine":
        return self.connect()

    def connecting(self) -> "Machine":
        return self.connect().token()

    def open(self) -> "Machine":
        return self.connecting().opened()

    def ready(self) -> "Machine":
        return self.open().frame()

    def waiting(self) -> "Machine":
        return self.ready().closed()

    def suspended(self) -> "Machine":
        return self.ready().closed(1000)

    def redial(self) -> "Machine":
        """Answer the token request of an attempt that has begun."""
        return self.token().opened().frame()

    # --- what came out ---

    @property
    def state(self) -> State:
        return self.protocol.state

    @property
    def reason(self) -> Reason:
        return self.protocol.reason

    def of(self, kind: type) -> list[Any]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def announced(self, event: LifecycleEvent) -> list[dict[str, Any]]:
        return [effect.detail for effect in self.of(Announce) if effect.event is event]

    def delivered(self) -> list[dict[str, Any]]:
        return [effect.message for effect in self.of(Deliver)]

    def dials(self) -> int:
        return len(self.of(OpenSocket))

    def abandoned(self) -> list[CloseSocket]:
        return self.of(CloseSocket)

    def requests(self) -> list[RequestToken]:
        return self.of(RequestToken)

    def forget(self) -> "Machine":
        self.effects = []
        return self


def machine_in(state: State, policy: Policy | None = None) -> Machine:
    """A machine brought into ``state`` the way a connection would get there."""
    machine = Machine(policy)
    if state is not State.CLOSED:
        getattr(machine, state.value)()
    assert machine.state is state
    return machine


def _fail_to_open(machine: Machine) -> None:
    """One attempt whose dial is refused, with the server saying over HTTP that the token is good."""
    if machine.state is State.AUTHENTICATING:
        machine.token().closed()


def exhaust(machine: Machine, failures: int) -> None:
    """Let so many attempts in a row be refused, each as soon as it is due."""
    for _ in range(failures):
        if machine.state is State.WAITING:
            machine.advance(machine.protocol.next_retry_at - machine.now)  # type: ignore[operator]
        _fail_to_open(machine)
