"""At most one repaint for each frame of the screen, however many messages came in."""

from collections.abc import Callable
from typing import Final

from pilito.ports import TimerHandle

FRAME: Final = 1 / 60  # seconds


class Painter:
    """Calls ``paint``: at once when the last time is long enough ago, else once for all that wanted it meanwhile.

    ``call_later`` is the page's, so that a page that is left paints no more.
    """

    def __init__(
        self, call_later: Callable[[float, Callable[[], None]], TimerHandle], paint: Callable[[], None]
    ) -> None:
        self._call_later = call_later
        self._paint = paint
        self._resting = False
        self._wanted = False

    def soon(self) -> None:
        """A message has changed something."""
        if self._resting:
            self._wanted = True
        else:
            self.now()

    def now(self) -> None:
        """The user has changed something, and waits. What else was wanted is painted with it."""
        self._wanted = False
        if not self._resting:
            self._resting = True
            self._call_later(FRAME, self._rested)
        self._paint()

    def _rested(self) -> None:
        self._resting = False
        if self._wanted:
            self.now()
