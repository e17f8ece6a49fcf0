"""The badge and the banner over time."""

import pytest
from pages.strings import LANGUAGES
from pilito.events import Reason, State
from pilito.registry import ConnectionInfo
from pilito.shell import BANNER_AFTER, Shell
from pilito.text import Catalogue

from simulator.document import PlainFormatter, SimDocument
from tests.fakes import Clock, pass_time
from tests.pilito.tabs import LIST, scenario


def _shell(clock: Clock) -> Shell:
    document = SimDocument(lambda owner: None)
    text = Catalogue(LANGUAGES, PlainFormatter())
    nothing = lambda *_: None  # noqa: E731
    return Shell(
        document, text, clock, retry=nothing, logout=nothing, set_language=nothing, set_theme=nothing, update=nothing
    )


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.REPLACED, Reason.EXHAUSTED])
@scenario
async def test_a_banner_that_is_shown_needs_no_clock(reason: Reason) -> None:
    """While nothing dials by itself a tab wakes every second until the banner is there, and then no more."""
    clock = Clock()
    shell = _shell(clock)
    shell.show([ConnectionInfo(LIST, State.SUSPENDED, reason, 0, 1, None, False)])
    assert clock.pending == 1
    await pass_time(BANNER_AFTER + 1)
    assert clock.pending == 0


@scenario
async def test_a_countdown_goes_on() -> None:
    """While an attempt is waited for, the seconds are counted, with the banner or without it."""
    clock = Clock()
    shell = _shell(clock)
    shell.show([ConnectionInfo(LIST, State.WAITING, Reason.LOST, 1, 1, clock.now() + 30, False)])
    await pass_time(BANNER_AFTER + 5)
    assert clock.pending == 1
    shell.release()
    assert clock.pending == 0
