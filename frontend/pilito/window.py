"""Which rows of a long list are in the document: those in view and some around them, with empty space for the rest."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pilito.ports import Row

SMALL: Final = 150  # rows; up to here a list is in the document as a whole
MARGIN: Final = 40  # rows kept ready on each side of what is in view
NEAR: Final = 12  # with fewer left on a side, the window moves
LARGEST: Final = 240  # rows in a window that grows while new ones come
TALLEST: Final = 15_000_000  # CSS pixels; browsers cut elements off at about 17 million


@dataclass(frozen=True, slots=True)
class Space:
    """Room for rows that are left out."""

    rows: int


def window(count: int, first: int, fits: int, current: range) -> range:
    """The rows to have in the document when ``first`` is the topmost in view and about ``fits`` are in view.

    ``current`` stays where it is while there are rows enough on both sides, and grows a little before it moves.
    """
    if count <= SMALL:
        return range(count)
    first = max(0, min(first, count - 1))
    current = range(max(0, min(current.start, count)), max(0, min(current.stop, count)))
    start, stop = max(0, first - NEAR), min(count, first + fits + NEAR)
    if current.start <= start and stop <= current.stop:
        return current
    touching = current and start <= current.stop and current.start <= stop
    grown = range(min(start, current.start), max(stop, current.stop))
    if touching and len(grown) <= LARGEST:
        return grown
    return range(max(0, min(first, count - fits) - MARGIN), min(count, first + fits + MARGIN))


def layout(count: int, shown: range, pinned: Iterable[int] = ()) -> Iterator[int | Space]:
    """The numbers of the rows in the document, from the top, with the space between them. ``pinned`` rows are there
    wherever they are: the one with the focus is not taken away by scrolling."""
    following = 0
    for number in sorted({*shown, *(row for row in pinned if 0 <= row < count)}):
        if number > following:
            yield Space(number - following)
        yield number
        following = number + 1
    if following < count:
        yield Space(count - following)


def unit(average: float, count: int) -> float:
    """How many pixels a row that is left out stands for."""
    return min(average, TALLEST / max(count, 1))


def position(rows: Sequence[Row], key: str, near: Iterable[int]) -> int | None:
    """The number of the row with a key: asked of the rows where they can tell, else looked for, first at ``near``."""
    tell = getattr(rows, "position", None)
    if tell is not None:
        found: int | None = tell(key)
        return found
    for number in near:
        if 0 <= number < len(rows) and rows[number].key == key:
            return number
    return next((number for number, row in enumerate(rows) if row.key == key), None)
