"""A list that the server pages and filters, kept fresh: which request is the latest, and what an unasked push means.

A push is always page 1 without filters, ten rows (``docs/protocol.md``): news, never the answer to what the user looks
at. Answers are told apart by a request id in ``filters``, which the backend echoes.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from pilito.events import Message
from pilito.wire import whole_number

PAGE_SIZE: Final = 20
REQUEST_ID: Final = "_rid"
NUMBERS: Final = frozenset({"page", "priority"})


@dataclass(slots=True)
class Listing:
    """What the user asked for, what the server last said, and which answer is still awaited.

    ``items_key`` is the frame's key with the rows; ``names`` the filters that this list knows.
    """

    items_key: str
    names: tuple[str, ...]
    filters: dict[str, str] = field(default_factory=dict)
    page: int = 1
    rows: list[Message] = field(default_factory=list)
    count: int = 0
    pages: int = 1
    has_next: bool = False
    loaded: bool = False
    awaited: str = ""
    _asked: int = 0

    def from_query(self, query: dict[str, str]) -> None:
        """Take filters and page from the address."""
        self.filters = {name: query[name] for name in self.names if query.get(name)}
        page = whole_number(query.get("page", ""))
        self.page = page if page and page < 1_000_000 else 1

    def query(self) -> dict[str, str]:
        """What belongs into the address: only what differs from the first look."""
        return {**self.filters, **({"page": str(self.page)} if self.page > 1 else {})}

    @property
    def first_look(self) -> bool:
        """Whether the user looks at page 1 without filters, which is what a push shows."""
        return not self.filters and self.page == 1

    def choose(self, name: str, value: str) -> bool:
        """Set a filter, or drop it with ``""``; back to page 1. ``False`` when nothing changes."""
        if name not in self.names or self.filters.get(name, "") == value:
            return False
        if value:
            self.filters[name] = value
        else:
            self.filters.pop(name, None)
        self.page = 1
        return True

    def request(self) -> dict[str, Any]:
        """The ``filters`` of the next request, with an id of its own; earlier answers are old from now on."""
        self._asked += 1
        self.awaited = f"r{self._asked}"
        wanted: dict[str, Any] = {name: _typed(name, value) for name, value in self.filters.items()}
        return {**wanted, "page": self.page, "page_size": PAGE_SIZE, REQUEST_ID: self.awaited}

    def take(self, message: Message) -> bool:
        """Take a list frame. ``True`` when it was the awaited answer, ``False`` for a push or an answer that is old."""
        rows = _rows(message.get(self.items_key))
        echoed = message.get("filters")
        identity = echoed.get(REQUEST_ID) if isinstance(echoed, dict) else None
        if identity is not None:
            if identity != self.awaited:
                return False
            self.awaited = ""
            self._replace(rows, message)
            return True
        if not self.loaded and self.first_look:
            self._replace(rows, message)
        else:
            self._merge(rows)
        return False

    def _replace(self, rows: list[Message], message: Message) -> None:
        pagination = message.get("pagination")
        numbers = pagination if isinstance(pagination, dict) else {}
        self.rows = rows
        self.count = _whole(numbers.get("count"), len(rows))
        self.pages = max(1, _whole(numbers.get("total_pages"), 1))
        self.has_next = numbers.get("has_next") is True
        self.loaded = True

    def _merge(self, rows: list[Message]) -> None:
        """Put newer versions of rows that are shown into their place; on the first look, new ones on top."""
        news = {row["id"]: row for row in rows}
        self.rows = [news.get(row["id"], row) for row in self.rows]
        if self.first_look:
            shown = {row["id"] for row in rows}
            self.rows = [*rows, *(row for row in self.rows if row["id"] not in shown)][:PAGE_SIZE]


def _rows(value: object) -> list[Message]:
    """The rows of a frame, each id once: a tag filter lists a conversation once for each tag."""
    found: dict[str, Message] = {}
    for row in value if isinstance(value, list) else []:
        if isinstance(row, dict) and isinstance(row.get("id"), str | int):
            found.setdefault(str(row["id"]), row)
    return list(found.values())


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default


def _typed(name: str, value: str) -> object:
    if name == "tags":
        return [value]
    number = whole_number(value) if name in NUMBERS else None
    return value if number is None else number
