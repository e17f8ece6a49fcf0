"""A run: the world made as planned, everything done as planned, healed, watched, and taken down."""

from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from pilito.ports import PageSignal

from simulator import invariants
from simulator.browser import Browser
from simulator.clock import START, Clock, Place
from simulator.network import Network, Socket
from simulator.plan import DEEP, Plan
from simulator.server import GoodTokenReplaced, Mood, Server
from simulator.sessions import Sessions
from simulator.tab import Tab

MOST_TABS: Final = 3
ONE_HAND: Final = 0.05  # seconds; nobody writes in two tabs at once
MOST_EVENTS: Final = 40_000
PAGE_SIGNALS: Final = {"online": PageSignal.ONLINE, "offline": PageSignal.OFFLINE, "focus": PageSignal.FOCUS}


class Broken(Exception):
    """An invariant does not hold: ``Outcome.failure`` says which, because the application may catch this."""


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    failure: str = ""
    events: int = 0
    seconds: float = 0.0
    trace: list[str] = field(default_factory=list)


def run(plan: Plan, *, traced: bool = False) -> Outcome:
    """Run a plan from its beginning to its end, or to the first thing that must not be."""
    world = World(plan, traced)
    with suppress(Broken):
        world.live()
    for tab in world.browser.tabs:
        tab.bury()
    world.outcome.events = world.clock.events
    world.outcome.seconds = world.clock.now - START
    return world.outcome


class World:
    """Everything there is. The methods named in ``plan.KINDS`` carry actions out."""

    def __init__(self, plan: Plan, traced: bool) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self.clock = Clock()
        self._traced = traced
        self._random = Random(plan.seed + 1)
        self.network = Network(self.clock, self._random, plan.latency)
        self.sessions = Sessions(self.clock)
        self.server = Server(self.clock, self.network, plan.rules, self.sessions)
        self.network.backend = self.server
        self.browser = Browser(self.clock, self._random, plan.lag, self.sessions)
        self.typed = 0
        self._wrote_at = 0.0
        self.written: dict[str, invariants.Written] = {}
        if plan.user:
            pair = self.server.issue(plan.user)
            self.browser.stored.update(access_token=pair.access, refresh_token=pair.refresh)

    def live(self) -> None:
        """The whole story. Raises ``Broken``."""
        for _ in range(self.plan.tabs):
            self._open(self.plan.first)
        for when, what, values in self.plan.actions:
            self.clock.at(START + when, self._act, what, values)
        last = self.plan.actions[-1][0] if self.plan.actions else 0.0
        self._until(START + last + 5)
        self._heal()
        self._until(self.clock.now + invariants.HEALED_WITHIN)
        invariants.check_healed(self)
        self._take_down()
        self._until(self.clock.now + invariants.QUIET_WITHIN)
        invariants.check_clean(self)

    def fail(self, what: str) -> None:
        self.outcome.failure = self.outcome.failure or f"{what} (after {self.clock.now - START:.2f} s)"
        raise Broken

    def trace(self, what: str) -> None:
        if self._traced:
            self.outcome.trace.append(f"{self.clock.now - START:8.2f}  {what}")

    def _until(self, when: float) -> None:
        try:
            self.clock.run(when, self._watch)
        except GoodTokenReplaced:
            self.fail("a good pair of tokens was replaced")

    def _watch(self, place: Place | None) -> None:
        if self.outcome.failure:
            raise Broken
        if isinstance(place, Tab) and not (place.dead or place.asleep):
            invariants.check_tab(self, place)
        if self.clock.events > MOST_EVENTS:
            self.fail("there is no end to the events")

    def _act(self, what: str, values: tuple[Any, ...]) -> None:
        self.trace(f"-- {what} {' '.join(str(value) for value in values)}")
        getattr(self, what)(*values)

    # --- the end ---

    def _heal(self) -> None:
        """Nothing is wrong any more, and every tab is looked at."""
        self.trace("-- the world heals")
        self.server.mood = Mood()
        self.network.heal()
        for tab in self.browser.open_tabs:
            tab.when_sent = None
            self._revive(tab, timers_first=True)
            tab.hide()
            self._signal_when_awake(tab, PageSignal.ONLINE)
            self.clock.after(0.5, tab.show)

    def _signal_when_awake(self, tab: Tab, signal: PageSignal) -> None:
        self.clock.after(0.2, tab.signal, signal)

    def _take_down(self) -> None:
        self.trace("-- every tab lets go of everything")
        for tab in self.browser.open_tabs:
            for share in [*tab.shares]:
                tab.enter(tab.end_share, share)
            tab.enter(tab.lifecycle.release)
            tab.enter(tab.app.release)
            tab.enter(tab.auth.release)

    # --- tabs ---

    def _tab(self, number: int) -> Tab | None:
        """A tab that the user, or the browser, can do something to."""
        tabs = [tab for tab in self.browser.open_tabs if not tab.asleep]
        return tabs[number % len(tabs)] if tabs else None

    def _open(self, path: str) -> None:
        tab = Tab(
            len(self.browser.tabs) + 1,
            self.browser,
            self.network,
            self.clock,
            path=path,
            turn=self.plan.turn,
            random=self._random,
            fail=self.fail,
            trace=self.trace,
        )
        tab.wished()

    def open(self, path: str) -> None:
        if len(self.browser.open_tabs) < MOST_TABS:
            self._open(path)

    def close(self, number: int, crash: bool) -> None:
        tab = self._tab(number)
        if tab and len(self.browser.open_tabs) > 1:
            if not crash:
                tab.signal(PageSignal.PAGEHIDE)
            tab.die()

    def go(self, number: int, path: str) -> None:
        tab = self._tab(number)
        if tab and tab.document.state == "ready":
            tab.wished()
            tab.enter(tab.address_events.call, path)

    def back(self, number: int) -> None:
        tab = self._tab(number)
        if tab and tab.document.state == "ready" and len(tab.navigation.history) > 1:
            tab.navigation.history.pop()
            self.go(number, tab.navigation.path)

    # --- the user ---

    def write(self, number: int, same: bool = False) -> None:
        """The user writes something, or the same words as before."""
        tab = self._tab(number)
        if tab is None or tab.chat is None or tab.auth.user is None or self.clock.now - self._wrote_at < ONE_HAND:
            return
        self._wrote_at = self.clock.now
        said = [text for text, written in self.written.items() if same and written.page is tab.chat]
        if said:
            text = said[-1]
            self.written[text].again()
        else:
            self.typed += 1
            text = f"text {self.typed}"
            self.written[text] = invariants.Written(tab.auth.user.id, tab.chat, self.clock.now)
        tab.document.page.values["#message"] = text
        tab.enter(tab.document.page.fire, "submit", "#composer")

    def send_again(self, number: int) -> None:
        self._press(number, "#log", "send")

    def discard(self, number: int) -> None:
        self._press(number, "#log", "discard")

    def retry(self, number: int) -> None:
        tab = self._tab(number)
        found = tab.document.shell.data("#connections", "retry") if tab else []
        if tab and found:
            tab.enter(lambda: tab.document.shell.fire("click", "[data-retry]", data={"retry": found[0]}))

    def _press(self, number: int, rows: str, name: str) -> None:
        """Press a button of the last row that has one."""
        tab = self._tab(number)
        found = tab.document.page.data(rows, name) if tab else []
        if tab and tab.chat and found:
            own = tab.chat._messages.find(found[-1])
            if own and own.text in self.written:
                self.written[own.text].pressed(name, tab.chat)
            tab.enter(lambda: tab.document.page.fire("click", f"[data-{name}]", data={name: found[-1]}))

    def disconnect(self, number: int) -> None:
        tab = self._tab(number)
        for manager in tab.managers if tab else ():
            if tab and not manager._releasing:
                tab.enter(manager.disconnect)

    def connect(self, number: int) -> None:
        tab = self._tab(number)
        if tab and tab.auth.user is not None:
            for manager in tab.managers:
                if not manager._releasing:
                    tab.enter(manager.connect)

    def logout(self, number: int) -> None:
        tab = self._tab(number)
        if tab and tab.auth.user is not None:
            tab.enter(lambda: tab.document.shell.fire("click", "[data-action=logout]"))

    def login(self, number: int, user: str, right: bool) -> None:
        tab = self._tab(number)
        if tab is not None:
            tab.wished()
            form = {"email": user, "password": "right" if right else "wrong"}
            tab.enter(lambda: tab.document.page.fire("submit", "form", form=form))

    def share(self, number: int, seconds: float) -> None:
        """Something beside the page uses its connection too, for a while."""
        tab = self._tab(number)
        page = tab.app._page if tab else None
        if tab and page and page.endpoint and tab.auth.user is not None:
            tab.enter(tab.begin_share, page.socket.endpoint, seconds)

    def language(self, number: int) -> None:
        tab = self._tab(number)
        if tab and tab.document.state == "ready":
            tab.wished()
            tab.enter(lambda: tab.document.shell.fire("change", "#language", value="fa"))

    # --- the browser ---

    def hide(self, number: int) -> None:
        tab = self._tab(number)
        if tab:
            tab.hide()

    def show(self, number: int) -> None:
        tab = self._tab(number)
        if tab:
            tab.show()

    def freeze(self, number: int, seconds: float, timers_first: bool) -> None:
        """The browser freezes a hidden tab. One that holds a lock is spared."""
        tab = self._tab(number)
        if tab and not self.browser.holds_lock(tab):
            tab.hide()
            tab.signal(PageSignal.FREEZE)
            self._sleep(tab, seconds, PageSignal.RESUME, timers_first)

    def put_away(self, number: int, seconds: float) -> None:
        """The user leaves for another site and comes back: the back/forward cache."""
        tab = self._tab(number)
        if tab and not self.browser.holds_lock(tab):
            tab.signal(PageSignal.PAGEHIDE)
            tab.hide()
            self._sleep(tab, seconds, PageSignal.PAGESHOW, False)

    def nap(self, seconds: float, timers_first: bool) -> None:
        """The laptop's lid: nothing runs, and no page is told."""
        for tab in self.browser.open_tabs:
            if not tab.asleep:
                tab.sleep()
                self.clock.after(seconds, self._revive, tab, timers_first)

    def doze(self, number: int, seconds: float) -> None:
        """The lid is closed right after a tab has asked the server something."""
        tab = self._tab(number)
        if tab:
            tab.when_sent = lambda: self.clock.after(0.001, self.nap, seconds, True)

    def _sleep(self, tab: Tab, seconds: float, signal: PageSignal, timers_first: bool) -> None:
        tab.sleep()
        tab.thawing = signal
        self.clock.after(seconds, self._revive, tab, timers_first)

    def _revive(self, tab: Tab, timers_first: bool) -> None:
        """The tab runs again: what has piled up is due, and the page is told before or after it."""
        if tab.dead or not tab.asleep:
            return
        signal, tab.thawing = tab.thawing, None
        if signal and not timers_first:
            tab.asleep = False
            tab.signal(signal)
            tab.asleep = True
        tab.wake(timers_first=timers_first)
        if signal and timers_first:
            self.clock.after(0, tab.signal, signal)

    def say(self, number: int, signal: str) -> None:
        """The browser says something, true or not."""
        tab = self._tab(number)
        if tab:
            tab.signal(PAGE_SIGNALS[signal])

    # --- the network ---

    def outage(self, how: str, seconds: float) -> None:
        if not self.network.out:
            self.network.trouble(seconds)
            self.network.cut(how)
            self.clock.after(seconds, self.network.mend)

    def _socket(self, number: int) -> Socket | None:
        sockets = self.network.sockets
        return sockets[number % len(sockets)] if sockets else None

    def reset(self, number: int) -> None:
        socket = self._socket(number)
        if socket and not self.network.out:
            self.network.reset(socket)

    def vanish(self, number: int) -> None:
        socket = self._socket(number)
        if socket:
            self.network.vanish(socket)

    # --- the server ---

    def _mood(self, name: str, value: Any, well: Any, seconds: float) -> None:
        mood = self.server.mood
        setattr(mood, name, value)
        self.network.trouble(seconds)
        self.clock.after(seconds, setattr, mood, name, well)

    def restart(self, seconds: float, code: int) -> None:
        self.server.restart(code)
        self._mood("down", True, False, seconds)

    def stall(self, seconds: float) -> None:
        self._mood("stalled", True, False, seconds)

    def refuse(self, seconds: float) -> None:
        self._mood("refusing", True, False, seconds)

    def flap(self, seconds: float) -> None:
        self._mood("flapping", True, False, seconds)

    def distrust(self, seconds: float) -> None:
        self._mood("distrusting", True, False, seconds)

    def mute(self, seconds: float) -> None:
        self._mood("mute", True, False, seconds)

    def trouble(self, how: str, seconds: float) -> None:
        self._mood("http", how, "", seconds)

    def hang_up(self, number: int, code: int, reason: str) -> None:
        self.server.close_one(number, code, reason)

    def expire(self, refresh: bool) -> None:
        self.server.kill(refresh=refresh)

    def frame(self, number: int, text: str | None) -> None:
        sockets = self.server.sockets
        if sockets:
            self.network.down(sockets[number % len(sockets)], text if text != DEEP else DEEP * 100_000)

    def customer(self, user: str, chat: str) -> None:
        self.typed += 1
        self.server.customer_writes(user, chat, self.typed)
