"""The table: complete, consistent, and what the documentation shows."""

import itertools
from pathlib import Path
from typing import cast

import pytest
from pilito.events import (
    EVENT_TYPES,
    Check,
    Connect,
    Disconnect,
    Event,
    FrameReceived,
    HealthChecked,
    Reason,
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
from pilito.exceptions import IllegalEventError
from pilito.protocol import Protocol
from pilito.transitions import IGNORED, TRANSITIONS, Trigger, markdown_table

from tests.pilito.machine import HELLO, Machine, machine_in

PAIRS = list(itertools.product(State, Trigger))


def event_for(trigger: Trigger, machine: Machine) -> Event | None:
    """An event of this kind that passes the rules above the table, or ``None`` where no such timer is running."""
    if trigger.name in Timer.__members__:
        timer = Timer[trigger.name]
        running = machine.timers.pop(timer, None)
        return TimerFired(timer, running[1]) if running else None
    generation = cast(int, machine.protocol._current)  # none between attempts, which is the point
    events: dict[Trigger, Event] = {
        Trigger.CONNECT: Connect(),
        Trigger.DISCONNECT: Disconnect(),
        Trigger.RETRY_NOW: RetryNow(),
        Trigger.WAKE: Wake(WakeCause.VISIBLE),
        Trigger.SUSPEND: Suspend(SuspendCause.PAGEHIDE),
        Trigger.CHECK: Check(),
        Trigger.TOKEN_ISSUED: TokenIssued(generation, "T"),
        Trigger.TOKEN_DENIED: TokenDenied(generation),
        Trigger.TOKEN_UNAVAILABLE: TokenUnavailable(generation, Reason.LOST),
        Trigger.OPENED: SocketOpened(generation),
        Trigger.FRAME: FrameReceived(generation, dict(HELLO)),
        Trigger.CLOSED: SocketClosed(generation, 1006),
        Trigger.HEALTH: HealthChecked(generation, True),
    }
    return events[trigger]


def test_no_pair_has_two_answers() -> None:
    """A pair of state and event either does something or is ignored, never both."""
    assert not TRANSITIONS.keys() & IGNORED.keys()


def test_every_handler_exists_and_none_is_orphaned() -> None:
    """Every row names a method of Protocol that exists."""
    for rule in TRANSITIONS.values():
        assert callable(getattr(Protocol, f"_{rule.handler}"))


@pytest.mark.parametrize(("state", "trigger"), PAIRS)
def test_every_pair_is_decided(state: State, trigger: Trigger) -> None:
    """Each of the pairs leads where its row says, is ignored without effect, or raises."""
    machine = machine_in(state)
    if trigger is Trigger.PROBE and state is State.READY:
        machine.sleep(5).wake()
    event = event_for(trigger, machine)
    if event is None:
        assert (state, trigger) not in TRANSITIONS
        assert (state, trigger) not in IGNORED
        return
    if (state, trigger) in TRANSITIONS:
        machine.feed(event)
        assert machine.state in TRANSITIONS[state, trigger].to
    elif (state, trigger) in IGNORED:
        assert machine.feed(event) == []
        assert machine.state is state
    else:
        with pytest.raises(IllegalEventError, match="bug"):
            machine.feed(event)


@pytest.mark.parametrize("state", State)
def test_an_old_generation_is_never_heard(state: State) -> None:
    """Whatever carries an earlier generation changes nothing in any state."""
    machine = machine_in(state)
    if state is State.CLOSED:
        machine.connect().disconnect()
    for make in (
        lambda g: TokenIssued(g, "T"),
        lambda g: TokenDenied(g),
        lambda g: TokenUnavailable(g, Reason.LOST),
        lambda g: SocketOpened(g),
        lambda g: FrameReceived(g, dict(HELLO)),
        lambda g: SocketClosed(g, 4001),
        lambda g: HealthChecked(g, False),
    ):
        before = machine.state
        assert machine.feed(make(machine.generation - 1)) == []
        assert machine.state is before


@pytest.mark.parametrize("state", State)
def test_a_replaced_timer_is_never_heard(state: State) -> None:
    """A timer with an old serial changes nothing in any state."""
    machine = machine_in(state)
    for timer in Timer:
        assert machine.feed(TimerFired(timer, 0)) == []


@pytest.mark.parametrize("state", State)
def test_entering_a_state_leaves_no_timer_of_another(state: State) -> None:
    """Only timers that the state's own rows name are running in it."""
    machine = machine_in(state)
    for timer in machine.timers:
        assert (state, Trigger[timer.name]) in TRANSITIONS


def test_all_event_types_are_known() -> None:
    """Every input type has a trigger, and the list of input types is complete."""
    named = {
        type(event_for(trigger, machine_in(State.READY)))
        for trigger in Trigger
        if trigger.name not in Timer.__members__
    }
    assert named | {TimerFired} == set(EVENT_TYPES)


def test_the_document_shows_this_table() -> None:
    """docs/design.md holds the table as the code has it now."""
    document = Path(__file__).parents[2] / "docs" / "design.md"
    assert markdown_table() in document.read_text(encoding="utf-8"), "run `python -m tools.state_table`"


def test_every_wait_is_bounded() -> None:
    """Every state that waits for somebody else has a timer running."""
    for state in (State.AUTHENTICATING, State.CONNECTING, State.OPEN, State.READY, State.WAITING):
        assert machine_in(state).of(StartTimer), state
        assert machine_in(state).timers, state
