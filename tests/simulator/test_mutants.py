"""Broken variants of the client: a few are tried here, all of them by ``make mutants``."""

from typing import Final

import pytest

from simulator.mutants import FRONTEND, Variant, trial, variants

QUICK: Final = (
    "no jitter",
    "a socket for each subscriber",
    "disconnect leaves the socket open",
    "disconnected is announced twice",
    "a token in a printed address",
    "what is written is not kept",
)
RUNS: Final = 100


def test_every_variant_breaks_the_client_as_it_is() -> None:
    """There are at least twenty-five, no two of a name, and what each replaces is there."""
    every = variants()
    assert len({variant.name for variant in every}) == len(every) >= 25
    for variant in every:
        assert variant.before != variant.after
        assert variant.before in (FRONTEND / variant.file).read_text(), variant.name


@pytest.mark.parametrize("name", QUICK)
def test_a_broken_client_shows(name: str) -> None:
    """Within few runs an invariant complains, and nobody has told the simulator what to look for."""
    (variant,) = (variant for variant in variants() if variant.name == name)
    assert trial(variant, RUNS).failure


def test_the_client_as_it_is_does_not_show() -> None:
    """What shows is the defect, not the copy that a trial is made with."""
    whole = Variant("nothing is changed", "pilito/policy.py", "max_attempts: int = 5", "max_attempts: int = 5")
    verdict = trial(whole, 20)
    assert (verdict.runs, verdict.failure) == (20, "")


def test_a_variant_that_no_longer_fits_is_an_error() -> None:
    """A variant whose text has changed would survive unseen."""
    with pytest.raises(ValueError, match="write the variant anew"):
        trial(Variant("of yesterday", "pilito/policy.py", "max_attempts: int = 7", "x"), 1)
