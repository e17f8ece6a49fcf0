"""When the machine dials again, and when it does not."""

import random

import pytest
from pilito.events import (
    CloseSocket,
    LifecycleEvent,
    Reason,
    State,
    WakeCause,
)
from pilito.policy import Policy

from tests.pilito.machine import Machine, exhaust, machine_in

SCHEDULE = [2, 4, 8, 16, 30]


def test_an_abnormal_close_is_followed_by_the_schedule() -> None:
    """After a loss the dials come after 2, 4, 8, 16 and 30 s, then max_reconnect_reached once, then none."""
    machine = Machine().ready()
    delays = []
    for _ in range(6):
        machine.closed()
        if machine.state is State.WAITING:
            before = machine.now
            machine.advance(machine.protocol.next_retry_at - machine.now)  # type: ignore[operator]
            delays.append(round(machine.now - before))
            machine.redial()
    assert delays == SCHEDULE
    assert len(machine.announced(LifecycleEvent.MAX_RECONNECT_REACHED)) == 1
    dials = machine.dials()
    machine.advance(100_000)
    assert machine.dials() == dials == 6
    assert (machine.state, machine.reason) == (State.SUSPENDED, Reason.EXHAUSTED)


def test_the_announced_delay_is_the_one_kept() -> None:
    """reconnecting names the attempt and the seconds until it, and next_retry_at agrees."""
    machine = Machine(random=random.Random(7)).waiting()
    (detail,) = machine.announced(LifecycleEvent.RECONNECTING)
    assert detail["attempt"] == 1
    assert machine.protocol.next_retry_at == pytest.approx(machine.now + detail["delay"])
    machine.advance(detail["delay"] - 0.01)
    assert machine.state is State.WAITING
    machine.advance(0.02)
    assert machine.state is State.AUTHENTICATING


@pytest.mark.parametrize("cap", [0, 1, 3, 8])
def test_the_cap_is_exact_and_retry_now_renews_it(cap: int) -> None:
    """Cap N gives exactly N dials after the first, and "Retry now" N more after its own."""
    machine = Machine(Policy(max_attempts=cap)).connect()
    exhaust(machine, cap + 3)
    assert machine.dials() == cap + 1
    assert len(machine.announced(LifecycleEvent.MAX_RECONNECT_REACHED)) == 1
    machine.retry_now()
    exhaust(machine, cap + 3)
    assert machine.dials() == 2 * (cap + 1)
    assert len(machine.announced(LifecycleEvent.MAX_RECONNECT_REACHED)) == 2


def test_delays_keep_their_jitter_at_the_cap() -> None:
    """Eight failures with a larger cap grow to the cap, and the delays there still differ."""
    at_cap = set()
    for seed in range(20):
        machine = Machine(Policy(max_attempts=8), random.Random(seed)).connect()
        exhaust(machine, 9)
        delays = [detail["delay"] for detail in machine.announced(LifecycleEvent.RECONNECTING)]
        for nominal, delay in zip([2, 4, 8, 16, 30, 30, 30, 30], delays, strict=True):
            assert 0.8 * nominal <= delay <= 1.2 * nominal
        at_cap.add(round(delays[-1], 3))
    assert len(at_cap) > 10


def test_a_server_that_greets_and_hangs_up_meets_the_cap() -> None:
    """A greeting followed by a close after 10 ms, a thousand times over, is dialled six times in all."""
    machine = Machine().ready()
    for _ in range(1000):
        machine.advance(0.01)
        if machine.state is State.READY:
            machine.closed(1001)
        if machine.state is State.WAITING:
            machine.advance(machine.protocol.next_retry_at - machine.now).redial()  # type: ignore[operator]
    assert machine.dials() == 6
    assert machine.reason is Reason.EXHAUSTED


def test_only_a_connection_that_lasts_forgives() -> None:
    """A socket shorter than the minimum uptime keeps the counter, a longer one clears it."""
    machine = Machine().waiting().advance(2).redial().advance(9.9).closed()
    assert machine.protocol.attempts == 2
    machine.advance(4).redial().advance(10.1)
    assert machine.protocol.attempts == 0
    machine.closed()
    assert machine.protocol.attempts == 1


def test_uptime_is_looked_up_on_the_clock() -> None:
    """A hidden tab's late UPTIME timer does not keep a long connection from being forgiven."""
    machine = Machine().waiting().advance(2).redial().sleep(60).closed()
    assert machine.protocol.attempts == 1
    assert len(machine.announced(LifecycleEvent.STABLE)) == 1


@pytest.mark.parametrize("state", [State.WAITING, State.AUTHENTICATING, State.CONNECTING, State.OPEN, State.READY])
def test_disconnect_is_final_in_every_phase(state: State) -> None:
    """disconnect() during a delay, a token request, a dial, a handshake or after: nothing dials later."""
    machine = machine_in(state).disconnect()
    assert (machine.state, machine.reason) == (State.CLOSED, Reason.REQUESTED)
    dials = machine.dials()
    assert not machine.timers
    assert len(machine.announced(LifecycleEvent.DISCONNECTED)) == 1
    machine.advance(1000).wake().token().opened().frame().closed()
    assert machine.dials() == dials
    assert len(machine.announced(LifecycleEvent.DISCONNECTED)) == 1


def test_disconnect_closes_with_1000() -> None:
    """disconnect() closes an open socket with 1000 and the reason "Client disconnect"."""
    machine = Machine().ready().disconnect()
    assert machine.abandoned() == [CloseSocket(1000, "Client disconnect")]
    assert machine.announced(LifecycleEvent.DISCONNECTED) == [{"code": 1000, "reason": "Client disconnect"}]


def test_reconnecting_at_once_ignores_the_old_socket() -> None:
    """disconnect(); connect() leaves one new socket, and the old one's late close changes nothing."""
    machine = Machine().ready()
    old = machine.generation
    machine.disconnect().connect().redial()
    from pilito.events import SocketClosed

    assert machine.feed(SocketClosed(old, 1006)) == []
    assert machine.state is State.READY
    assert machine.dials() == 2


@pytest.mark.parametrize("cause", WakeCause)
def test_every_wake_ends_exhaustion(cause: WakeCause) -> None:
    """After max_reconnect_reached each kind of wake dials at once, with a fresh budget."""
    machine = Machine(Policy(max_attempts=1)).connect()
    exhaust(machine, 2)
    assert machine.reason is Reason.EXHAUSTED
    machine.wake(cause)
    assert machine.state is State.AUTHENTICATING
    assert machine.protocol.attempts == 0


def test_online_while_waiting_dials_now() -> None:
    """A wake during a delay does not wait for the rest of it."""
    assert Machine().waiting().wake().state is State.AUTHENTICATING


def test_online_after_disconnect_does_nothing() -> None:
    """A wake when the user has disconnected dials nothing."""
    assert Machine().ready().disconnect().wake().state is State.CLOSED


@pytest.mark.parametrize("reason", [Reason.THROTTLED, Reason.REFUSED])
def test_a_wake_does_not_hurry_a_throttled_connection(reason: Reason) -> None:
    """While the server's allowance is used up only the timer or the user dials."""
    machine = Machine().authenticating().unavailable(reason)
    assert machine.wake().state is State.WAITING
    assert machine.retry_now().state is State.AUTHENTICATING


@pytest.mark.parametrize("cause", WakeCause)
def test_among_the_tabs_the_one_that_is_looked_at_goes_first(cause: WakeCause) -> None:
    """A wait for the other tabs' dials ends when the user comes, for whom room is kept, and for no other wake."""
    machine = Machine().authenticating().unavailable(Reason.QUEUED, 40)
    machine.wake(cause)
    hurried = cause not in {WakeCause.ONLINE, WakeCause.SIBLING}
    assert (machine.state, machine.reason) == (State.AUTHENTICATING if hurried else State.WAITING, Reason.QUEUED)


def test_a_turn_among_the_tabs_costs_no_attempt() -> None:
    """Waiting for the other tabs uses up no attempt, and takes as long as the ledger says."""
    machine = Machine().authenticating().unavailable(Reason.QUEUED, 40)
    assert machine.protocol.attempts == 0
    assert 40 <= machine.protocol.next_retry_at - machine.now <= 48  # type: ignore[operator]


def test_throttling_waits_a_minute_and_costs_no_attempt() -> None:
    """A throttled answer slows down to a minute or what it asks for, without using up the attempts."""
    machine = Machine().authenticating().unavailable(Reason.THROTTLED)
    assert machine.protocol.next_retry_at >= machine.now + 60  # type: ignore[operator]
    assert machine.protocol.attempts == 0
    machine = Machine().authenticating().unavailable(Reason.THROTTLED, 7)
    assert 7 <= machine.protocol.next_retry_at - machine.now <= 8.4  # type: ignore[operator]


def test_a_server_that_says_when_is_obeyed_within_reason() -> None:
    """A close reason with a time to come back sets the delay, up to ten minutes."""
    machine = Machine().ready().closed(1013, "retry-after=90")
    assert 90 <= machine.protocol.next_retry_at - machine.now <= 108  # type: ignore[operator]
    machine = Machine().ready().closed(1012, "retry after 999999")
    assert machine.protocol.next_retry_at - machine.now <= 720  # type: ignore[operator]
