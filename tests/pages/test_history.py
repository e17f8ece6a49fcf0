"""The pages of a conversation, whatever happened between two looks at the newest one."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from pages.messages import GAP_PAGE, PAGE, History, Messages


class Server:
    """Keeps the messages of one conversation and answers requests as the backend does, in pages of at most ``most``."""

    def __init__(self, most: int) -> None:
        self.rows: list[dict[str, Any]] = []
        self._most = most

    def write(self, number: int) -> None:
        for at in range(len(self.rows), len(self.rows) + number):
            stamp = f"2026-11-24T{at // 3600:02d}:{at // 60 % 60:02d}:{at % 60:02d}.000000Z"
            self.rows.append({"id": f"m{at}", "created_at": stamp, "content": str(at), "type": "customer"})

    def page(self, filters: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        end = max(len(self.rows) - filters["offset"], 0)
        rows = self.rows[max(end - min(filters["page_size"], self._most), 0) : end]
        return rows, {"offset": filters["offset"], "count": len(self.rows)}


class Reader:
    """Merges pages as the chat page does."""

    def __init__(self, server: Server) -> None:
        self.server, self.messages, self.history = server, Messages(), History()

    def ask(self, filters: dict[str, Any] | None) -> int:
        """Follow a request to its end; returns how many requests that took."""
        asked = 0
        while filters:
            asked += 1
            rows, pagination = self.server.page(filters)
            self.messages.snapshot(rows, settles=not self.history.is_older(pagination))
            filters = self.history.came(self.messages, rows, pagination)
        return asked

    def newest(self) -> int:
        return self.ask({"offset": 0, "page_size": PAGE})

    def older(self) -> int:
        return self.ask(self.history.older(self.messages))

    def has_all_since_its_oldest(self) -> bool:
        held = [row["id"] for row in self.messages.rows]
        return held == [row["id"] for row in self.server.rows[-len(held) :]] if held else not self.server.rows


def test_more_than_a_page_in_between_is_asked_for_at_once() -> None:
    """After an outage with many messages one request for as many as the backend gives closes the gap."""
    server = Server(GAP_PAGE)
    server.write(200)
    reader = Reader(server)
    assert reader.newest() == 1
    server.write(300)
    assert reader.newest() == 2
    assert len(reader.messages) == 500
    assert reader.has_all_since_its_oldest()
    assert reader.newest() == 1


def test_the_end_is_reached() -> None:
    """Older pages follow each other to the first message, and then there is none."""
    server = Server(GAP_PAGE)
    server.write(120)
    reader = Reader(server)
    reader.newest()
    assert [reader.older(), reader.older(), reader.older()] == [1, 1, 0]
    assert len(reader.messages) == 120
    assert not reader.history.has_older


def test_a_page_that_was_lost_is_asked_for_again() -> None:
    """One older page is on its way at a time, until it is known to be lost."""
    server = Server(GAP_PAGE)
    server.write(120)
    reader = Reader(server)
    reader.newest()
    assert reader.history.older(reader.messages) == {"offset": PAGE, "page_size": PAGE}
    assert reader.history.older(reader.messages) is None
    reader.history.lost()
    assert reader.older() == 1


def test_a_server_that_knows_no_offset_is_not_asked_for_ever() -> None:
    """When the newest page comes in the place of the one behind it, it is asked for once."""
    server = Server(GAP_PAGE)
    server.write(1)
    reader = Reader(server)
    reader.newest()
    server.write(200)
    rows, pagination = server.page({"offset": 0, "page_size": PAGE})
    reader.messages.snapshot(rows, settles=True)
    assert reader.history.came(reader.messages, rows, pagination) == {"offset": PAGE, "page_size": GAP_PAGE}
    assert reader.history.came(reader.messages, rows, pagination) is None


@given(
    st.integers(1, 8),
    st.lists(st.one_of(st.tuples(st.sampled_from(["missed", "live"]), st.integers(1, 30)), st.just(("older", 1)))),
)
@example(4, [("missed", 9), ("live", 2), ("missed", 7), ("live", 1)])
def test_nothing_is_missing_between_newest_and_oldest(most: int, happened: list[tuple[str, int]]) -> None:
    """Whatever came live, was missed, or was scrolled to: after the next newest page no message is missing between."""
    server = Server(most)
    reader = Reader(server)
    reader.newest()
    for what, number in happened:
        if what == "older":
            reader.older()
        else:
            server.write(number)
            for row in server.rows[-number:] if what == "live" else ():
                reader.messages.arrived(row)
        if what != "live":
            reader.newest()
            assert reader.has_all_since_its_oldest()


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers())))
def test_strange_numbers_end_every_request(value: object) -> None:
    """Whatever stands in the place of the numbers, no page leads to a request without an end."""
    history, messages = History(), Messages()
    row = {"id": "a", "created_at": "2026-11-24T12:00:01.000000Z"}
    messages.snapshot([row], settles=True)
    for pagination in ({"offset": value}, {"count": value}, {"offset": value, "count": value}, {}):
        history.came(messages, [row], pagination)
        assert history.came(messages, [], pagination) is None
