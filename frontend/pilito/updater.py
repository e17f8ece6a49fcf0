"""New versions of the application: looked for, offered, and taken at a moment that costs the user nothing."""

from collections.abc import Callable
from typing import Final

from pilito.new_version import Occasion, Situation, may_take, offered
from pilito.ports import PageLife, PageSignal, Scheduler, TimerHandle, Undo, Updates

LOOK_EVERY: Final = 3600.0  # seconds between questions to the server, in a tab that stays open
LOOK_AGAIN: Final = 600.0  # the same, when the tab or the network comes back
REST_EVERY: Final = 10.0  # seconds between looks whether an offered version may be taken


class Updater:
    """``offer`` shows or hides the bar; ``unsent`` and ``connected`` say what the application knows of itself."""

    def __init__(
        self,
        updates: Updates,
        scheduler: Scheduler,
        life: PageLife,
        *,
        offer: Callable[[bool], None],
        unsent: Callable[[], bool],
        connected: Callable[[], bool],
    ) -> None:
        self._updates = updates
        self._scheduler = scheduler
        self._life = life
        self._offer = offer
        self._unsent = unsent
        self._connected = connected
        self._ready = ""
        self._hidden_since: float | None = None
        self._looked = 0.0
        self._timer: TimerHandle | None = None
        self._undo: list[Undo] = []

    def start(self) -> None:
        """Let the browser keep this build, and hear of others. Call when the page is up; a second call does nothing."""
        if not self._undo:
            self._undo = [self._updates.subscribe(self._told), self._life.subscribe(self._life_signal)]
            self._scheduler.spawn(self._begin(), name="updates")

    def release(self) -> None:
        """Stop the clock and stop listening."""
        while self._undo:
            self._undo.pop()()
        self._stop()

    def may_take(self, occasion: Occasion) -> bool:
        """Whether there is a new version and this is a moment for it."""
        return may_take(self._situation(), occasion)

    def take(self) -> None:
        """Load the page anew, with the version that is ready."""
        self._updates.take(self._ready)

    async def _begin(self) -> None:
        if not self._life.visible:
            self._hidden_since = self._scheduler.now()
        if await self._updates.start() and self._undo:
            self._looked = self._scheduler.now()
            self._wait()

    def _told(self, build: str) -> None:
        """The browser's worker says which build a start would get."""
        self._ready = build
        self._offer(offered(self._situation()))
        self._wait()

    def _life_signal(self, signal: PageSignal) -> None:
        now = self._scheduler.now()
        if signal is PageSignal.HIDDEN:
            self._hidden_since = now
        elif signal is PageSignal.VISIBLE:
            self._hidden_since = None
        if self._timer and signal in {PageSignal.VISIBLE, PageSignal.ONLINE} and now - self._looked >= LOOK_AGAIN:
            self._look()

    def _wait(self) -> None:
        self._stop()
        pause = REST_EVERY if offered(self._situation()) else LOOK_EVERY
        self._timer = self._scheduler.call_later(pause, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._scheduler.now() - self._looked >= LOOK_EVERY:
            self._look()
        if self.may_take(Occasion.RESTED):
            self.take()
        else:
            self._wait()

    def _look(self) -> None:
        self._looked = self._scheduler.now()
        self._scheduler.spawn(self._updates.look(), name="look for an update")

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _situation(self) -> Situation:
        hidden = self._hidden_since
        return Situation(
            running=self._updates.build,
            ready=self._ready,
            tried=self._updates.tried,
            typed=self._updates.typed,
            unsent=self._unsent(),
            connected=self._life.online and self._connected(),
            hidden_for=None if hidden is None else self._scheduler.now() - hidden,
            idle_for=self._updates.idle,
        )
