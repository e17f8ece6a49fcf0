"""The machine's behaviour, on its own clock."""

import random
from itertools import pairwise

import pytest
from pilito.events import (
    Announce,
    Check,
    CheckHealth,
    CloseSocket,
    LifecycleEvent,
    OpenSocket,
    Reason,
    SendProbe,
    State,
    SuspendCause,
    Timer,
    WakeCause,
)
from pilito.policy import Policy

from tests.pilito.machine import Machine, machine_in

SCHEDULE = [2, 4, 8, 16, 30]


def fail_to_open(machine: Machine) -> None:
    """One attempt whose dial is refused, with the server saying over HTTP that the token is good."""
    if machine.state is State.AUTHENTICATING:
        machine.token().closed()


def exhaust(machine: Machine, failures: int) -> None:
    for _ in range(failures):
        if machine.state is State.WAITING:
            machine.advance(machine.protocol.next_retry_at - machine.now)  # type: ignore[operator]
        fail_to_open(machine)


# --- connecting ---


def test_connecting_twice_dials_once() -> None:
    """connect() while connecting, open or ready opens nothing more."""
    machine = Machine().connect().connect().token().connect().opened().connect().frame().connect()
    assert machine.dials() == 1
    assert machine.state is State.READY


def test_open_is_not_connected() -> None:
    """An open socket is announced as connected only after the server's first valid frame."""
    machine = Machine().open()
    assert not machine.announced(LifecycleEvent.CONNECTED)
    machine.garbage()
    assert machine.state is State.OPEN
    machine.frame()
    assert machine.state is State.READY
    assert machine.announced(LifecycleEvent.CONNECTED) == [
        {"hello": {"type": "connection_established", "message": "welcome"}}
    ]


def test_a_backend_without_a_greeting_is_connected_by_its_first_frame() -> None:
    """Where no greeting exists the first data frame confirms, and is delivered too."""
    machine = Machine().open().frame({"type": "conversations_list"})
    assert machine.announced(LifecycleEvent.CONNECTED) == [{"hello": None}]
    assert machine.delivered() == [{"type": "conversations_list"}]


def test_a_dial_that_hangs_counts_once() -> None:
    """A dial that never opens is abandoned after ten seconds and is one failure."""
    machine = Machine().connecting().advance(9.9)
    assert machine.state is State.CONNECTING
    machine.advance(0.2)
    assert machine.state is State.WAITING
    assert machine.protocol.attempts == 1
    assert machine.abandoned() == [CloseSocket(1000, "Handshake timeout")]
    machine.closed()
    assert machine.protocol.attempts == 1


def test_a_dial_that_fails_at_once_does_not_also_time_out() -> None:
    """After a refused dial the handshake timer is gone."""
    machine = Machine().connecting().closed()
    assert Timer.HANDSHAKE not in machine.timers
    assert machine.protocol.attempts == 1


def test_a_missing_greeting_times_out_when_http_is_dead_too() -> None:
    """An open and silent socket is abandoned as soon as HTTP does not answer either."""
    machine = Machine().open().advance(10)
    assert machine.of(CheckHealth)
    machine.health(False)
    assert (machine.state, machine.reason) == (State.WAITING, Reason.OFFLINE)
    assert machine.abandoned()


def test_a_missing_greeting_is_waited_for_when_http_is_well() -> None:
    """A stalled worker gets thirty seconds in all for its first frame, and the page says slow."""
    machine = Machine().open().advance(10).health(True)
    assert machine.protocol.slow
    machine.advance(19.9)
    assert machine.state is State.OPEN
    machine.advance(0.2)
    assert machine.state is State.WAITING
    assert not machine.protocol.slow


def test_a_token_that_never_comes_is_a_failure() -> None:
    """A token request without an answer ends after its time and backs off."""
    machine = Machine().authenticating().advance(20)
    assert machine.state is State.WAITING


# --- reconnecting ---


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


# --- closing and tokens ---


@pytest.mark.parametrize("code", [1008, 3003, 4003, 4403])
def test_forbidden_is_final(code: int) -> None:
    """A forbidden close is announced once and retried never."""
    assert_final(code, Reason.FORBIDDEN)


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1009, 1010, 4400])
def test_refused_is_final(code: int) -> None:
    """A refused close is announced once and retried never."""
    assert_final(code, Reason.REFUSED)


def assert_final(code: int, reason: Reason) -> None:
    machine = Machine().ready().advance(20).closed(code)
    assert (machine.state, machine.reason) == (State.CLOSED, reason)
    machine.advance(1000).wake()
    assert machine.dials() == 1
    assert len(machine.announced(LifecycleEvent.DISCONNECTED)) == 1


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 3001, 4000, 4429, 4999])
def test_everything_else_is_retried(code: int) -> None:
    """Known trouble and unknown codes alike are retried."""
    assert Machine().ready().closed(code).state is State.WAITING


@pytest.mark.parametrize("code", [4001, 4401, 3000])
def test_a_refused_token_is_refreshed_once(code: int) -> None:
    """An auth close asks for one new token; refused again, it is over, and said once."""
    machine = Machine().ready().closed(code)
    assert machine.requests()[-1].refresh
    machine.token().opened().closed(code)
    assert (machine.state, machine.reason) == (State.CLOSED, Reason.UNAUTHORIZED)
    assert len(machine.announced(LifecycleEvent.AUTH_ERROR)) == 1
    machine.advance(1000).wake()
    assert machine.dials() == 2


def test_frame_and_close_are_one_authentication_error() -> None:
    """authentication_error followed by 4001 leads to one refresh and one announcement."""
    machine = Machine().open()
    old = machine.generation
    machine.frame({"type": "authentication_error"})
    from pilito.events import SocketClosed

    assert machine.feed(SocketClosed(old, 4001)) == []
    machine.denied()
    assert len(machine.announced(LifecycleEvent.AUTH_ERROR)) == 1
    assert len(machine.announced(LifecycleEvent.DISCONNECTED)) == 1
    assert not machine.announced(LifecycleEvent.CONNECTED)
    assert sum(request.refresh for request in machine.requests()) == 1


def test_a_refresh_that_cannot_be_made_now_is_still_due() -> None:
    """When the refresh fails for want of a network, the next request asks for it again instead of giving up."""
    machine = Machine().ready().closed(4001).unavailable(Reason.OFFLINE).advance(2.5)
    assert machine.requests()[-1].refresh
    assert machine.redial().state is State.READY


def test_no_token_no_socket() -> None:
    """Without a token nothing is dialled, and the app is told once."""
    machine = Machine().connect().denied()
    assert machine.dials() == 0
    assert machine.reason is Reason.UNAUTHORIZED
    assert len(machine.announced(LifecycleEvent.AUTH_ERROR)) == 1


def test_a_dial_that_never_opened_is_diagnosed() -> None:
    """After a close before open the next token request asks over HTTP why."""
    machine = Machine().connecting().closed().advance(2.5)
    assert machine.requests()[-1].verify
    assert machine.protocol.never_opened == 1
    machine.redial().closed().advance(5)
    assert not machine.requests()[-1].verify


def test_access_denied_is_final_before_its_close_arrives() -> None:
    """The access_denied frame ends it, whatever code the server then manages to send."""
    machine = Machine().open().frame({"type": "access_denied"})
    assert (machine.state, machine.reason) == (State.CLOSED, Reason.FORBIDDEN)


# --- replaced ---


def test_a_replaced_tab_does_not_fight() -> None:
    """After a close with 1000 that we did not ask for, no timer and no network event dials."""
    machine = Machine().ready().advance(60).closed(1000)
    assert (machine.state, machine.reason) == (State.SUSPENDED, Reason.REPLACED)
    machine.advance(10_000).wake(WakeCause.ONLINE).wake(WakeCause.SIBLING)
    assert machine.dials() == 1


def test_looking_at_it_dials_once_and_then_only_the_user() -> None:
    """The first kick is undone by focus, the second only by "Use here"."""
    machine = Machine().suspended().wake(WakeCause.FOCUS)
    assert machine.state is State.AUTHENTICATING
    machine.redial().closed(1000)
    machine.wake(WakeCause.FOCUS).wake(WakeCause.VISIBLE)
    assert machine.state is State.SUSPENDED
    assert machine.retry_now().state is State.AUTHENTICATING


def test_a_duplicate_notice_replaces_before_its_close() -> None:
    """The connection_closed frame of the chat is a takeover; another reason in it is an ordinary frame."""
    notice = {"type": "connection_closed", "reason": "duplicate_connection"}
    assert Machine().ready().frame(notice).reason is Reason.REPLACED
    assert Machine().ready().frame({"type": "connection_closed", "reason": "other"}).state is State.READY


# --- liveness ---


def test_silence_is_asked_about_and_then_declared_dead() -> None:
    """25 s of silence send a probe, 10 s more ask over HTTP, and no answer there ends it without a close event."""
    machine = Machine().ready().advance(24.9)
    assert not machine.of(SendProbe)
    machine.advance(0.2)
    assert len(machine.of(SendProbe)) == 1
    machine.advance(10)
    assert len(machine.of(CheckHealth)) == 1
    machine.health(False)
    assert (machine.state, machine.reason) == (State.WAITING, Reason.OFFLINE)


def test_a_stalled_server_is_kept_for_a_minute() -> None:
    """While HTTP answers, the socket is kept for 60 s of silence after the probe, and the page says slow."""
    machine = Machine().ready().advance(35).health(True)
    assert machine.protocol.slow
    machine.advance(49)
    assert machine.state is State.READY
    machine.advance(2)
    assert machine.state is State.WAITING


def test_a_frame_ends_the_stall() -> None:
    """Any frame, readable or not, proves life: no probe is outstanding and slow is gone."""
    for speak in (Machine.frame, Machine.garbage):
        machine = Machine().ready().advance(35).health(True)
        speak(machine)
        assert not machine.protocol.slow
        machine.forget().advance(24)
        assert machine.state is State.READY
        assert machine.effects == []
        machine.advance(1.5)
        assert len(machine.of(SendProbe)) == 1


def test_a_health_answer_after_a_frame_is_old_news() -> None:
    """When a frame comes while HTTP is being asked, the answer no longer matters."""
    machine = Machine().ready().advance(35).frame().health(False)
    assert machine.state is State.READY


def test_health_that_is_never_answered_does_not_keep_a_corpse() -> None:
    """Even with the HTTP question hanging, a silent socket ends a minute after the probe."""
    assert Machine().ready().advance(25 + 60.1).state is State.WAITING


def test_steady_frames_need_no_probe() -> None:
    """A frame every 20 s keeps the connection for an hour without one probe."""
    machine = Machine().ready()
    for _ in range(180):
        machine.advance(20).frame({"type": "chat_message"})
    assert not machine.of(SendProbe)
    assert machine.state is State.READY


def test_the_answer_to_the_probe_is_not_delivered() -> None:
    """The backend's complaint about the empty frame stays below the pages."""
    machine = Machine().ready().advance(25).forget().frame({"error": "Invalid JSON format"})
    assert machine.delivered() == []
    assert machine.state is State.READY


@pytest.mark.parametrize("state", [State.CLOSED, State.SUSPENDED, State.WAITING])
def test_no_probe_without_a_connection(state: State) -> None:
    """Once disconnected or lost, neither probe nor its time-out comes."""
    machine = machine_in(state).forget().advance(1.9)
    assert not machine.of(SendProbe)
    assert Timer.PROBE not in machine.timers


def test_a_late_timer_lets_queued_frames_pass() -> None:
    """On waking after an hour with an unanswered probe, the question is put once more before anything is given up."""
    machine = Machine().ready().advance(26).sleep(3600).advance(0)
    assert machine.state is State.READY
    assert len(machine.of(SendProbe)) == 2
    machine.frame().advance(20)
    assert machine.state is State.READY


def test_late_timers_do_not_keep_a_corpse() -> None:
    """In a hidden tab whose timers are always a minute late a dead link is still found."""
    machine = Machine().ready()
    for _ in range(12):
        machine.sleep(60).advance(0)
        if machine.state is not State.READY:
            break
    assert machine.state is State.WAITING


def test_a_wake_probes_only_after_silence() -> None:
    """A focus right after a frame asks nothing; after some seconds it asks, with three seconds to answer."""
    machine = Machine().ready().wake(WakeCause.FOCUS)
    assert not machine.of(SendProbe)
    machine.advance(5).wake(WakeCause.FOCUS)
    assert len(machine.of(SendProbe)) == 1
    machine.advance(3)
    assert machine.of(CheckHealth)


def test_offline_is_checked_and_not_believed() -> None:
    """The browser's "offline" puts a question; an answer keeps the connection."""
    machine = Machine().ready()
    machine.feed(Check())
    assert len(machine.of(SendProbe)) == 1
    machine.frame({"error": "Invalid JSON format"}).advance(20)
    assert machine.state is State.READY


def test_offline_names_the_reason_of_a_loss() -> None:
    """A link lost while the browser says offline is OFFLINE, also when the browser says so later."""
    machine = Machine().ready()
    machine.feed(Check())
    assert machine.closed().reason is Reason.OFFLINE
    machine = Machine().waiting()
    machine.feed(Check())
    assert machine.reason is Reason.OFFLINE


def test_a_clock_set_back_does_not_stretch_the_silence() -> None:
    """An hour subtracted from the wall clock delays the probe by one idle period at most."""
    machine = Machine().ready()
    machine.now -= 3600
    serial = machine.timers[Timer.IDLE][1]
    from pilito.events import TimerFired

    machine.feed(TimerFired(Timer.IDLE, serial))
    assert machine.timers[Timer.IDLE][0] <= machine.now + 25


# --- suspended ---


@pytest.mark.parametrize("cause", SuspendCause)
@pytest.mark.parametrize("state", [State.AUTHENTICATING, State.CONNECTING, State.OPEN, State.READY, State.WAITING])
def test_freezing_closes_and_waking_dials(state: State, cause: SuspendCause) -> None:
    """A page put away holds no socket and no timer; shown again, it dials once."""
    machine = machine_in(state).suspend(cause)
    assert (machine.state, machine.reason) == (State.SUSPENDED, Reason.FROZEN)
    assert not machine.timers
    dials = machine.dials()
    machine.advance(1000).wake(WakeCause.ONLINE)
    assert machine.state is State.SUSPENDED
    machine.wake(WakeCause.PAGESHOW).wake(WakeCause.VISIBLE).redial()
    assert machine.state is State.READY
    assert machine.dials() == dials + 1


# --- what is said ---


def test_each_attempt_is_announced_and_ended_once() -> None:
    """connecting and disconnected alternate, whatever happens."""
    machine = Machine().connect()
    exhaust(machine, 4)
    machine.advance(1000).retry_now().redial().closed(1012).advance(3).token().disconnect()
    heard = [
        e.event for e in machine.of(Announce) if e.event in {LifecycleEvent.CONNECTING, LifecycleEvent.DISCONNECTED}
    ]
    assert heard == [LifecycleEvent.CONNECTING, LifecycleEvent.DISCONNECTED] * (len(heard) // 2)


def test_every_change_of_state_is_announced() -> None:
    """state_changed carries the new state and the one before, without gaps."""
    machine = Machine().ready().closed().advance(2).redial().disconnect()
    chain = machine.announced(LifecycleEvent.STATE_CHANGED)
    for before, after in pairwise(chain):
        assert after["previous"] is before["state"]
    assert chain[-1]["state"] is State.CLOSED


def test_a_token_is_not_shown() -> None:
    """The repr of an effect or event that carries a token does not."""
    machine = Machine().connect()
    machine.feed(type(machine.of(OpenSocket)[0])(0, "x")) if machine.of(OpenSocket) else machine.token()
    assert "'T'" not in repr(machine.effects)


def test_the_budget_of_failures_is_kept_for_the_diagnosis() -> None:
    """RequestToken after a user's retry still asks why the last dial never opened."""
    machine = Machine().connecting().closed().retry_now()
    assert machine.requests()[-1].verify
