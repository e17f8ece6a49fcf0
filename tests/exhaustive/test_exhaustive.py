"""The machine in every order of events, and a search that notices when one of them breaks it."""

from pathlib import Path
from typing import Any

import pytest
from pilito.events import CloseSocket, Reason, State
from pilito.exceptions import IllegalEventError
from pilito.policy import Policy
from pilito.protocol import Protocol
from pilito.transitions import IGNORED, TRANSITIONS, Trigger

from exhaustive.diagram import mermaid
from exhaustive.node import REMEMBERED
from exhaustive.properties import PropertyError
from exhaustive.search import BOUNDS, Report, search
from tests.pilito.machine import Middle

BOUND = BOUNDS["forgetful"]


def test_every_order_of_events_keeps_the_properties() -> None:
    """The search ends, meets no undecided pair and no broken property, and reaches every row, target and no-op."""
    report = search(BOUND)
    assert report.missed() == []
    assert report.states > 5_000
    assert report.edges > 100_000


def test_a_node_holds_everything_that_the_machine_remembers() -> None:
    """No attribute of the machine is unknown to the search."""
    assert set(vars(Protocol(Policy(), Middle()))) == REMEMBERED


def leaves_the_socket(self: Any, reason: str) -> None:
    self._current = None


def keeps_the_timers(self: Any, state: State, reason: Reason) -> None:
    self.state, self.reason, self.slow, self.next_retry_at = state, reason, False, None
    self._current = None if state in (State.CLOSED, State.SUSPENDED, State.WAITING) else self._current


def waits_for_ever(self: Any, _: object) -> None:
    self._effects.append(CloseSocket(1000, "overdue"))
    self._current = None


@pytest.mark.parametrize(
    ("method", "broken"),
    [("_abandon", leaves_the_socket), ("_enter", keeps_the_timers), ("_dial_overdue", waits_for_ever)],
)
def test_a_broken_machine_is_noticed(monkeypatch: pytest.MonkeyPatch, method: str, broken: Any) -> None:
    """A machine that leaves a socket open, a timer running or a dial unanswered does not pass."""
    monkeypatch.setattr(Protocol, method, broken)
    with pytest.raises((PropertyError, IllegalEventError)):
        search(BOUND)


def test_what_nothing_reaches_is_named() -> None:
    """A report that lacks one target of the table and one no-op names both."""
    report = Report(ignored=set(IGNORED) - {(State.READY, Trigger.CONNECT)})
    report.reached = {(*pair, to) for pair, rule in TRANSITIONS.items() for to in rule.to}
    report.reached.remove((State.READY, Trigger.PROBE, State.WAITING))
    assert report.missed() == ["READY, PROBE fires -> WAITING", "READY, connect (ignored)"]


def test_the_document_shows_this_diagram() -> None:
    """docs/design.md holds the diagram as the code has it now."""
    document = Path(__file__).parents[2] / "docs" / "design.md"
    assert mermaid() in document.read_text(encoding="utf-8"), "run `python -m tools.state_table`"
