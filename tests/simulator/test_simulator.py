"""Whole tabs in a simulated world: a fixed share of the seeds, and every plan that has failed once."""

import os
from dataclasses import replace
from typing import Final

import pytest

from simulator.batch import regressions, run_many
from simulator.clock import START
from simulator.plan import draw, load
from simulator.world import World, run

SEEDS: Final = int(os.environ.get("PILITO_SEEDS", "3000"))


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


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.1, 0.5, 1.0, 5.0])
def test_what_is_taken_down_is_soon_gone(moment: float) -> None:
    """A tab that lets go of everything while it starts, or just after, soon owns no timer and no task."""
    world = World(replace(draw(1), user="1", latency=0.02, actions=()), traced=False)
    world._open("/conversations")
    world._until(START + moment)
    world._take_down()
    world._until(world.clock.now + 0.01)
    assert [(len(tab.timers), len(tab.tasks)) for tab in world.browser.tabs] == [(0, 0)]
