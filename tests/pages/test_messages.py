"""The fate of every message that the user writes, in whatever order things happen."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pages.messages import Fate, Gone, Messages, moment
from pages.outbox import Outbox
from pilito.ports import Undo


def row(identity: str, at: int, content: str = "x", kind: str = "support") -> dict[str, Any]:
    stamp = f"2026-11-24T12:00:{at:02d}.000000Z"
    return {"id": identity, "created_at": stamp, "content": content, "type": kind}


def test_order_is_by_time_and_then_arrival() -> None:
    """Both spellings of time sort alike, equal times keep the server's order, each id is there once."""
    messages = Messages()
    messages.snapshot([row("b", 2), row("a", 1), row("c", 2)], settles=True)
    messages.arrived({**row("d", 1), "created_at": "2026-11-24T12:00:01+00:00"})
    messages.arrived(row("a", 1, "new content"))
    assert [m["id"] for m in messages.rows] == ["a", "d", "b", "c"]
    assert messages.rows[0]["content"] == "new content"
    assert moment({"created_at": "2026-11-24T12:00:01.5Z"})[1] == 500_000
    assert moment({}) == ("", 0)
    assert moment({"created_at": "2026-11-24T12:00:01.²Z"}) == ("2026-11-24T12:00:01", 0)


def test_rows_that_are_none_are_left_out() -> None:
    """What is no message is ignored."""
    messages = Messages()
    assert messages.snapshot([None, 5, {}, {"id": 7}, {"id": ""}, row("a", 1)], settles=True) == 1


def test_an_echo_settles_the_oldest_of_equal_texts() -> None:
    """Two equal messages are settled one by one, and another's message settles nothing."""
    messages = Messages()
    messages.write("p1", " hi ", sent=True)
    messages.write("p2", "hi", sent=True)
    messages.arrived(row("x", 1, "hi", "customer"))
    assert len(messages.own) == 2
    messages.arrived(row("a", 2, "hi"))
    assert [own.key for own in messages.own] == ["p2"]
    messages.arrived(row("a", 2, "hi"))
    assert [own.key for own in messages.own] == ["p2"]


def test_rows_that_come_in_the_wrong_order_settle_what_they_fit() -> None:
    """Of equal texts the newer row settles the one that was sent later, though the other row is still to come."""
    messages = Messages()
    messages.write("p1", "hi", sent=True)
    messages.arrived(row("x", 10, "news", "customer"))
    messages.write("p2", "hi", sent=True)
    messages.dropped()
    messages.snapshot([row("b", 20, "hi")], settles=True)
    assert [own.key for own in messages.own] == ["p1"]
    messages.snapshot([row("a", 5, "hi"), row("x", 10, "news", "customer")], settles=True)
    assert messages.own == []


def test_an_old_message_with_the_same_text_settles_nothing() -> None:
    """Neither an older page nor a row from before the sending is taken for the echo."""
    messages = Messages()
    messages.snapshot([row("n", 30, "other")], settles=True)
    messages.write("p", "hi", sent=True)
    messages.snapshot([row("o", 1, "hi")], settles=False)
    messages.snapshot([row("q", 2, "hi")], settles=True)
    assert messages.has(Fate.SENDING)


def test_the_same_words_from_before_are_not_the_echo_after_a_reload() -> None:
    """A page that begins anew meets the row that was newest when the words were written once more, and keeps those."""
    before, drawer = Messages(), Drawer()
    before.snapshot([row("a", 30, "hi")], settles=True)
    before.write("p", "hi", sent=True)
    Outbox(drawer, "x").keep(before.own)
    after = Messages()
    after.load(Outbox(drawer, "x").load())
    after.snapshot([row("a", 30, "hi")], settles=True)
    assert after.has(Fate.UNKNOWN)
    after.snapshot([row("a", 30, "hi"), row("b", 30, "hi")], settles=True)
    assert after.own == []


def test_an_echo_of_the_same_words_is_not_used_again_after_a_reload() -> None:
    """The echo of one message settles one: a page that begins anew does not take it for another's."""
    before, drawer = Messages(), Drawer()
    before.write("lost", "hi", sent=True)
    before.dropped()
    before.write("sent", "hi", sent=True)
    before.arrived(row("a", 30, "hi"))
    assert len(before.own) == 1
    Outbox(drawer, "x").keep(before.own)
    after = Messages()
    after.load(Outbox(drawer, "x").load())
    after.snapshot([row("a", 30, "hi")], settles=True)
    assert after.own != []


def test_an_echo_that_another_tab_has_used_is_not_used_here() -> None:
    """Of two messages with the same words the row settles one, whichever tab sees it first."""
    here, elsewhere = Messages(), Messages()
    elsewhere.write("lost", "hi", sent=True)
    elsewhere.dropped()
    own = elsewhere.write("sent", "hi", sent=True)
    here.changed_elsewhere("sent", own)
    elsewhere.arrived(row("a", 30, "hi"))
    here.changed_elsewhere("sent", elsewhere.own[0])
    here.snapshot([row("a", 30, "hi")], settles=True)
    assert [own.key for own in here.own] == ["sent"]


def two_tabs() -> tuple[Messages, Messages]:
    """One has written, and another has heard of it, a message that no snapshot has."""
    here, elsewhere = Messages(), Messages()
    elsewhere.changed_elsewhere("lost", here.write("lost", "hi", sent=True))
    for messages in (here, elsewhere):
        messages.dropped()
        messages.looked_in_vain()
    return here, elsewhere


def test_a_row_that_another_tab_took_for_the_lost_one_is_no_other_messages_here() -> None:
    """Of the same words, written twice and stored once, one stays, though a tab saw the row before it knew of both."""
    for row_first in (False, True):
        here, elsewhere = two_tabs()
        again = here.write("again", "hi", sent=True)
        elsewhere.arrived(row("a", 30, "hi"))
        assert elsewhere.own == []
        if row_first:
            here.arrived(row("a", 30, "hi"))
        here.changed_elsewhere("lost", Gone.SETTLED)
        here.arrived(row("a", 30, "hi"))
        assert [own.key for own in here.own] == ["again"]
        elsewhere.changed_elsewhere("again", again)
        elsewhere.dropped()
        assert [own.seen for own in elsewhere.own] == [("a",)]


def test_what_was_settled_elsewhere_by_a_row_that_is_here_is_settled_here() -> None:
    """A row that came before the news of the message was no echo then, and is one once another tab says so."""
    here, elsewhere = Messages(), Messages()
    here.arrived(row("a", 30, "hi"))
    here.changed_elsewhere("sent", elsewhere.write("sent", "hi", sent=True))
    assert [own.key for own in here.own] == ["sent"]
    here.changed_elsewhere("sent", Gone.SETTLED)
    assert here.own == []


def test_what_the_user_gives_up_in_one_tab_is_gone_in_the_others() -> None:
    """A discarded message leaves every tab, also where only a row would settle it."""
    drawer = Drawer()
    here, elsewhere = two_tabs()
    outbox = Outbox(drawer, "x")
    outbox.keep(here.own)
    here.discard("lost")
    outbox.discard("lost")
    assert drawer.entries == {}
    for text in drawer.said["outbox.x.lost"]:
        change = Outbox(drawer, "x").changed("outbox.x.lost", text)
        assert change
        elsewhere.changed_elsewhere(*change)
    assert elsewhere.own == []


def test_after_a_drop_the_snapshot_decides() -> None:
    """Found in the snapshot: done. Not found, twice: the user decides. A queued message waits for the user."""
    messages = Messages()
    messages.write("found", "one", sent=True)
    messages.write("lost", "two", sent=True)
    messages.write("typed", "three", sent=False)
    assert messages.dropped()
    messages.snapshot([row("a", 1, "one")], settles=True)
    assert [(own.key, own.fate) for own in messages.own] == [("lost", Fate.UNKNOWN), ("typed", Fate.QUEUED)]
    assert messages.looked_in_vain()
    assert messages.has(Fate.MISSING)
    messages.resent("lost")
    messages.arrived(row("b", 2, "two"))
    assert [own.key for own in messages.own] == ["typed"]


class Drawer:
    """``Storage``, shared by the outboxes of a test."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.said: dict[str, list[str | None]] = {}  # what another tab would hear of each

    def get(self, key: str) -> str | None:
        return self.entries.get(key)

    def set(self, key: str, value: str) -> bool:
        self.entries[key] = value
        self.said.setdefault(key, []).append(value)
        return True

    def remove(self, key: str) -> None:
        self.entries.pop(key, None)
        self.said.setdefault(key, []).append(None)

    def keys(self) -> list[str]:
        return [*self.entries]

    def subscribe(self, callback: Callable[[str | None, str | None], None]) -> Undo:
        raise NotImplementedError


def test_what_is_unsent_survives_a_reload() -> None:
    """After a reload what was on its way is unknown, the rest as it was; rubbish in storage is nothing."""
    drawer = Drawer()
    messages, again = Messages(), Messages()
    messages.write("a", "sent <b>", sent=True)
    messages.write("b", "queued", sent=False)
    Outbox(drawer, "x").keep(messages.own)
    strange = ("", "{", "[" * 100_000, "[1]", '["a"]', "null", '["a","nonsense","",0]', '["a","queued","",Infinity]')
    for number, rubbish in enumerate(strange):
        drawer.set(f"outbox.x.rubbish{number}", rubbish)
    drawer.set("outbox.xy.c", '["of another conversation","queued","",0]')
    again.load(Outbox(drawer, "x").load())
    assert [(own.text, own.fate) for own in again.own] == [("sent <b>", Fate.UNKNOWN), ("queued", Fate.QUEUED)]


def test_tabs_do_not_write_over_each_others_messages() -> None:
    """A tab that has not seen another tab's message yet leaves it in storage when it stores its own."""
    drawer = Drawer()
    for name in ("a", "b"):
        messages = Messages()
        messages.write(name, f"text {name}", sent=False)
        Outbox(drawer, "x").keep(messages.own)
    assert [own.text for own in Outbox(drawer, "x").load()] == ["text a", "text b"]


def test_late_news_of_another_tab_brings_nothing_back() -> None:
    """What is settled or discarded here stays so, what is on its way from here is not taken away, the rest follows."""
    messages, drawer = Messages(), Drawer()
    outbox = Outbox(drawer, "x")
    settled, sent, queued = (messages.write(key, key, sent=key != "queued") for key in ("settled", "sent", "queued"))
    outbox.keep(messages.own)
    messages.arrived(row("1", 1, "settled"))
    old = drawer.entries["outbox.x.settled"]
    for key, text in (("outbox.x.settled", old), ("outbox.x.sent", None), ("outbox.x.queued", None), ("other", "x")):
        change = outbox.changed(key, text)
        if change:
            messages.changed_elsewhere(*change)
    assert messages.own == [sent]
    assert settled.fate is Fate.SENDING
    assert queued.fate is Fate.QUEUED


ACTIONS = st.lists(
    st.sampled_from(["send", "queue", "echo", "echo again", "drop", "snapshot", "look", "resend", "fail"]), max_size=40
)


@given(ACTIONS)
def test_no_message_is_lost_and_none_is_doubled(actions: list[str]) -> None:
    """In any order of events each message is in exactly one place: ours, or a row of the server's that came from it."""
    messages, stored, written = Messages(), [], 0
    for step, action in enumerate(actions):
        if action in ("send", "queue"):
            written += 1
            own = messages.write(f"p{written}", f"text {written}", sent=action == "send")
            if action == "send":
                stored.append(row(f"s{written}", step, own.text))
        elif action == "echo" and stored:
            messages.arrived(stored[0])
        elif action == "echo again" and stored:
            messages.arrived(stored[-1])
        elif action == "drop":
            messages.dropped()
        elif action == "snapshot":
            messages.snapshot(stored, settles=True)
        elif action == "look":
            messages.looked_in_vain()
        elif action == "fail":
            messages.not_saved()
        elif action == "resend" and messages.own:
            messages.resent(messages.own[0].key)
    shown = [own.text for own in messages.own]
    known = [str(m["content"]) for m in messages.rows]
    assert len(shown) == len(set(shown))
    assert len(known) == len(set(known))
    for number in range(1, written + 1):
        text = f"text {number}"
        assert text in shown or text in known


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 59), st.booleans()), max_size=40))
def test_the_order_is_kept_as_messages_come(arrivals: list[tuple[int, int, bool]]) -> None:
    """However ids come and come again, rows are sorted by time and arrival, each is where position() says, and the
    newest that waits for an answer is known."""
    messages = Messages()
    first: dict[str, int] = {}
    for number, at, answered in arrivals:
        first.setdefault(f"m{number}", len(first))
        messages.arrived({**row(f"m{number}", at, kind="customer"), "is_answered": answered})
    assert messages.rows == sorted(messages.rows, key=lambda each: (moment(each), first[each["id"]]))
    assert [messages.position(each["id"]) for each in messages.rows] == list(range(len(messages)))
    assert messages.position("unknown") is None
    waiting = [moment(each) for each in messages.rows if not each["is_answered"]]
    newest = messages.newest_unanswered
    assert (newest is None) == (not waiting)
    assert newest is None or moment(messages.get(newest) or {}) == max(waiting)
