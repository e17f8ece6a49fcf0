"""From one list of keyed rows to the next: what to remove, what to put where, and which text alone has changed."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """``removed`` go first. Then each of ``placed``, new or not, is put before the key named with it, ``None`` for the
    end; in this order that neighbour is always in its place already."""

    removed: list[str]
    placed: list[tuple[str, str | None]]


def plan(old: Sequence[str], new: Sequence[str]) -> Plan:
    """The fewest steps from ``old`` to ``new``: rows that keep their order among themselves are not touched.

    Both hold each key once.
    """
    if old == new:
        return Plan([], [])
    wanted = set(new)
    kept = [key for key in old if key in wanted]
    staying = _staying(kept, new)
    placed: list[tuple[str, str | None]] = []
    neighbour: str | None = None
    for key in reversed(new):
        if key not in staying:
            placed.append((key, neighbour))
        neighbour = key
    return Plan([key for key in old if key not in wanted], placed)


def _staying(kept: Sequence[str], new: Sequence[str]) -> set[str]:
    """The longest run of kept rows that is in the new order already."""
    position = {key: number for number, key in enumerate(new)}
    tails: list[int] = []  # for each length, the smallest last position of a run
    ends: list[int] = []  # and which row that is
    before: list[int] = []
    for number, key in enumerate(kept):
        at = position[key]
        length = bisect_left(tails, at)
        tails[length : length + 1] = [at]
        ends[length : length + 1] = [number]
        before.append(ends[length - 1] if length else -1)
    staying: set[str] = set()
    number = ends[-1] if ends else -1
    while number >= 0:
        staying.add(kept[number])
        number = before[number]
    return staying


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where in a row's markup the whole text of one element stands. ``number``: the element's, in document order."""

    before: str
    after: str
    number: int

    def text(self, html: str) -> str | None:
        """The new text of the leaf, where ``html`` differs in nothing else and the text needs no parsing."""
        if len(html) < len(self.before) + len(self.after):
            return None
        if not (html.startswith(self.before) and html.endswith(self.after)):
            return None
        text = html[len(self.before) : len(html) - len(self.after)]
        return None if "<" in text or "&" in text else text


def leaf(old: str, new: str) -> Leaf | None:
    """The leaf that makes the difference between two markups of ours, or ``None`` where more than one text differs."""
    same = _common(old, new)
    start = old.rfind(">", 0, same) + 1
    end = old.find("<", start)
    tag = old.rfind("<", 0, start)
    if not start or end < 0 or old[tag + 1] == "/" or old[end + 1] != "/" or old.rfind("<", 0, same) >= start:
        return None
    found = Leaf(old[:start], old[end:], old.count("<", 0, start) - old.count("</", 0, start))
    return found if found.text(new) is not None else None


def _common(old: str, new: str) -> int:
    """The length of the common beginning."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if new.startswith(old[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low
