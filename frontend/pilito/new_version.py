"""When a new version of the application may be taken: a pure decision over what the page and its user are doing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HIDDEN_FOR: Final = 20.0  # seconds: who looks at another tab for a moment finds this one as it was
IDLE_FOR: Final = 300.0  # seconds without a key, a click or a turn of the wheel
UNSENT: Final = "outbox."
"""How the keys of the user's storage begin that hold what is not sent yet."""


class Occasion(StrEnum):
    """Why the question is asked."""

    ASKED = "asked"  # the user has clicked the button
    MOVED = "moved"  # the user goes to another page of the application
    RESTED = "rested"  # time has passed


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that counts. Builds are named; ``""`` is one that is not known."""

    running: str  # the build of this page
    ready: str  # the build that a reload would get
    tried: str  # the build for which this tab has reloaded by itself already
    typed: bool  # a control of the page holds something that the user has put there
    unsent: bool  # a message waits in some outbox of the user's
    connected: bool  # the page is live, so that the new one will be
    hidden_for: float | None  # seconds since nobody can see the tab; None while it is visible
    idle_for: float  # seconds since the user did something


def offered(now: Situation) -> bool:
    """Whether there is another build to take."""
    return bool(now.ready) and bool(now.running) and now.ready != now.running


def may_take(now: Situation, occasion: Occasion) -> bool:
    """Whether to reload now. Unasked never twice for one build, so that a reload that brings nothing ends there."""
    if not offered(now):
        return False
    if occasion is Occasion.ASKED:
        return True
    if now.tried == now.ready or now.typed or now.unsent or not now.connected:
        return False
    if occasion is Occasion.MOVED:
        return True
    return now.idle_for >= IDLE_FOR or (now.hidden_for is not None and now.hidden_for >= HIDDEN_FOR)
