"""What a page starts belongs to it until it ends, and no longer."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from pilito.page import Page, PageContext

from tests.fakes import Clock, pass_time, run


def make_page() -> Page:
    parts: Any = SimpleNamespace(view=None, text=None, format=None, scheduler=Clock())
    return Page(cast(PageContext, parts), {}, {})


def test_what_has_ended_is_forgotten() -> None:
    """A page that stays open for days keeps no trace of timers that fired, were cancelled, or of work that is done."""

    async def scenario() -> None:
        page, fired = make_page(), []
        for number in range(100):
            page.call_later(1, lambda n=number: fired.append(n))  # type: ignore[misc]
            page.call_later(5, lambda: fired.append(-1)).cancel()
            page.spawn(asyncio.sleep(1))
        assert page.working == 200
        await pass_time(2)
        assert (sorted(fired), page.working) == (list(range(100)), 0)
        await pass_time(10)
        assert -1 not in fired

    run(scenario)


def test_leaving_a_page_stops_its_work() -> None:
    """Timers and coroutines of a page that is left do nothing any more; a failed coroutine is forgotten as well."""

    async def scenario() -> None:
        page, done = make_page(), []

        async def work() -> None:
            await asyncio.sleep(1)
            done.append("work")

        async def fails() -> None:
            raise ValueError("mine")

        page.spawn(fails())
        await pass_time()
        assert page.working == 0
        page.spawn(work())
        page.call_later(1, lambda: done.append("timer"))
        await pass_time()
        page.release()
        await pass_time(3)
        assert (done, page.working) == ([], 0)

    run(scenario)
