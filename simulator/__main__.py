"""``python -m simulator``: run many seeds, or one with its trace."""

import argparse
import sys

from simulator.batch import Batch, keep, run_many, run_range, shrink, traced
from simulator.plan import Plan, draw

SHOWN = 40  # lines of a trace, and the failures that are cut down


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many runs (2000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--workers", type=int, default=0, help="processes (as many as there are cores)")
    parser.add_argument("--seed", type=int, help="run this seed alone, and print what happened")
    parser.add_argument("--until-failure", action="store_true", help="in one process, up to the first run that fails")
    parser.add_argument("--keep", action="store_true", help="add what fails, cut down, to the regressions")
    flags = parser.parse_args()
    if flags.seed is not None:
        return _show(draw(flags.seed))
    if flags.until_failure:
        batch = run_range(flags.first, flags.seeds, stop_at_failure=True)
    else:
        batch = run_many(flags.first, flags.seeds, workers=flags.workers, progress=_tell)
    print(batch)
    for seed, failure in batch.failures[:SHOWN]:
        print(f"seed {seed}: {failure}")
    if batch.failures and not flags.until_failure:
        short = shrink(draw(batch.failures[0][0]))
        _show(short)
        if flags.keep:
            keep(short)
    return 1 if batch.failures else 0


def _tell(batch: Batch) -> None:
    """A long batch says how far it is, and what has failed, to whoever waits for it."""
    print(batch, *(f"seed {seed}: {failure}" for seed, failure in batch.failures), sep="\n", file=sys.stderr)


def _show(plan: Plan) -> int:
    outcome = traced(plan)
    print(f"{plan.rules}, latency {plan.latency} s, lag {plan.lag} s, begins at {plan.first}")
    print("\n".join(outcome.trace[-SHOWN:]))
    print(outcome.failure or "it holds")
    return 1 if outcome.failure else 0


if __name__ == "__main__":
    sys.exit(main())
