"""What holds on every edge of the search, and from every node of it."""

from collections.abc import Collection
from typing import Final

from pilito.events import (
    Connect,
    Deliver,
    Disconnect,
    FrameReceived,
    HealthChecked,
    LifecycleEvent,
    OpenSocket,
    Reason,
    RequestToken,
    RetryNow,
    SocketOpened,
    State,
    Suspend,
    Timer,
    TimerFired,
    TokenIssued,
    Wake,
    WakeCause,
)
from pilito.policy import Policy
from pilito.transitions import TRANSITIONS, Trigger

from exhaustive.edges import FRAMES, Edge, Tick, follow
from exhaustive.node import GENERATION, SERIALS, TIMERS, Node

SOCKET: Final = {State.CONNECTING: "dialling", State.OPEN: "open", State.READY: "open"}
AT_REST: Final = frozenset({State.CLOSED, State.SUSPENDED})
DEADLINES: Final[dict[State, set[Timer]]] = {
    State.AUTHENTICATING: {Timer.HANDSHAKE},
    State.CONNECTING: {Timer.HANDSHAKE},
    State.OPEN: {Timer.HANDSHAKE},
    State.READY: {Timer.IDLE, Timer.PROBE},
    State.WAITING: {Timer.RETRY},
}
"""One of these runs in each state that waits for somebody else."""
GLANCES: Final = frozenset({WakeCause.VISIBLE, WakeCause.FOCUS, WakeCause.PAGESHOW, WakeCause.RESUME})
LONGEST_STORY: Final = 40  # steps from any node to rest, or to a connection


class PropertyError(AssertionError):
    """A property that does not hold, with the edge or the node that shows it."""


def check_edge(edge: Edge) -> None:
    """Raise ``PropertyError`` unless every property of edges holds on this one."""
    if isinstance(edge.event, Tick):
        return
    for allowed in _ON_EDGES:
        if not allowed(edge):
            raise PropertyError(
                f"{allowed.__doc__} But:\n{edge.before}\n  {edge.event}\n{edge.after}\n  {edge.effects}"
            )


def check_node(node: Node, policy: Policy) -> None:
    """Raise ``PropertyError`` unless every property of nodes holds for this one."""
    for holds in _ALWAYS:
        if not holds(node, policy):
            raise PropertyError(f"{holds.__doc__} But:\n{node}")


def _socket_fits_state(node: Node, _: Policy) -> bool:
    """There is a socket in CONNECTING, OPEN and READY, and in no other state."""
    return node.socket == SOCKET.get(node.state, "")


def _rest_is_quiet(node: Node, _: Policy) -> bool:
    """No timer runs in CLOSED and SUSPENDED, and no late answer is listened to."""
    return node.state not in AT_REST or (not node.listening and not any(wait is not None for wait in node.timers))


def _every_wait_is_bounded(node: Node, _: Policy) -> bool:
    """A state that waits for somebody else has a deadline."""
    running = {timer for timer, wait in zip(TIMERS, node.timers, strict=True) if wait is not None}
    return node.state in AT_REST or bool(DEADLINES[node.state] & running)


def _timers_have_rows(node: Node, _: Policy) -> bool:
    """Only timers run whose firing is a row of the state."""
    waits = zip(TIMERS, node.timers, strict=True)
    return all((node.state, Trigger[timer.name]) in TRANSITIONS for timer, wait in waits if wait is not None)


def _budget_is_kept(node: Node, policy: Policy) -> bool:
    """Attempts never exceed the policy's."""
    return node.attempts <= policy.max_attempts


def _reason_is_told(node: Node, _: Policy) -> bool:
    """READY is the state without trouble, and only an open socket can be slow."""
    return (node.state is not State.READY or node.reason is Reason.NONE) and (
        not node.slow or node.state in (State.OPEN, State.READY)
    )


def _stopped_means_stopped(edge: Edge) -> bool:
    """CLOSED is left by the application or the user and by nothing else."""
    leaves = edge.before.state is State.CLOSED and edge.after.state is not State.CLOSED
    return not leaves or isinstance(edge.event, Connect | RetryNow)


def _disconnect_is_final(edge: Edge) -> bool:
    """``disconnect`` leads to CLOSED from everywhere, at once."""
    return not isinstance(edge.event, Disconnect) or edge.after.state is State.CLOSED


def _suspend_leaves_nothing(edge: Edge) -> bool:
    """Whatever is under way when the page is put away is given up."""
    return not isinstance(edge.event, Suspend) or edge.after.state in AT_REST


def _suspended_is_left_for_a_reason(edge: Edge) -> bool:
    """SUSPENDED is left by a wake or a wish; REPLACED and FROZEN only by the user's eyes, twice replaced by no wake."""
    if edge.before.state is not State.SUSPENDED or edge.after.state is State.SUSPENDED:
        return True
    if not isinstance(edge.event, Wake):
        return isinstance(edge.event, Connect | RetryNow | Disconnect)
    if edge.before.reason is Reason.REPLACED and edge.before.barred:
        return False
    return edge.before.reason not in (Reason.REPLACED, Reason.FROZEN) or edge.event.cause in GLANCES


def _patience_is_kept(edge: Edge) -> bool:
    """A wait that the server asked for is not cut short by a wake; one for the other tabs is by the user's eyes."""
    if edge.before.state is not State.WAITING or not isinstance(edge.event, Wake):
        return True
    asked = edge.before.reason in (Reason.THROTTLED, Reason.REFUSED)
    queued = edge.before.reason is Reason.QUEUED and edge.event.cause not in GLANCES
    return (edge.after.state is State.WAITING) == (asked or queued)


def _dials_with_a_token(edge: Edge) -> bool:
    """A socket is dialled when a token is issued, one at a time, and never else."""
    dials = sum(isinstance(effect, OpenSocket) for effect in edge.effects)
    return dials == isinstance(edge.event, TokenIssued) and not (dials and edge.before.socket)


def _asks_when_it_says_so(edge: Edge) -> bool:
    """A token is asked for on entering AUTHENTICATING, once."""
    asked = sum(isinstance(effect, RequestToken) for effect in edge.effects)
    entered = edge.after.state is State.AUTHENTICATING and edge.before.state is not State.AUTHENTICATING
    return asked == entered


def _delivers_when_ready(edge: Edge) -> bool:
    """A frame reaches the pages only over a connection that is, or has just become, ready."""
    return edge.after.state is State.READY or not any(isinstance(effect, Deliver) for effect in edge.effects)


def _changes_are_announced(edge: Edge) -> bool:
    """``state_changed`` is said exactly when state, reason or slowness changed."""
    before, after = edge.before, edge.after
    changed = (before.state, before.reason, before.slow) != (after.state, after.reason, after.slow)
    return edge.said.count(LifecycleEvent.STATE_CHANGED) == changed


def _final_events_are_said_once(edge: Edge) -> bool:
    """``auth_error`` and ``max_reconnect_reached`` are said on the way into their state, once."""
    entered = (edge.before.state, edge.before.reason) != (edge.after.state, edge.after.reason)
    refused = entered and (edge.after.state, edge.after.reason) == (State.CLOSED, Reason.UNAUTHORIZED)
    used_up = entered and (edge.after.state, edge.after.reason) == (State.SUSPENDED, Reason.EXHAUSTED)
    return (
        edge.said.count(LifecycleEvent.AUTH_ERROR) == refused
        and edge.said.count(LifecycleEvent.MAX_RECONNECT_REACHED) == used_up
    )


def _ups_and_downs_alternate(edge: Edge) -> bool:
    """``connected`` is said on becoming READY, ``disconnected`` once for each ``connecting``, and always by the end."""
    became_ready = edge.after.state is State.READY and edge.before.state is not State.READY
    lost = edge.before.socket != "" and edge.after.socket != edge.before.socket and edge.after.state not in SOCKET
    downs = edge.said.count(LifecycleEvent.DISCONNECTED)
    return (
        edge.said.count(LifecycleEvent.CONNECTED) == became_ready
        and downs <= (not edge.before.announced_down)
        and (not lost or downs == 1)
    )


_ALWAYS: Final = (
    _socket_fits_state,
    _rest_is_quiet,
    _every_wait_is_bounded,
    _timers_have_rows,
    _budget_is_kept,
    _reason_is_told,
)
_ON_EDGES: Final = (
    _stopped_means_stopped,
    _disconnect_is_final,
    _suspend_leaves_nothing,
    _suspended_is_left_for_a_reason,
    _patience_is_kept,
    _dials_with_a_token,
    _asks_when_it_says_so,
    _delivers_when_ready,
    _changes_are_announced,
    _final_events_are_said_once,
    _ups_and_downs_alternate,
)


def check_ends(nodes: Collection[Node], policy: Policy) -> None:
    """Raise ``PropertyError`` unless every story ends.

    In a silent world, where HTTP answers and no socket ever does, every node comes to rest. In a kind one, where
    whoever is asked answers well, every node gets a connection: by itself where one is wanted, else when somebody asks.
    """
    for kind, end in ((False, AT_REST), (True, frozenset({State.READY}))):
        good: set[Node] = set()
        for node in nodes:
            _follow_to_the_end(node, policy, kind, end, good)


def _follow_to_the_end(node: Node, policy: Policy, kind: bool, end: frozenset[State], good: set[Node]) -> None:
    path: list[Node] = []
    while node.state not in end and node not in good:
        path.append(node)
        if len(path) > LONGEST_STORY:
            world = "kind" if kind else "silent"
            raise PropertyError(f"In a {world} world this never ends:\n{path[0]}")
        node = (_kind_step if kind else _silent_step)(node, policy)
    good.update(path)


def _silent_step(node: Node, policy: Policy) -> Node:
    """HTTP answers that all is well; the next timer fires when it is due; nothing else happens."""
    if node.health:
        return follow(node, HealthChecked(GENERATION, True), policy).after
    for timer, wait in zip(TIMERS, node.timers, strict=True):
        if wait is not None and wait <= 0:
            return follow(node, TimerFired(timer, SERIALS[timer]), policy).after
    return follow(node, Tick(), policy).after


def _kind_step(node: Node, policy: Policy) -> Node:
    """Whoever is asked answers well, at once."""
    match node.state:
        case State.CLOSED:
            return follow(node, Connect(), policy).after
        case State.SUSPENDED:
            return follow(node, RetryNow(), policy).after
        case State.AUTHENTICATING:
            return follow(node, TokenIssued(GENERATION, "T"), policy).after
        case State.CONNECTING:
            return follow(node, SocketOpened(GENERATION), policy).after
        case State.OPEN:
            return follow(node, FrameReceived(GENERATION, FRAMES["hello"]), policy).after
        case _:
            return _silent_step(node, policy)
