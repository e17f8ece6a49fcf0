"""Close codes: what each asks of us, and reasons that fit."""

from hypothesis import example, given
from hypothesis import strategies as st
from pilito import closecodes
from pilito.closecodes import Verdict, close_verdict

VERDICTS = {
    Verdict.AUTH: {3000, 4001, 4401},
    Verdict.FORBIDDEN: {1008, 3003, 4003, 4403},
    Verdict.REFUSED: {1002, 1003, 1007, 1009, 1010, 4400},
    Verdict.REPLACED: {1000, 4409},
    Verdict.THROTTLED: {1013, 4429},
}


@given(st.integers(0, 70_000))
def test_every_code_has_the_verdict_of_the_design(code: int) -> None:
    """Each code of the table has its verdict, every other one means retry."""
    expected = next((verdict for verdict, codes in VERDICTS.items() if code in codes), Verdict.RETRY)
    assert close_verdict(code) is expected


@given(st.text())
@example("é" * 62)  # the limit is in the middle of its last letter
@example("a" * 124)
def test_a_reason_fits_into_a_close_frame(reason: str) -> None:
    """A cut reason has at most 123 bytes of UTF-8 and is the beginning of the whole."""
    cut = closecodes.fit_reason(reason)
    whole = reason.encode("utf-8", "replace").decode()
    assert whole.startswith(cut)
    assert min(len(whole.encode()), 120) <= len(cut.encode()) <= 123


def test_retry_after_is_read_from_a_reason() -> None:
    """A reason that names seconds is understood in its usual spellings."""
    assert closecodes.retry_after("retry-after=30") == 30
    assert closecodes.retry_after("Retry after: 7 s") == 7
    assert closecodes.retry_after("soon") is None
    assert closecodes.name(4001) == "authentication error"
    assert closecodes.name(4777) == "close code 4777"
