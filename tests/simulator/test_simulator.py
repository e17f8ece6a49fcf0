"""Whole tabs in a simulated world: a fixed share of the seeds, and every plan that has failed once."""

import os
from typing import Final

from simulator.batch import regressions, run_many
from simulator.plan import draw, load
from simulator.world import run

SEEDS: Final = int(os.environ.get("PILITO_SEEDS", "600"))


def test_every_invariant_holds_in_every_run() -> None:
    """However the network, the server, the browser and the users behave, nothing that must not be is ever seen."""
    batch = run_many(0, SEEDS)
    assert batch.runs == SEEDS
    assert batch.failures == []


def test_a_plan_that_has_failed_once_does_not_fail_again() -> None:
    """Every kept plan, cut down to the actions that made it fail, holds now."""
    kept = list(regressions())
    assert kept
    assert [outcome.failure for outcome in map(run, kept) if outcome.failure] == []


def test_a_seed_is_one_run() -> None:
    """The same seed gives the same plan, and the same plan, written down and read again, the same events."""
    plan = draw(7)
    assert draw(7) == plan == load(plan.dump())
    first, again = run(plan, traced=True), run(load(plan.dump()), traced=True)
    assert first == again
