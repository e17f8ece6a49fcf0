"""Waiting for an event, on a loop that is as strict as Pyodide's."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import TypeVar

import pytest
from pilito.waiting import happens

T = TypeVar("T")


class Strict(asyncio.SelectorEventLoop):
    """Takes no moment that has passed, as Pyodide's; each look at its clock takes a millisecond."""

    looks = 0

    def time(self) -> float:
        self.looks += 1
        return self.looks / 1000

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        if delay < 0:
            raise ValueError("Can't schedule in the past")
        return super().call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_later(when - self.time(), callback, *args, context=context)


def on_a_strict_loop(work: Coroutine[None, None, T]) -> T:
    with asyncio.Runner(loop_factory=Strict) as runner:
        return runner.run(work)


@pytest.mark.parametrize("within", [-1.0, 0.0, 0.0015, 0.01])
def test_a_wait_ends_on_any_loop(within: float) -> None:
    """However little time is left, and whenever the loop looks at its clock, an event that never comes is no error."""
    assert not on_a_strict_loop(happens(asyncio.Event(), within=within))


def test_why_a_timeout_would_not_do() -> None:
    """``asyncio.timeout``, of which ``wait_for`` is made since Python 3.12, names a moment that has passed by then."""

    async def wait() -> None:
        async with asyncio.timeout(0.0015):
            await asyncio.Event().wait()

    with pytest.raises(ValueError, match="in the past"):
        on_a_strict_loop(wait())


def test_an_event_ends_the_wait() -> None:
    """The answer is yes as soon as the event is set, before the wait or in it."""

    async def wait() -> tuple[bool, bool]:
        event = asyncio.Event()
        asyncio.get_running_loop().call_soon(event.set)
        return await happens(event, within=1000), await happens(event, within=0)

    assert on_a_strict_loop(wait()) == (True, True)


def test_a_wait_that_is_cancelled_leaves_nothing() -> None:
    """No task of it goes on."""

    async def cancel() -> int:
        task = asyncio.ensure_future(happens(asyncio.Event(), within=1000))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert on_a_strict_loop(cancel()) == 1
