"""Waiting for an event for a while."""

import asyncio


async def happens(event: asyncio.Event, *, within: float) -> bool:
    """Return whether the event is set, as soon as it is, or after so many seconds.

    ``asyncio.wait_for`` would do, but it names the moment of its end to the loop, and Pyodide's raises ``ValueError``
    where that moment has just passed, as it has when less than a millisecond is left.
    """
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiter}, timeout=max(within, 0))
    finally:
        waiter.cancel()
    return event.is_set()
