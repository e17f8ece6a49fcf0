"""Many runs: over all cores, with a failing seed cut down to the actions that make it fail."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulator.plan import Plan, draw, load
from simulator.world import Outcome, run

CHUNK: Final = 50  # seeds that a process takes at a time
OFTEN: Final = 5000
REGRESSIONS: Final = Path(__file__).with_name("regressions.jsonl")


@dataclass(slots=True)
class Batch:
    """What a number of runs came to. ``seconds`` are virtual, ``took`` is by the clock on the wall."""

    runs: int = 0
    events: int = 0
    seconds: float = 0.0
    took: float = 0.0
    failures: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: "Batch") -> None:
        self.runs += other.runs
        self.events += other.events
        self.seconds += other.seconds
        self.failures += other.failures

    def __str__(self) -> str:
        took = max(self.took, 1e-9)
        return (
            f"{self.runs:,} runs in {self.took:.1f} s, {len(self.failures)} failed: {self.runs / took:,.0f} runs,"
            f" {self.events / took:,.0f} events and {self.seconds / took:,.0f} s of virtual time a second"
        )


def run_range(first: int, count: int, *, stop_at_failure: bool = False) -> Batch:
    """Run ``count`` seeds from ``first`` on, in this process."""
    batch, began = Batch(), time.perf_counter()
    for seed in range(first, first + count):
        outcome = run(draw(seed))
        batch.runs += 1
        batch.events += outcome.events
        batch.seconds += outcome.seconds
        if outcome.failure:
            batch.failures.append((seed, outcome.failure))
            if stop_at_failure:
                break
    batch.took = time.perf_counter() - began
    return batch


def run_many(first: int, count: int, *, workers: int = 0, progress: Callable[[Batch], None] | None = None) -> Batch:
    """Run ``count`` seeds from ``first`` on in ``workers`` processes, as many as there are cores without a number.

    ``progress`` hears what the runs have come to so far, every ``OFTEN`` runs.
    """
    whole, began = Batch(), time.perf_counter()
    workers = workers or os.cpu_count() or 1
    starts = range(first, first + count, CHUNK)
    counts = [min(CHUNK, first + count - start) for start in starts]
    with ProcessPoolExecutor(workers) as pool:
        for part in pool.map(run_range, starts, counts):
            whole.add(part)
            if progress and whole.runs % OFTEN == 0:
                whole.took = time.perf_counter() - began
                progress(whole)
    whole.took = time.perf_counter() - began
    return whole


def shrink(plan: Plan) -> Plan:
    """Leave out actions, many at a time and then one by one, for as long as what is left still fails."""
    size = max(len(plan.actions) // 2, 1)
    while size:
        for start in range(len(plan.actions) - size, -1, -size):
            shorter = plan.without(*range(start, start + size))
            if run(shorter).failure:
                plan = shorter
                break
        else:
            size //= 2
    return plan


def traced(plan: Plan) -> Outcome:
    """Run a plan and keep what happened."""
    return run(plan, traced=True)


def regressions() -> Iterator[Plan]:
    """Every plan that has failed once and must not again."""
    if REGRESSIONS.is_file():
        for line in REGRESSIONS.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield load(line)


def keep(plan: Plan) -> None:
    """Add a plan to the regressions."""
    with REGRESSIONS.open("a", encoding="utf-8") as file:
        file.write(plan.dump() + "\n")
