"""Answers over HTTP, of the backend or of whatever stands between."""

import pytest
from pilito.auth_api import parse_answer
from pilito.wire import DEEPEST_NESTING, LONGEST_FRAME


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *((None, None), ("30", 30), ("0", 0), ("999999999", 999_999_999)),
        *(("", None), ("-5", None), ("1.5", None), ("1e3", None), ("\u00b2", None), ("9" * 10, None)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_whole_seconds_or_nothing(header: str | None, seconds: int | None) -> None:
    """A date, a fraction, a sign, an odd digit and an absurd number are passed over, and nothing raises."""
    assert parse_answer(429, "{}", header).retry_after == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "<!doctype html>", "{broken", '{"a": NaN}', '{"a": 1} and more'),
        "[" * 100_000,
        "[" * (DEEPEST_NESTING + 1) + "]" * (DEEPEST_NESTING + 1),
        '"' + "a" * LONGEST_FRAME + '"',
    ],
    ids=["nothing", "HTML", "broken", "no number", "more", "open for ever", "deep", "long"],
)
def test_a_body_that_cannot_be_read_safely_is_none(text: str) -> None:
    """What is not JSON, nests too deep for a browser's stack, or is larger than any honest answer is never parsed."""
    assert parse_answer(200, text).body is None


@pytest.mark.parametrize("text", [' {"success": true}\n', '{"success": true}'])
def test_a_body_is_its_json_value(text: str) -> None:
    """White space around it is no part of it."""
    assert parse_answer(200, text).body == {"success": True}
