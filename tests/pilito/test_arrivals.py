"""Frames between the browser's array and the manager: order, turns, and what belongs to an abandoned socket."""

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st
from pilito.arrivals import BATCH, BEHIND, TURN, Arrivals

Heard = list[object]


class Browser:
    """``Source``, with a clock that only work moves and turns that the test runs."""

    def __init__(self) -> None:
        self.time = 0.0
        self.kept: list[str | None] = []
        self.turns = 0  # asked for and not run yet
        self.watched = False
        self.batches: list[int] = []

    def take(self, limit: int) -> Sequence[str | None]:
        taken, self.kept = self.kept[:limit], self.kept[limit:]
        if taken:
            self.batches.append(len(taken))
        return taken

    def waiting(self) -> int:
        return len(self.kept)

    def wake(self) -> None:
        self.turns += 1

    def watch(self) -> None:
        if self.kept:
            self.wake()
        else:
            self.watched = True

    def drop(self) -> None:
        self.kept.clear()
        self.watched = False

    def arrive(self, *frames: str | None) -> None:
        self.kept += frames
        if self.watched:
            self.watched = False
            self.wake()


class Sink:
    """A manager whose handlers take ``cost`` seconds for each frame, and may do something."""

    def __init__(self, browser: Browser, cost: float = 0.0) -> None:
        self.browser, self.cost = browser, cost
        self.heard: Heard = []
        self.on_frame: Callable[[str | None], None] = lambda _: None

    def socket_opened(self, generation: int) -> None:
        self.heard.append(("open", generation))

    def socket_frames(self, generation: int, frames: Sequence[str | None]) -> None:
        for frame in frames:
            self.browser.time += self.cost
            self.heard.append(frame)
            self.on_frame(frame)

    def socket_behind(self, generation: int, behind: bool) -> None:
        self.heard.append("behind" if behind else "caught up")

    def socket_closed(self, generation: int, code: int, reason: str) -> None:
        self.heard.append(("close", code))


def connect(cost: float = 0.0) -> tuple[Browser, Sink, Arrivals]:
    browser = Browser()
    sink = Sink(browser, cost)
    arrivals = Arrivals(browser, lambda: browser.time)
    arrivals.begin(1, sink)
    arrivals.opened()
    sink.heard.clear()
    return browser, sink, arrivals


def run_turn(browser: Browser, arrivals: Arrivals) -> float:
    """Run one turn that was asked for; returns its seconds."""
    browser.turns -= 1
    before = browser.time
    arrivals.turn()
    return browser.time - before


def run_all(browser: Browser, arrivals: Arrivals) -> list[float]:
    spent = []
    while browser.turns:
        spent.append(run_turn(browser, arrivals))
    return spent


def test_what_arrives_in_one_turn_crosses_once() -> None:
    """Frames that are there when the turn comes are taken together, in order, and the next one wakes again."""
    browser, sink, arrivals = connect()
    browser.arrive("a", "b", None, "c")
    browser.arrive("d")
    assert browser.turns == 1
    run_all(browser, arrivals)
    assert sink.heard == ["a", "b", None, "c", "d"]
    assert browser.batches == [5]
    browser.arrive("e")
    run_all(browser, arrivals)
    assert sink.heard[-1] == "e"


def test_a_close_waits_for_the_frames_before_it() -> None:
    """A close that arrives while frames wait is said after the last of them, once."""
    browser, sink, arrivals = connect(cost=TURN / 4)
    browser.arrive(*"abcdefghij")
    arrivals.closed(1006, "")
    run_all(browser, arrivals)
    assert sink.heard == [*"abcdefghij", ("close", 1006)]


def test_frames_of_an_abandoned_socket_are_dropped() -> None:
    """What is left when the socket is abandoned is never handed over, and neither is its close."""
    browser, sink, arrivals = connect()
    browser.arrive("a", "b")
    arrivals.drop()
    arrivals.closed(1000, "")
    run_all(browser, arrivals)
    assert sink.heard == []


def test_a_handler_that_gives_up_the_socket_ends_the_turn() -> None:
    """Abandoned, or dialled anew, inside a handler: nothing more of the old socket comes, the new one is heard."""
    browser, sink, arrivals = connect(cost=TURN / 2)
    other = Sink(browser)
    sink.on_frame = lambda _: arrivals.begin(2, other)
    browser.arrive(*["old"] * 40)
    run_all(browser, arrivals)
    assert len(sink.heard) < 40
    browser.arrive("after")
    arrivals.turn()
    assert other.heard == ["after"]


def test_no_turn_is_long_and_no_frame_is_lost() -> None:
    """A flood of slow frames is handed over in short turns, with the browser between them."""
    browser, sink, arrivals = connect(cost=0.001)
    flood = [str(number) for number in range(1000)]
    browser.arrive(*flood)
    spent = run_all(browser, arrivals)
    assert [frame for frame in sink.heard if frame not in ("behind", "caught up")] == flood
    assert len(spent) >= 100
    assert max(spent) <= 2 * TURN


def test_frames_that_become_dear_make_no_long_turn() -> None:
    """After a thousand cheap frames, dear ones are taken a few at a time at once."""
    browser, sink, arrivals = connect(cost=0.00001)
    browser.arrive(*["cheap"] * 1000)
    run_all(browser, arrivals)
    sink.cost = 0.003
    browser.arrive(*["dear"] * 200)
    assert max(run_all(browser, arrivals)) < 0.05


def test_a_page_that_falls_behind_says_so_until_it_has_caught_up() -> None:
    """From a long queue on it is behind, said once; with the last frame it has caught up."""
    browser, sink, arrivals = connect(cost=0.001)
    browser.arrive(*["x"] * (BEHIND * 2))
    run_all(browser, arrivals)
    assert sink.heard.count("behind") == 1
    assert sink.heard[-1] == "caught up"
    sink.heard.clear()
    browser.arrive(*["x"] * (BEHIND // 2))
    run_all(browser, arrivals)
    assert "behind" not in sink.heard


def test_a_turn_inside_a_turn_waits() -> None:
    """A handler that lets the browser run, such as a dialog, does not let frames overtake."""
    browser, sink, arrivals = connect()
    browser.arrive("a")
    sink.on_frame = lambda _: arrivals.turn()
    run_turn(browser, arrivals)
    browser.arrive("b")
    sink.on_frame = lambda _: None
    run_all(browser, arrivals)
    assert sink.heard == ["a", "b"]


STEPS = st.lists(st.one_of(st.integers(1, 3 * BATCH), st.sampled_from(["turn", "close"])), max_size=20)


@given(STEPS, st.floats(0, TURN))
def test_order_holds_however_frames_and_turns_mix(steps: list[int | str], cost: float) -> None:
    """Whatever arrives before the close is heard once, in order, before it; what comes after is not."""
    browser, sink, arrivals = connect(cost)
    number, closed = 0, False
    for step in steps:
        if step == "turn" and browser.turns:
            run_turn(browser, arrivals)
        elif step == "close" and not closed:
            closed = True
            arrivals.closed(1006, "")
        elif isinstance(step, int) and not closed:
            browser.arrive(*(str(n) for n in range(number, number + step)))
            number += step
    run_all(browser, arrivals)
    frames = [heard for heard in sink.heard if heard not in ("behind", "caught up")]
    assert frames == [str(n) for n in range(number)] + [("close", 1006)] * closed
