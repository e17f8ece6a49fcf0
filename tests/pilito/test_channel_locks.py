"""Locks by agreement, where the browser has none."""

import asyncio
import random

import pytest
from pilito.channel_locks import ASK_AGAIN, BUSY, OBJECT, ChannelLocks

from tests.fakes import Clock, FakeChannel, Shared, pass_time
from tests.pilito.tabs import scenario


class Tabs:
    """Tabs that want the same lock, and who holds it."""

    def __init__(self, count: int, *, seed: int = 1, lag: float = 0.0) -> None:
        self.clock, self.shared, source = Clock(), Shared(), random.Random(seed)
        shared = self.shared
        shared.channel_lag = lag
        self.channels = [FakeChannel(shared) for _ in range(count)]
        self.locks = [ChannelLocks(channel, self.clock, source) for channel in self.channels]
        self.inside: list[int] = []
        self.most = 0
        self.held: list[int] = []

    async def work(self, number: int, *, start: float = 0.0, seconds: float = 1.0, timeout: float = 60.0) -> None:
        async def body() -> None:
            self.inside.append(number)
            self.held.append(number)
            self.most = max(self.most, len(self.inside))
            await asyncio.sleep(seconds)
            self.inside.remove(number)

        await asyncio.sleep(start)
        await self.locks[number].hold("x", body, timeout=timeout)


@pytest.mark.parametrize("seed", range(40))
@scenario
async def test_one_at_a_time(seed: int) -> None:
    """Whenever tabs come, as long as they hear each other in time, never two of them are inside, and all get there."""
    source = random.Random(seed)
    tabs = Tabs(5, seed=seed, lag=source.choice([0.0, 0.01, 0.06]))
    came = [source.choice([0.0, 0.05, 0.1, 0.2, 1.0, 1.1]) for _ in range(5)]
    stay = [source.choice([0.0, 0.05, 0.5, 7.0]) for _ in range(5)]
    await asyncio.gather(*(tabs.work(n, start=came[n], seconds=stay[n]) for n in range(5)))
    assert tabs.most == 1
    assert sorted(tabs.held) == [0, 1, 2, 3, 4]


@scenario
async def test_who_is_alone_waits_for_a_moment_only() -> None:
    """Without another tab the lock is there as soon as nobody has objected."""
    tabs = Tabs(1)
    before = tabs.clock.now()
    await tabs.work(0, seconds=0.0)
    assert tabs.clock.now() - before == pytest.approx(OBJECT, abs=0.01)


@scenario
async def test_a_tab_that_dies_with_the_lock_is_passed_over() -> None:
    """Who no longer objects no longer holds the lock."""
    tabs = Tabs(2)
    held = asyncio.ensure_future(tabs.work(0, seconds=600))
    await pass_time(1)
    waiting = asyncio.ensure_future(tabs.work(1))
    await pass_time(1)
    tabs.locks[0].release()
    before = tabs.clock.now()
    await waiting
    assert tabs.held == [0, 1]
    assert tabs.clock.now() - before < 2 * ASK_AGAIN + 2
    held.cancel()


@pytest.mark.parametrize("seed", range(20))
@scenario
async def test_a_busy_tab_that_is_known_is_waited_for(seed: int) -> None:
    """Tabs that have met hold a lock one after the other, also when they hear each other only after a second."""
    source = random.Random(seed)
    tabs = Tabs(3, seed=seed)
    await asyncio.gather(*(tabs.work(n, seconds=0.1) for n in range(3)))
    tabs.shared.channel_lag = source.choice([0.3, 0.6, 1.0])
    came = [source.choice([0.0, 0.1, 0.5]) for _ in range(3)]
    await asyncio.gather(*(tabs.work(n, start=came[n], seconds=source.choice([0.05, 3.0])) for n in range(3)))
    assert tabs.most == 1
    assert sorted(tabs.held) == [0, 0, 1, 1, 2, 2]


@scenario
async def test_a_tab_that_is_gone_is_waited_for_once() -> None:
    """Who does not answer any more costs the next lock some seconds, and the one after that nothing."""
    tabs = Tabs(2)
    await asyncio.gather(*(tabs.work(n, seconds=0.1) for n in range(2)))
    tabs.locks[0].release()
    took = []
    for _ in range(2):
        before = tabs.clock.now()
        await tabs.work(1, seconds=0.0)
        took.append(tabs.clock.now() - before)
    assert took == [pytest.approx(OBJECT + BUSY, abs=0.01), pytest.approx(OBJECT, abs=0.01)]


@scenario
async def test_a_lock_that_is_not_left_in_time() -> None:
    """A holder who keeps objecting is waited for until the time is up, and the next one still gets the lock."""
    tabs = Tabs(3)
    held = asyncio.ensure_future(tabs.work(0, seconds=20))
    await pass_time(1)
    with pytest.raises(TimeoutError, match="'x'"):
        await tabs.work(1, timeout=5)
    await tabs.work(2)
    assert tabs.held == [0, 2]
    await held


@scenario
async def test_other_talk_on_the_channel_is_ignored() -> None:
    """Messages about other things, and rubbish, neither object nor free."""
    tabs = Tabs(2)
    working = asyncio.ensure_future(tabs.work(0, seconds=0.0))
    await pass_time(0.01)
    for message in (
        {"kind": "lock-objection", "lock": "y", "number": 1, "held": True},
        {"kind": "lock-objection", "lock": "x", "held": True},
        {},
    ):
        tabs.channels[1].post(message)
    await working
    assert tabs.held == [0]
