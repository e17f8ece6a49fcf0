"""The table in the docs is the one that the recordings give."""

import os

import pytest

from tests.contract.coverage import table
from tests.contract.recordings import PROJECT, folder

DESCRIBED = 15
"""How many files of recordings the docs are about."""


def _others() -> bool:
    place = folder()
    return place is None or "PILITO_TRANSCRIPTS" in os.environ or len(list(place.glob("*.jsonl"))) != DESCRIBED


@pytest.mark.skipif(_others(), reason="the docs are about the recordings in ../shared/transcripts")
def test_the_docs_say_what_is_covered() -> None:
    """``docs/protocol.md`` has the table that ``python -m tests.contract.coverage`` prints."""
    assert table() in (PROJECT / "docs" / "protocol.md").read_text(encoding="utf-8")
