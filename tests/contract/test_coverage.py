"""The tables in the docs are the ones that the recordings and the rules give."""

import os

import pytest

from tests.contract.coverage import rules, table
from tests.contract.recordings import PROJECT, folder

DESCRIBED = 15
"""How many files of recordings the docs are about."""


def _others() -> bool:
    place = folder()
    return place is None or "PILITO_TRANSCRIPTS" in os.environ or len(list(place.glob("*.jsonl"))) != DESCRIBED


@pytest.mark.skipif(_others(), reason="the docs are about the recordings in ../shared/transcripts")
def test_the_docs_say_what_is_covered() -> None:
    """``docs/protocol.md`` has the tables that ``python -m tests.contract.coverage`` prints."""
    written = (PROJECT / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert table() in written
    assert rules() in written


def test_every_version_is_held_by_rules_in_every_subject() -> None:
    """What no recording shows of a profile is held by rules: no subject of the protocol is left out for any of them."""
    for row in rules().splitlines()[2:]:
        subject, *cells = row.strip("| ").split(" | ")
        assert all(int(cell.split(", ")[1]) > 0 for cell in cells), subject
