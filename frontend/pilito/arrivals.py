"""What has arrived on a socket and is not handed over yet: frames in order, then the close.

A browser event for each frame is collected without calling Python. :meth:`Arrivals.turn` hands the frames over in
batches, for a few milliseconds at a time, and then asks for another turn, so that a flood leaves the browser time to
paint and to hear the keyboard. Nothing is lost and nothing overtakes: a close waits until every frame before it has
been handed over, and what belongs to an abandoned socket is dropped.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from pilito.ports import SocketSink

TURN: Final = 0.008  # seconds of work before the browser gets a turn: half of a frame on the screen
BATCH: Final = 64  # frames in one crossing at most
FIRST: Final = 12  # frames in the first batch of a turn at most: they may cost more than those before them
BEHIND: Final = 400  # frames left after a turn: from here on the user is told


class Source(Protocol):
    """Where the browser keeps the frames of the current socket."""

    def take(self, limit: int) -> Sequence[str | None]:
        """Remove and return the oldest frames, at most ``limit``; ``None`` stands for a binary frame."""

    def waiting(self) -> int:
        """How many have arrived and are not taken."""

    def wake(self) -> None:
        """See that :meth:`Arrivals.turn` is called once more, soon and in a task of its own."""

    def watch(self) -> None:
        """See that it is called once, soon after the next frame has arrived."""

    def drop(self) -> None:
        """Forget what is not taken."""


class Arrivals:
    """The frames and the close of one socket after the other."""

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock  # seconds
        self._generation = 0
        self._sink: SocketSink | None = None
        self._close: tuple[int, str] | None = None
        self._pace = TURN / FIRST  # seconds for a frame, as they were of late
        self._behind = False
        self._busy = False

    def begin(self, generation: int, sink: SocketSink) -> None:
        """A new socket is dialled; what is left of an earlier one is dropped."""
        self.drop()
        self._generation, self._sink = generation, sink

    def drop(self) -> None:
        """The socket is abandoned: nothing more is heard of it."""
        self._source.drop()
        self._sink = self._close = None
        self._behind = False

    def opened(self) -> None:
        """The socket is open; no frame can have arrived before."""
        if self._sink:
            self._source.watch()
            self._sink.socket_opened(self._generation)

    def closed(self, code: int, reason: str) -> None:
        """The socket is closed; said once the frames before it have been handed over."""
        self._close = (code, reason)
        self.turn()

    def turn(self) -> None:
        """Hand over what there is, for about ``TURN`` seconds."""
        if self._busy:  # a handler that lets the browser run, such as a dialog
            self._source.wake()
            return
        self._busy = True
        try:
            done = self._hand_over()
        finally:
            self._busy = False
        if self._sink is None:
            return
        if not done:
            self._source.wake()
        elif self._close is not None:
            self._say_closed(*self._close)
        else:
            self._source.watch()

    def _hand_over(self) -> bool:
        """Return whether nothing is left."""
        sink, generation = self._sink, self._generation
        began = now = self._clock()
        most = FIRST
        while sink is not None and sink is self._sink and generation == self._generation:
            frames = self._source.take(min(most, self._fitting(TURN - (now - began))))
            if not frames:
                self._tell_behind(False)
                return True
            sink.socket_frames(generation, frames)
            before, now = now, self._clock()
            pace = (now - before) / len(frames)
            self._pace, most = max(pace, (self._pace + pace) / 2), BATCH
            if now - began >= TURN:
                return self._pause()
        return True

    def _pause(self) -> bool:
        left = self._source.waiting() if self._sink else 0
        if left > BEHIND:
            self._tell_behind(True)
        elif not left:
            self._tell_behind(False)
        return not left

    def _fitting(self, seconds: float) -> int:
        """How many frames are likely to be done within ``seconds``."""
        return max(1, min(BATCH, int(seconds / self._pace))) if self._pace > 0 else BATCH

    def _tell_behind(self, behind: bool) -> None:
        if behind is not self._behind and self._sink:
            self._behind = behind
            self._sink.socket_behind(self._generation, behind)

    def _say_closed(self, code: int, reason: str) -> None:
        sink, self._sink, self._close = self._sink, None, None
        if sink:
            sink.socket_closed(self._generation, code, reason)
