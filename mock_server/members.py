"""Which connections there are: all of them, those of a group, and the numbers of those on a path."""

from collections import Counter
from heapq import heappop, heappush
from typing import Generic, TypeVar

C = TypeVar("C")


class Members(Generic[C]):
    """Connections in the order in which they joined. Every call takes the same time however many there are."""

    def __init__(self) -> None:
        self._all: dict[C, frozenset[str]] = {}  # with the groups of each
        self._groups: dict[str, dict[C, None]] = {}

    def __contains__(self, one: object) -> bool:
        return one in self._all

    def all(self) -> list[C]:
        return list(self._all)

    def of(self, group: str) -> list[C]:
        """Those in a group."""
        return list(self._groups.get(group, ()))

    def add(self, one: C, groups: frozenset[str]) -> None:
        self._all[one] = groups
        for group in groups:
            self._groups.setdefault(group, {})[one] = None

    def remove(self, one: C) -> None:
        """Raises ``KeyError`` for one that is not here."""
        for group in self._all.pop(one):
            members = self._groups[group]
            del members[one]
            if not members:
                del self._groups[group]

    def sizes(self) -> Counter[str]:
        """How many are in each group that has any."""
        return Counter({group: len(members) for group, members in list(self._groups.items())})


class Numbers:
    """Numbers from 1 on, each given to one holder at a time, the lowest free one first."""

    def __init__(self) -> None:
        self._highest = 0
        self._free: list[int] = []

    def next(self) -> int:
        """The number that the next holder will be given."""
        return self._free[0] if self._free else self._highest + 1

    def take(self) -> int:
        if self._free:
            return heappop(self._free)
        self._highest += 1
        return self._highest

    def give_back(self, number: int) -> None:
        heappush(self._free, number)
