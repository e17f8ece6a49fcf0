"""One repaint for each frame of the screen."""

from pilito.painter import FRAME, Painter

from tests.fakes import Clock, pass_time, run


def test_a_burst_is_painted_twice() -> None:
    """The first change is painted at once, those that follow within the frame once, and then all is quiet."""

    async def scenario() -> None:
        clock, painted = Clock(), []
        painter = Painter(clock.call_later, lambda: painted.append(clock.now()))
        for _ in range(100):
            painter.soon()
        assert len(painted) == 1
        await pass_time(FRAME * 1.5)
        assert len(painted) == 2
        await pass_time(1)
        assert len(painted) == 2
        assert clock.pending == 0
        painter.soon()
        assert len(painted) == 3

    run(scenario)


def test_what_the_user_does_is_painted_at_once() -> None:
    """now() does not wait, and takes what waited along."""

    async def scenario() -> None:
        clock, painted = Clock(), []
        painter = Painter(clock.call_later, lambda: painted.append(1))
        painter.soon()
        painter.soon()
        painter.now()
        assert len(painted) == 2
        await pass_time(1)
        assert len(painted) == 2

    run(scenario)
