"""``python -m tools.fuzz --frames 1000000``: random and mutated frames into a live manager, none of which may hurt it.

A frame may be delivered, reported, swallowed as the answer to a probe, or end the connection where it is one of the
three control frames that are meant to. It may not raise, take long, end the connection otherwise, or leave it without
its timers. Prints the counts and the seconds; exit status 1 and the first offenders when a frame did harm.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "frontend"))

from pages.live_list import Listing  # noqa: E402
from pages.messages import Messages  # noqa: E402
from pilito import wire  # noqa: E402
from pilito.carriers import QueryCarrier  # noqa: E402
from pilito.events import LifecycleEvent, State  # noqa: E402
from pilito.exceptions import FrameError  # noqa: E402
from pilito.manager import WebSocketManager  # noqa: E402
from pilito.ports import Issued, SocketSink, TimerHandle, TokenAnswer  # noqa: E402

from tools.mutations import SEEDS, Frame, mutated  # noqa: E402

RECORDED: Final = Path(os.environ.get("PILITO_SHARED", ROOT.parent / "shared")) / "transcripts" / "frame-samples.jsonl"
TOO_LONG: Final = 1.0  # CPU seconds for one frame
ENDING: Final = frozenset({wire.Control.AUTH_ERROR, wire.Control.DENIED, wire.Control.REPLACED})
GREETING: Final = '{"type":"connection_established","message":"welcome"}'


@dataclass(slots=True)
class Report:
    """What became of the frames: counts by kind and outcome, and the offenders as ``(what, kind, frame)``."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    offenders: list[tuple[str, str, Frame]] = field(default_factory=list)
    slowest: float = 0.0  # CPU seconds of one frame
    seconds: float = 0.0

    @property
    def frames(self) -> int:
        return self.outcomes.total()


class _Timer:
    def __init__(self, running: "set[_Timer]") -> None:
        self._running = running
        running.add(self)

    def cancel(self) -> None:
        self._running.discard(self)


class _Now:
    """``Scheduler``: timers never fire, and work is done at once."""

    def __init__(self) -> None:
        self.time = 1_790_000_000.0
        self.running: set[_Timer] = set()

    def now(self) -> float:
        return self.time

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        return _Timer(self.running)

    def spawn(self, work: Awaitable[None], *, name: str) -> TimerHandle:
        for _ in work.__await__():
            raise AssertionError(f"{name} waits for something")
        return _Timer(set())


class _Connector:
    def open(self, generation: int, url: str, protocols: Sequence[str], sink: SocketSink) -> None: ...

    def send(self, text: str) -> bool:
        return True

    def abandon(self, code: int, reason: str) -> None: ...

    def release(self) -> None: ...


class _Tokens:
    async def token(self, endpoint: str, *, verify: bool, refused: str | None, failures: int) -> TokenAnswer:
        return Issued("TOKEN")

    async def healthy(self) -> bool:
        return True


class _Quiet:
    def log(self, level: str, text: str) -> None: ...

    def random(self) -> float:
        return 0.5


class Victim:
    """A connected manager whose listeners are the models of the pages."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        self._scheduler, quiet = _Now(), _Quiet()
        self.manager = WebSocketManager(
            "/ws/chat/a/",
            url="ws://shop.test/ws/chat/a/",
            connector=_Connector(),
            tokens=_Tokens(),
            scheduler=self._scheduler,
            random=quiet,
            console=quiet,
            carrier=QueryCarrier(),
        )
        self.manager.on(LifecycleEvent.ERROR, self._reported)
        self._listen()
        self.revive()

    def _listen(self) -> None:
        rows, messages = Listing("conversations", ("search",)), Messages()
        rows.request()
        self.manager.on_message("conversations_list", lambda message: rows.take(message))
        self.manager.on_message("chat_message", lambda message: messages.arrived(message.get("message")))
        for name in ("conversations_list", "customers_list", "recent_messages", "chat_message", "error", ""):
            self.manager.on_message(name, lambda _: self.heard.update(("delivered",)))

    def _reported(self, detail: dict[str, Any]) -> None:
        self.heard.update(("listener raised" if "A listener" in detail["message"] else "reported",))

    def revive(self) -> None:
        """Connect, or connect anew: a control frame may end the connection, and then everything begins again."""
        self.manager.disconnect()
        self._scheduler.time += 1000
        self.manager.connect()
        generation = self.manager.generation
        self.manager.socket_opened(generation)
        self.manager.socket_frames(generation, [GREETING])
        assert self.manager.state is State.READY

    def take(self, frame: Frame) -> str:
        """Take one frame and return its outcome. Raises what the manager lets through."""
        self.heard.clear()
        self._scheduler.time += 0.01
        self.manager.socket_frames(self.manager.generation, [frame])
        if self.manager.state is not State.READY:
            return "ended as asked" if _is_ending(frame) else "killed the connection"
        if not self._scheduler.running:
            return "lost the timers"
        if self.heard["listener raised"]:
            return "made a listener raise"
        return next(iter(self.heard), "dropped")


def _is_ending(frame: Frame) -> bool:
    try:
        return wire.control(wire.decode(frame)) in ENDING
    except FrameError:
        return False


HARMLESS: Final = ("delivered", "dropped", "reported", "ended as asked")


def attack(frames: int, seed: int, honest: Sequence[dict[str, Any]] = SEEDS) -> Report:
    """Send ``frames`` frames into one manager and report what became of each."""
    report, victim, started = Report(), Victim(), time.perf_counter()
    for kind, frame in _take(mutated(seed, honest), frames):
        before = time.thread_time()
        try:
            outcome = victim.take(frame)
        except Exception as error:
            outcome = f"raised {type(error).__name__}"
        spent = time.thread_time() - before
        report.slowest = max(report.slowest, spent)
        if spent > TOO_LONG:
            outcome = "took long"
        report.outcomes[kind, outcome] += 1
        if outcome not in HARMLESS:
            report.offenders.append((outcome, kind, frame))
        if victim.manager.state is not State.READY or outcome not in HARMLESS:
            victim.revive()
    report.seconds = time.perf_counter() - started
    return report


def _take(source: Iterable[tuple[str, Frame]], count: int) -> Iterable[tuple[str, Frame]]:
    return (item for item, _ in zip(source, range(count), strict=False))


def recorded() -> list[dict[str, Any]]:
    """The frames recorded from the real backend, where the recordings lie beside the project; else our own shapes."""
    if not RECORDED.is_file():
        return list(SEEDS)
    lines = (json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines())
    return [line["frame"] for line in lines if isinstance(line.get("frame"), dict)] + list(SEEDS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    honest = recorded()
    report = attack(arguments.frames, arguments.seed, honest)
    print(
        f"{report.frames:,} frames from {len(honest)} honest ones, seed {arguments.seed}, in {report.seconds:.0f} s\n"
    )
    outcomes = sorted({outcome for _, outcome in report.outcomes})
    print(f"| kind | frames | {' | '.join(outcomes)} |\n|---|---:|{'---:|' * len(outcomes)}")
    for kind in sorted({kind for kind, _ in report.outcomes}):
        counts = [report.outcomes[kind, outcome] for outcome in outcomes]
        print(f"| {kind} | {sum(counts):,} | {' | '.join(f'{count:,}' for count in counts)} |")
    print(f"\nThe slowest frame took {report.slowest * 1000:.0f} ms of CPU; {len(report.offenders)} did harm.")
    for outcome, kind, frame in report.offenders[:10]:
        print(f"  {outcome} ({kind}): {str(frame)[:300]!r}")
    return 1 if report.offenders else 0


if __name__ == "__main__":
    sys.exit(main())
