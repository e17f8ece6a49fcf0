"""The machine's behaviour on its own clock: connecting, closing, suspended, and what is said."""

import weakref
from itertools import pairwise
from typing import Any

import pytest
from pilito.events import (
    Announce,
    CheckHealth,
    CloseSocket,
    Deliver,
    FrameReceived,
    LifecycleEvent,
    OpenSocket,
    Reason,
    State,
    SuspendCause,
    Timer,
    WakeCause,
)
from pilito.policy import Policy

from tests.pilito.machine import Machine, exhaust, machine_in

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


class Frame(dict[str, Any]):
    """A frame of which one can tell whether it is still held."""


def test_what_is_delivered_is_let_go() -> None:
    """A frame that was handed over is the listener's alone: the machine does not keep it until the next event."""
    machine = Machine().ready()
    frame = Frame(type="conversations_list")
    held = weakref.ref(frame)
    effects = machine.protocol.handle(FrameReceived(machine.generation, frame), machine.now)
    assert Deliver(frame) in effects
    del frame, effects
    assert held() is None


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


@pytest.mark.parametrize("state", [State.AUTHENTICATING, State.CONNECTING, State.OPEN])
def test_a_wake_during_the_last_attempt_makes_it_not_the_last(state: State) -> None:
    """An attempt that was under way when the network came back may fail of what was before: more follow."""
    machine = machine_in(State.WAITING, Policy(max_attempts=1)).advance(3)
    if state is not State.AUTHENTICATING:
        machine.token()
    if state is State.OPEN:
        machine.opened()
    assert (machine.state, machine.protocol.attempts) == (state, 1)
    machine.wake().advance(120)
    assert machine.announced(LifecycleEvent.RECONNECTING)[1:]


@pytest.mark.parametrize("state", [State.WAITING, State.READY])
@pytest.mark.parametrize("cause", WakeCause)
def test_after_a_wake_the_whole_budget_is_left(state: State, cause: WakeCause) -> None:
    """What fails right after a wake, of what was before or of the server's allowance, is not the last attempt."""
    machine = machine_in(State.WAITING, Policy(max_attempts=1))
    if state is State.READY:
        machine.advance(3).token().opened().frame()
    assert (machine.state, machine.protocol.attempts) == (state, 1)
    machine.wake(cause)
    if state is State.WAITING:
        machine.token()
    machine.closed()
    assert (machine.state, machine.protocol.attempts) == (State.WAITING, 1)


def test_a_wake_that_may_not_dial_gives_a_fresh_budget_too() -> None:
    """A wait that the server has asked for goes on, and the dial after it is not the last."""
    machine = machine_in(State.READY, Policy(max_attempts=1)).closed(1013)
    assert (machine.state, machine.reason, machine.protocol.attempts) == (State.WAITING, Reason.THROTTLED, 1)
    assert machine.wake().state is State.WAITING
    machine.advance(80).token().closed()
    assert (machine.state, machine.protocol.attempts) == (State.WAITING, 1)
