"""Which rows of a long list are in the document."""

from hypothesis import given
from hypothesis import strategies as st
from pilito.markup import Html
from pilito.ports import Row
from pilito.window import LARGEST, MARGIN, NEAR, SMALL, TALLEST, Space, layout, position, unit, window

COUNTS = st.integers(0, 100_000)


def test_a_short_list_is_there_as_a_whole() -> None:
    """Up to a bound there is no window."""
    assert window(SMALL, 70, 10, range(0)) == range(SMALL)


@given(COUNTS, COUNTS, st.integers(1, 60), COUNTS, st.integers(0, LARGEST))
def test_what_is_in_view_is_in_the_document(count: int, first: int, fits: int, start: int, size: int) -> None:
    """Wherever the user is and wherever the window was: the rows in view are there, and never many more."""
    found = window(count, first, fits, range(start, start + size))
    first = max(0, min(first, count - 1))
    assert set(range(first, min(count, first + fits))) <= set(found)
    assert len(found) <= max(SMALL, LARGEST, 2 * MARGIN + 2 * fits)
    assert 0 <= found.start <= found.stop <= count


def test_a_small_step_moves_no_window() -> None:
    """While there are rows enough on both sides the window stays, and it grows by what comes at its end."""
    found = window(10_000, 5000, 10, range(0))
    for first in range(5000 - MARGIN + NEAR, 5000 + MARGIN - NEAR):
        assert window(10_000, first, 10, found) == found
    end = window(10_000, 9_999, 10, range(0))
    assert window(10_001, 9_999, 10, end) == range(end.start, 10_001)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 100), st.lists(st.integers(-5, 600), max_size=3))
def test_rows_and_spaces_add_up(count: int, start: int, size: int, pinned: list[int]) -> None:
    """Every row is either in the document or part of one space, in order; pinned rows are in it."""
    shown = range(min(start, count), min(start + size, count))
    number = 0
    drawn = []
    for part in layout(count, shown, pinned):
        if isinstance(part, Space):
            assert part.rows > 0
            number += part.rows
        else:
            assert part == number
            drawn.append(part)
            number += 1
    assert number == count
    assert set(shown) | {row for row in pinned if 0 <= row < count} == set(drawn)


def test_the_space_is_no_taller_than_a_browser_allows() -> None:
    """A million rows get less room each."""
    assert unit(90, 1000) == 90
    assert unit(90, 1_000_000) * 1_000_000 <= TALLEST


def test_a_key_is_found_near_its_old_place_or_anywhere() -> None:
    """Old places are looked at first, then everywhere; a sequence that can tell is asked."""
    rows = [Row(str(number), Html("")) for number in range(20)]
    assert position(rows, "7", (7, 9)) == 7
    assert position(rows, "7", (-1, 50)) == 7
    assert position(rows, "x", (0,)) is None

    class Telling(list[Row]):
        def position(self, key: str) -> int | None:
            return 3 if key == "told" else None

    assert position(Telling(rows), "told", ()) == 3
