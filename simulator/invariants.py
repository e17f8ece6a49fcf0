"""What must hold after every event, once the world has healed, and when everything is taken down."""

import json
from typing import TYPE_CHECKING, Final

from pages.chat import ChatPage
from pages.messages import Fate
from pilito.auth import Session
from pilito.events import Reason, State
from pilito.registry import ConnectionInfo

if TYPE_CHECKING:
    from simulator.tab import Tab
    from simulator.watched import WatchedManager
    from simulator.world import World

HEALED_WITHIN: Final = 200.0
"""Seconds until every tab that wants a connection has one: a refusal is believed for two minutes, and then spread."""
QUIET_WITHIN: Final = 90.0  # a refresh may take a minute, and its lock a little longer
LAG: Final = 3.0  # seconds for what is under way, and for continuations that wait their turn
NEWS: Final = 1.0  # seconds until a tab knows what has happened in another
ATTEMPT: Final = {State.AUTHENTICATING: 20.0, State.CONNECTING: 10.0, State.OPEN: 30.0}
DEAF: Final = 25.0 + 10.0 + 5.0  # idle, probe, and the question over HTTP: from then on it is lost or slow
DEAF_AND_SLOW: Final = 25.0 + 60.0 + 5.0
DIALS: Final = 8  # in a minute, of one endpoint, whatever the server does
DIALS_FOR_A_WISH: Final = 6  # more for everything that gives a reason to dial
AT_REST: Final = frozenset({State.CLOSED, State.SUSPENDED})
FINAL: Final = {(State.CLOSED, Reason.FORBIDDEN), (State.CLOSED, Reason.REFUSED), (State.SUSPENDED, Reason.REPLACED)}
SETTLED: Final = frozenset({Fate.QUEUED, Fate.MISSING, Fate.FAILED})


class Written:
    """A message that the user has written, and what the user has done with it since."""

    def __init__(self, user: str, page: ChatPage, at: float) -> None:
        self.user = user
        self.page = page
        self.at = at
        self.endpoint = page.socket.endpoint
        self.times = 1  # the user has written it
        self.asked = int(page.connected)  # how often the user has had it sent, where it could go out
        self.discarded = False

    def again(self) -> None:
        """The user writes the same words once more."""
        self.times += 1
        self.asked += self.page.connected

    def pressed(self, button: str, page: ChatPage) -> None:
        """The user has pressed a button of its row."""
        self.asked += button == "send" and page.connected
        self.discarded |= button == "discard"


def check_tab(world: "World", tab: "Tab") -> None:
    """After each event of a tab."""
    if len(tab.sockets) != len({socket.endpoint for socket in tab.sockets}):
        tab.fail(f"two sockets of one endpoint: {[socket.endpoint for socket in tab.sockets]}")
    connections = tab.registry.connections()
    _check_views(tab, connections)
    world.sessions.check(tab)
    for manager in tab.managers:
        _check_manager(tab, manager)
    tab.managers = [manager for manager in tab.managers if not manager._releasing]
    _check_subscribers(tab, connections)
    _check_sockets(tab, connections)
    _check_dial_rate(tab)
    if world.written and tab.chat is not None:
        _check_messages(world, tab, tab.chat)


def _check_views(tab: "Tab", connections: list[ConnectionInfo]) -> None:
    """Nobody sees another user's data, and the badge says what is."""
    user = tab.auth.user.id if tab.auth.user else ""
    for view in (tab.document.page, tab.document.shell):
        if view.owner not in ("", user):
            tab.fail(f"data of user {view.owner} is on the screen of {user or 'nobody'}")
    shown = tab.document.shell.shown.get("#connections", ())
    if len(shown) != len(connections):
        tab.fail(f"{len(shown)} connections are shown, there are {len(connections)}")
    for row, info in zip(shown, connections, strict=True):
        if (
            f'data-state="{info.state}" data-reason="{info.reason}" data-slow="{str(info.slow).lower()}"'
            not in row.html
        ):
            tab.fail(f"the badge of {info.endpoint} does not say {info.state} ({info.reason})")


def _check_manager(tab: "Tab", manager: "WatchedManager") -> None:
    """Every attempt ends; at rest nothing runs; what is released owns nothing."""
    limit = ATTEMPT.get(manager.state)
    if limit is not None and tab.clock.now - max(manager.since, tab.awake_since) > limit + _slack(tab):
        tab.fail(f"{manager.endpoint} has been {manager.state} for more than {limit} s")
    if manager.state in AT_REST and manager.running_timers:
        tab.fail(f"{manager.endpoint} is {manager.state} and runs {', '.join(manager.running_timers)}")
    dials_at = manager.dials_at
    if dials_at != manager.next_retry_at or (dials_at is None) is (manager.state is State.WAITING):
        tab.fail(f"{manager.endpoint} says to dial at {manager.next_retry_at}, and does at {dials_at}")
    if manager._releasing and not manager._busy and (manager._timers or manager._work):
        tab.fail(f"{manager.endpoint} was released and still owns a timer or a task")


def _slack(tab: "Tab") -> float:
    """How late a tab may be: throttled timers, each of which may be late by a step."""
    if not tab.hidden:
        return LAG
    return LAG + (4.0 if tab.clock.now - tab.hidden_since < 250 else 240.0)


def _check_subscribers(tab: "Tab", connections: list[ConnectionInfo]) -> None:
    """There is a connection for everybody who uses one, and for nobody else."""
    known = {info.endpoint: info.state for info in connections}
    page = tab.app._page
    used = {share.endpoint for share in tab.shares} | ({page.socket.endpoint} if page and page.endpoint else set())
    if known.keys() != used:
        tab.fail(f"there are connections for {sorted(known)}, and users of {sorted(used)}")
    for share in tab.shares:
        if share.info.state is not known[share.endpoint]:
            tab.fail(f"one user of {share.endpoint} is told {share.info.state}, another {known[share.endpoint]}")


def _check_sockets(tab: "Tab", connections: list[ConnectionInfo]) -> None:
    """A socket belongs to a connection in use; one that can hear nothing is not called connected for long."""
    for socket in tab.sockets:
        info = next((info for info in connections if info.endpoint == socket.endpoint), None)
        if info is None:
            tab.fail(f"a socket of {socket.endpoint} has no owner")
        elif tab.auth.user is None:
            tab.fail(f"a socket of {socket.endpoint} is left, and nobody is logged in")
        elif info.state is State.READY and socket.deaf_since is not None:
            deaf = tab.clock.now - max(socket.deaf_since, socket.heard_at, tab.awake_since) - _slack(tab)
            if deaf > (DEAF_AND_SLOW if info.slow else DEAF):
                tab.fail(f"{socket.endpoint} is shown as connected and has been deaf for {deaf:.0f} s too long")


def _check_dial_rate(tab: "Tab") -> None:
    """However the server behaves, dials in a minute are bounded, unless somebody gives reasons for more."""
    start = tab.clock.now - 60
    while tab.dials and tab.dials[0] < start:
        tab.dials.popleft()
    while tab.wishes and tab.wishes[0] < start - 10:
        tab.wishes.popleft()
    if len(tab.dials) > DIALS + DIALS_FOR_A_WISH * len(tab.wishes):
        tab.fail(f"{len(tab.dials)} dials in a minute, with {len(tab.wishes)} reasons")


def _check_messages(world: "World", tab: "Tab", page: ChatPage) -> None:
    """What the user has written on this page is in exactly one place on it."""
    own = [own.text for own in page._messages.own]
    rows = [str(row.get("content")) for row in page._messages.rows]
    for text, written in world.written.items():
        if written.page is page and not written.discarded and not _taken_by_logout(world, written):
            resent = max(written.asked - written.times, 0)
            places = own.count(text) + (text in rows if written.times == 1 else rows.count(text))
            if not written.times <= places <= written.times + (resent if written.times > 1 else 0):
                tab.fail(f"{text!r} is in {places} places: own {own}, rows {rows}")


def check_healed(world: "World") -> None:
    """Some time after the last trouble."""
    for tab in world.browser.open_tabs:
        _check_session(world, tab)
        for info in tab.registry.connections():
            if not _content(world, tab, info):
                tab.fail(f"the world is well and {info.endpoint} is {info.state} ({info.reason})")
        if tab.chat is not None and tab.chat.connected:
            open_fates = [own for own in tab.chat._messages.own if own.fate not in SETTLED]
            if open_fates:
                tab.fail(f"the fate of {open_fates} is still open")
            _check_fresh(world, tab, tab.chat)
    for text, written in world.written.items():
        _check_fate(world, text, written)


def _check_fresh(world: "World", tab: "Tab", page: ChatPage) -> None:
    """A conversation that is connected shows what the server has of it, from the oldest message that it shows on."""
    shown = {row["id"] for row in page._messages.rows}
    every = world.server.messages.get(page.socket.endpoint, [])
    begin = next((number for number, row in enumerate(every) if row["id"] in shown), max(len(every) - 1, 0))
    missing = [row for row in every[begin:] if row["id"] not in shown]
    if missing:
        tab.fail(f"{page.socket.endpoint} does not show {missing}")


def _content(world: "World", tab: "Tab", info: ConnectionInfo) -> bool:
    """Connected, ended for good, not wanted, or not this user's to have."""
    if info.state is State.READY or (info.state, info.reason) in FINAL:
        return True
    managers = [manager for manager in tab.managers if manager.endpoint == info.endpoint]
    if (info.state, info.reason) == (State.CLOSED, Reason.REQUESTED):
        return any(manager.stopped for manager in managers)
    if info.state is State.WAITING and managers[-1].asked_to_wait:
        return True
    return tab.auth.user is not None and not world.server.may_have(tab.auth.user.id, info.endpoint)


def _check_session(world: "World", tab: "Tab") -> None:
    """Every tab shows the session that storage holds and the server knows."""
    access = world.browser.stored.get("access_token", "")
    owner = world.server.owner(access)
    shown = tab.auth.user.id if tab.auth.user else None
    if tab.auth.session in (Session.UNKNOWN, Session.UNREACHABLE):
        tab.fail(f"the session is still {tab.auth.session}")
    if owner is not None and shown != owner:
        tab.fail(f"storage and server say user {owner}, the tab says {shown}")
    if not access and shown is not None:
        tab.fail(f"there is no token, and the tab shows user {shown}")


def _check_fate(world: "World", text: str, written: Written) -> None:
    """A message was never sent more often than the user asked, and is not lost while its writer is logged in."""
    stored = [row["content"] for row in world.server.messages.get(written.endpoint, [])].count(text)
    if stored > written.asked:
        world.fail(f"{text!r} was sent {stored} times and asked for {written.asked} times")
    if stored >= written.times or written.discarded or _taken_by_logout(world, written):
        return
    prefix = f"pilito.data.{written.user}.outbox.{written.endpoint[9:-1]}."
    outbox = [json.loads(kept)[0] for key, kept in world.browser.stored.items() if key.startswith(prefix)]
    if stored + outbox.count(text) < written.times:
        world.fail(f"{text!r} is lost: the server has {stored} of {written.times}, the outbox {outbox}")


def _taken_by_logout(world: "World", written: Written) -> bool:
    """A logout, here or in another tab, takes everything of the user's with it."""
    return world.browser.cleared.get(written.user, 0) >= written.at - NEWS


def check_clean(world: "World") -> None:
    """After everything was taken down."""
    for tab in world.browser.open_tabs:
        left = {
            "timers": len(tab.timers),
            "tasks": len(tab.tasks),
            "sockets": len(tab.sockets),
            "listeners to storage": len(tab.storage_events.all),
            "listeners to the channel": len(tab.channel_events.all),
            "listeners to the page's life": len(tab.life_events.all),
            "listeners to the address": len(tab.address_events.all),
            "listeners to the page": len(tab.document.page.listeners),
            "listeners to the shell": len(tab.document.shell.listeners),
        }
        found = {name: count for name, count in left.items() if count}
        if found:
            tab.fail(f"left behind: {found}")
    held = [name for name, queue in world.browser.locks.items() if queue]
    if held:
        world.fail(f"locks are still held: {held}")
