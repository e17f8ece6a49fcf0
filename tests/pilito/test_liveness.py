"""How the machine finds out that a link is dead, and what it takes for life."""

import pytest
from pilito.events import (
    Check,
    CheckHealth,
    Reason,
    SendProbe,
    State,
    Timer,
    WakeCause,
)

from tests.pilito.machine import Machine, machine_in


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
