"""When a new version is offered and when it is taken, on a virtual clock."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pilito.new_version import HIDDEN_FOR, IDLE_FOR, Occasion, Situation, may_take, offered
from pilito.ports import PageSignal, Undo
from pilito.updater import LOOK_AGAIN, LOOK_EVERY, REST_EVERY, Updater

from tests.fakes import Clock, pass_time, run

CALM = Situation("one", "two", "", typed=False, unsent=False, connected=True, hidden_for=None, idle_for=0.0)
"""Somebody looks at a page on which nothing is at stake, and a new version is ready."""


def test_what_runs_already_is_not_offered() -> None:
    """There is nothing to take while no build is known, or the one that is ready is the one that runs."""
    assert offered(CALM)
    for same in (replace(CALM, ready="one"), replace(CALM, ready=""), replace(CALM, running="")):
        assert not offered(same)
        assert not any(may_take(same, occasion) for occasion in Occasion)


def test_under_somebodys_eyes_it_waits_to_be_asked_for() -> None:
    """A page that is looked at and used changes by the button, or on the way to another page."""
    assert may_take(CALM, Occasion.ASKED)
    assert may_take(CALM, Occasion.MOVED)
    assert not may_take(CALM, Occasion.RESTED)


@pytest.mark.parametrize("at_rest", [replace(CALM, hidden_for=HIDDEN_FOR), replace(CALM, idle_for=IDLE_FOR)])
def test_at_rest_it_is_taken_by_itself(at_rest: Situation) -> None:
    """A tab that nobody sees, or that nobody has touched for minutes, is loaded anew; just before that it is not."""
    assert may_take(at_rest, Occasion.RESTED)
    almost = replace(at_rest, hidden_for=at_rest.hidden_for and HIDDEN_FOR - 0.1, idle_for=IDLE_FOR - 0.1)
    assert not may_take(almost, Occasion.RESTED)


SITUATIONS = st.builds(
    Situation,
    running=st.sampled_from(["", "one"]),
    ready=st.sampled_from(["", "one", "two"]),
    tried=st.sampled_from(["", "one", "two"]),
    typed=st.booleans(),
    unsent=st.booleans(),
    connected=st.booleans(),
    hidden_for=st.none() | st.floats(0, 1e6),
    idle_for=st.floats(0, 1e6),
)


@given(SITUATIONS, st.sampled_from([Occasion.MOVED, Occasion.RESTED]))
def test_unasked_it_takes_nothing_away_and_never_goes_round_in_circles(now: Situation, occasion: Occasion) -> None:
    """Whatever the situation: with something typed, unsent, not live, or tried before, only the user can take it."""
    if may_take(now, occasion):
        assert now.ready not in ("", now.running, now.tried)
        assert now.connected
        assert not now.typed
        assert not now.unsent


class FakeUpdates:
    """``Updates`` in the test's hand."""

    def __init__(self) -> None:
        self.build, self.tried = "one", ""
        self.typed, self.idle = False, 0.0
        self.works = True
        self.looks = 0
        self.taken: list[str] = []
        self.callbacks: list[Callable[[str], None]] = []

    async def start(self) -> bool:
        return self.works

    async def look(self) -> None:
        self.looks += 1

    def take(self, build: str) -> None:
        self.taken.append(build)

    def subscribe(self, callback: Callable[[str], None]) -> Undo:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def tell(self, build: str) -> None:
        for callback in self.callbacks:
            callback(build)


class FakeLife:
    def __init__(self) -> None:
        self.visible = self.online = True
        self.callbacks: list[Callable[[PageSignal], None]] = []

    def subscribe(self, callback: Callable[[PageSignal], None]) -> Undo:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def tell(self, signal: PageSignal) -> None:
        for callback in self.callbacks:
            callback(signal)


class Tab:
    """An updater with everything around it."""

    def __init__(self) -> None:
        self.updates, self.life, self.clock = FakeUpdates(), FakeLife(), Clock()
        self.offers: list[bool] = []
        self.unsent, self.connected = False, True
        self.updater = Updater(
            self.updates,
            self.clock,
            self.life,
            offer=self.offers.append,
            unsent=lambda: self.unsent,
            connected=lambda: self.connected,
        )

    async def begin(self) -> "Tab":
        self.updater.start()
        await pass_time()
        return self


def test_an_announced_version_is_offered_and_an_older_word_takes_it_back() -> None:
    """The bar follows what the worker says, also when the server has gone back to what runs here."""

    async def scenario() -> None:
        tab = await Tab().begin()
        for build in ("one", "two", "one"):
            tab.updates.tell(build)
        assert tab.offers == [False, True, False]

    run(scenario)


def test_a_hidden_tab_takes_it_once_nobody_has_come_back() -> None:
    """Not at once, and not when the user has looked in meanwhile."""

    async def scenario() -> None:
        tab = await Tab().begin()
        tab.updates.tell("two")
        tab.life.tell(PageSignal.HIDDEN)
        await pass_time(HIDDEN_FOR - 1)
        tab.life.tell(PageSignal.VISIBLE)
        await pass_time(HIDDEN_FOR)
        assert not tab.updates.taken
        tab.life.tell(PageSignal.HIDDEN)
        await pass_time(HIDDEN_FOR + REST_EVERY)
        assert tab.updates.taken == ["two"]

    run(scenario)


def test_a_tab_that_was_opened_in_the_background_counts_as_hidden() -> None:
    """Nobody has told it so: it was never shown."""

    async def scenario() -> None:
        tab = Tab()
        tab.life.visible = False
        await tab.begin()
        tab.updates.tell("two")
        await pass_time(HIDDEN_FOR + REST_EVERY)
        assert tab.updates.taken == ["two"]

    run(scenario)


@pytest.mark.parametrize("stake", ["typed", "unsent", "away", "tried"])
def test_what_is_at_stake_holds_it_back_but_not_the_user(stake: str) -> None:
    """It waits for as long as it has to, takes it when nothing is at stake any more, and obeys the button before."""

    async def scenario() -> None:
        tab = await Tab().begin()
        tab.updates.typed, tab.unsent, tab.connected = stake == "typed", stake == "unsent", stake != "away"
        tab.updates.tried = "two" if stake == "tried" else ""
        tab.updates.tell("two")
        tab.life.tell(PageSignal.HIDDEN)
        await pass_time(2 * LOOK_EVERY)
        assert not tab.updates.taken
        assert not tab.updater.may_take(Occasion.MOVED)
        assert tab.updater.may_take(Occasion.ASKED)
        tab.updates.typed, tab.unsent, tab.connected, tab.updates.tried = False, False, True, ""
        await pass_time(REST_EVERY)
        assert tab.updates.taken == ["two"]

    run(scenario)


def test_a_tab_that_stays_open_asks_now_and_then() -> None:
    """Every hour, and when it is looked at or online again after a while; not each time."""

    async def scenario() -> None:
        tab = await Tab().begin()
        await pass_time(2 * LOOK_EVERY + 1)
        assert tab.updates.looks == 2
        for _ in range(5):
            tab.life.tell(PageSignal.VISIBLE)
        await pass_time(LOOK_AGAIN)
        assert tab.updates.looks == 2
        tab.life.tell(PageSignal.ONLINE)
        tab.life.tell(PageSignal.VISIBLE)
        await pass_time()
        assert tab.updates.looks == 3

    run(scenario)


def test_without_a_worker_there_is_no_clock() -> None:
    """Where the browser keeps no build nothing is asked for, and no timer runs."""

    async def scenario() -> None:
        tab = Tab()
        tab.updates.works = False
        await tab.begin()
        tab.life.tell(PageSignal.VISIBLE)
        await pass_time(2 * LOOK_EVERY)
        assert tab.updates.looks == 0
        assert tab.clock.pending == 0

    run(scenario)


def test_released_it_is_silent() -> None:
    """Neither timer nor listener is left, also when it is released before the browser has answered."""

    async def scenario() -> None:
        early, late = Tab(), await Tab().begin()
        early.updater.start()
        for tab in (early, late):
            tab.updater.release()
            await pass_time()
            assert not tab.updates.callbacks
            assert not tab.life.callbacks
            assert tab.clock.pending == 0
        await asyncio.sleep(0)

    run(scenario)
