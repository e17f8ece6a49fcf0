"""Breadth first, to closure, and what was seen on the way."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

from pilito.events import State
from pilito.policy import Policy
from pilito.transitions import IGNORED, TRANSITIONS, Trigger

from exhaustive import properties
from exhaustive.edges import Edge, Tick, follow, possible, trigger_of
from exhaustive.node import START, Node

_SHORT: Final = Policy(
    max_attempts=1,
    first_delay=1,
    longest_delay=1,
    jitter=0,
    throttled_delay=1,
    longest_retry_after=1,
    token=1,
    handshake=1,
    stalled_handshake=2,
    uptime=3,  # longer than the stall: a connection that dies before it is forgiven nothing
    idle=1,
    probe=1,
    wake_probe=1,
    stall=2,
    second_kick=1,
    second_refusal=1,
)
BOUNDS: Final = {
    "forgetful": replace(_SHORT, second_kick=0, second_refusal=0),  # every kick and every refusal is the first
    "short": _SHORT,
    "long": Policy(
        max_attempts=2,
        first_delay=1,
        longest_delay=2,
        jitter=0,
        throttled_delay=2,
        longest_retry_after=2,
        token=1,
        handshake=1,
        stalled_handshake=2,
        uptime=2,
        idle=2,
        probe=2,
        wake_probe=1,
        stall=3,
        second_kick=2,
        second_refusal=2,
    ),
}
"""Policies of small numbers, in units of time, in the order of the real one's where nothing is said."""


@dataclass(slots=True)
class Report:
    """What the search saw."""

    states: int = 0
    edges: int = 0
    depth: int = 0
    reached: set[tuple[State, Trigger, State]] = field(default_factory=set)
    ignored: set[tuple[State, Trigger]] = field(default_factory=set)

    def add(self, other: "Report") -> None:
        """Count another search in."""
        self.states += other.states
        self.edges += other.edges
        self.depth = max(self.depth, other.depth)
        self.reached |= other.reached
        self.ignored |= other.ignored

    def missed(self) -> list[str]:
        """The rows, targets and listed no-ops that nothing led to."""
        rows = {(*pair, target) for pair, rule in TRANSITIONS.items() for target in rule.to}
        lost = [f"{state.name}, {trigger.value} -> {to.name}" for state, trigger, to in rows - self.reached]
        return sorted(lost + [f"{state.name}, {what.value} (ignored)" for state, what in IGNORED.keys() - self.ignored])


def search(policy: Policy) -> Report:
    """Follow every event from every node until nothing is new. Raises ``PropertyError`` where a property fails."""
    report = Report(states=1)
    seen: dict[Node, int] = {START: 0}
    queue = deque([START])
    while queue:
        node = queue.popleft()
        for event in possible(node):
            edge = follow(node, event, policy)
            report.edges += 1
            _count(report, edge)
            properties.check_edge(edge)
            if edge.after not in seen:
                properties.check_node(edge.after, policy)
                report.depth = seen[edge.after] = seen[node] + 1
                queue.append(edge.after)
    report.states = len(seen)
    properties.check_ends(seen, policy)
    return report


def _count(report: Report, edge: Edge) -> None:
    if isinstance(edge.event, Tick):
        return
    pair = (edge.before.state, trigger_of(edge.event))
    if pair in IGNORED:
        report.ignored.add(pair)
    else:
        report.reached.add((*pair, edge.after.state))
