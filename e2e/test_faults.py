"""What the page does about each fault of the mock; what a plain client sees of them, ``tests/mock/test_faults.py``."""

import ast
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.steady import Steady
from mock_server.faults import ARGUMENTS

HERE = Path(__file__).parent
SHOWN = {
    "refuse": "test_offline.py::test_a_refused_handshake_slows_down_and_logs_nobody_out",
    "hang": "test_offline.py::test_a_handshake_that_is_never_answered_times_out",
    "silent": "test_offline.py::test_a_server_that_opens_and_says_nothing_times_out",
    "close": "test_offline.py::test_an_accepting_and_closing_server_meets_the_schedule",
    "abort": "test_pages.py::test_a_message_whose_echo_is_lost_resolves_from_the_next_snapshot",
    "half_open": "test_offline.py::test_a_silent_link_is_found_out",
    "rate_limit": "test_diagnosis.py::test_throttled",
    "expire": "test_session.py::test_an_access_token_that_expires_is_refreshed_once",
    "revoke": "test_diagnosis.py::test_not_authenticated",
    "drop_frames": "test_sleep.py::test_a_late_timer_runs_before_a_frame_that_is_there",
    "slow_refresh": "test_tokens.py::test_rotation_after_rotation",
    "delay": "test_faults.py::test_a_late_answer_to_the_handshake_is_waited_for",
    "kick": "test_faults.py::test_after_a_kick_the_user_decides",
    "poison": "test_faults.py::test_a_crash_of_the_consumer_is_dialled_away",
    "throttle": "test_faults.py::test_a_narrow_line_costs_patience_and_no_connection",
    "garble": "test_faults.py::test_a_frame_that_cannot_be_used_is_dropped_and_the_next_one_shown",
    "huge": "test_faults.py::test_a_frame_that_cannot_be_used_is_dropped_and_the_next_one_shown",
    "duplicate": "test_faults.py::test_a_message_that_comes_twice_is_shown_once",
    "reorder": "test_faults.py::test_messages_that_come_in_the_wrong_order_are_shown_in_the_right_one",
    "lose_echo": "test_faults.py::test_a_lost_echo_is_made_up_for_by_a_question",
    "stall": "test_faults.py::test_a_stalled_worker_is_called_slow_and_waited_for",
    "restart": "test_faults.py::test_a_restart_is_dialled_through",
    "slow_platform": "test_faults.py::test_a_slow_platform_is_still_sending",
    "platform_fail": "test_faults.py::test_what_the_platform_did_not_take_is_marked",
    "page_shift": "test_faults.py::test_a_page_that_shifts_doubles_nothing",
}
"""For each fault a test that shows what the page does about it."""


def source_of(test: str) -> str:
    """The source of a test ``file::function``. Raises ``KeyError`` for one that does not exist."""
    file, _, name = test.partition("::")
    text = (HERE / file).read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    parts = [*functions[name].decorator_list, functions[name]]
    return "\n".join(ast.get_source_segment(text, part) or "" for part in parts)


def test_every_fault_has_its_page() -> None:
    """For every fault a test exists that orders it."""
    assert set(SHOWN) == set(ARGUMENTS)
    for name, test in SHOWN.items():
        assert f'"{name}"' in source_of(test), test


# --- the connection ---


def test_a_late_answer_to_the_handshake_is_waited_for(steady: Steady) -> None:
    """A handshake that is answered late is not given up, nor dialled again."""
    steady.conversations()
    steady.server.fault("delay", seconds=0.5, times=1)
    steady.server.fault("close", code=1012)
    steady.until(lambda: steady.state() == "waiting")
    steady.reconnect()
    assert steady.counts()["dialled"] == 2
    assert steady.tab.said("Scheduling reconnect attempt") == 1


def test_after_a_kick_the_user_decides(steady: Steady) -> None:
    """The page gives way, does not dial for an hour, and connects when the user wants it here."""
    steady.conversations()
    steady.server.fault("kick")
    steady.tab.expect_state("suspended", reason="replaced")
    steady.tab.pass_time(3600)
    assert steady.counts()["dialled"] == 1
    steady.tab.page.get_by_role("button", name="Use here").click()
    steady.reconnect()
    assert steady.counts()["dialled"] == 2


def test_a_crash_of_the_consumer_is_dialled_away(steady: Steady) -> None:
    """A cut without a word is a reason to dial once more, with the rows still there."""
    rows = steady.conversations()
    steady.server.fault("poison")
    steady.until(lambda: steady.state() == "waiting")
    expect(rows.first).to_be_visible()
    steady.reconnect()
    assert steady.counts()["dialled"] == 2


def test_a_restart_is_dialled_through(steady: Steady) -> None:
    """While the server is away the rows stay and dials are refused; then the page is live without the user's help."""
    steady.conversations()
    before = steady.ids("conversation")
    steady.server.fault("restart", seconds=3600)
    steady.until(lambda: steady.state() == "waiting")
    assert steady.kept(before)
    steady.until(lambda: _refused(steady))
    steady.server.withdraw(steady.server.orders())
    steady.reconnect()
    steady.until(lambda: steady.kept(before))


def _refused(steady: Steady) -> bool:
    if steady.state() == "waiting" and not steady.counts()["refused"]:
        steady.tab.pass_time(1)
    return steady.counts()["refused"] > 0


def test_a_stalled_worker_is_called_slow_and_waited_for(steady: Steady) -> None:
    """Silent sockets with HTTP alive are slow and not dead; when the worker goes on, so does the page, undialled."""
    steady.conversations()
    steady.server.fault("stall")
    steady.tab.pass_time(25.5)  # then it asks whether the link lives
    steady.tab.pass_time(10.5)  # then it asks over HTTP
    expect(steady.tab.connection()).to_have_attribute("data-slow", "true")
    steady.server.withdraw(steady.server.orders())
    expect(steady.tab.connection()).to_have_attribute("data-slow", "false")
    steady.tab.ready()
    assert steady.counts()["dialled"] == 1


# --- frames ---


def test_a_narrow_line_costs_patience_and_no_connection(steady: Steady) -> None:
    """News comes late over a narrow line, and whole, on the same socket."""
    conversation = steady.chat()
    steady.server.fault("throttle", bytes_per_second=2000, times=1, endpoint="/ws/chat/")
    steady.server.push(event="customer_message", conversation=conversation.id, content="through the needle's eye")
    expect(steady.tab.rows("message").last).to_contain_text("through the needle's eye")
    assert steady.counts()["dialled"] == 1


@pytest.mark.parametrize(
    ("fault", "said"), [({"name": "garble"}, "is not JSON"), ({"name": "huge", "size": 9_000_000}, "over the limit")]
)
def test_a_frame_that_cannot_be_used_is_dropped_and_the_next_one_shown(
    steady: Steady, fault: dict[str, object], said: str
) -> None:
    """What is no JSON, or far too long, is reported; the connection stays, and so does what comes after."""
    conversation = steady.chat()
    order = dict(fault)
    steady.server.fault(str(order.pop("name")), **order, times=1, endpoint="/ws/chat/")
    steady.server.push(event="customer_message", conversation=conversation.id, content="this one breaks")
    steady.tab.expect_said(said)
    steady.server.push(event="customer_message", conversation=conversation.id, content="this one does not")
    expect(steady.tab.rows("message").last).to_contain_text("this one does not")
    assert steady.counts()["dialled"] == 1


def test_a_message_that_comes_twice_is_shown_once(steady: Steady) -> None:
    """A frame that is sent twice makes one row."""
    conversation = steady.chat()
    steady.server.fault("duplicate", times=1, endpoint="/ws/chat/")
    steady.server.push(event="customer_message", conversation=conversation.id, content="once is enough")
    steady.tab.expect_frames("received", "chat_message", 2)
    steady.server.push(event="customer_message", conversation=conversation.id, content="and this is the last")
    expect(steady.tab.rows("message").last).to_contain_text("and this is the last")
    expect(steady.tab.rows("message").filter(has_text="once is enough")).to_have_count(1)
    ids = steady.ids("message")
    assert len(ids) == len(set(ids))


def test_messages_that_come_in_the_wrong_order_are_shown_in_the_right_one(steady: Steady) -> None:
    """The order of time is the order in view, whatever the order of arrival."""
    conversation = steady.chat()
    steady.server.fault("reorder", times=1, endpoint="/ws/chat/")
    first, second = (
        steady.server.push(event="customer_message", conversation=conversation.id, content=text)["message_id"]
        for text in ("written first", "written second")
    )
    expect(steady.tab.rows("message").filter(has_text="written")).to_have_count(2)
    came = [frame["text"] for frame in steady.tab.frames if frame["type"] == "chat_message"]
    assert ["second" in text for text in came] == [True, False]
    assert steady.ids("message")[-2:] == [first, second]


# --- what the user sends ---


def test_a_lost_echo_is_made_up_for_by_a_question(steady: Steady) -> None:
    """Without an echo the message is first still being sent; then the page asks, and shows it as sent, once."""
    conversation = steady.chat()
    steady.server.fault("lose_echo", times=1)
    row = steady.write("nobody answers me")
    steady.until(lambda: any(message.content == "nobody answers me" for message in conversation.messages))
    expect(row).to_have_attribute("data-status", "sending")
    steady.pass_quietly(15)
    expect(row).to_have_attribute("data-status", "slow")
    steady.pass_quietly(60)
    expect(row).to_have_count(1)
    expect(row).not_to_have_attribute("data-status", "slow")
    expect(row).not_to_have_attribute("data-status", "unknown")
    assert steady.tab.sent("chat_message") == 1


def test_a_slow_platform_is_still_sending(steady: Steady) -> None:
    """While the platform takes its time, the message is still being sent, and the link is not given up."""
    steady.chat()
    steady.server.fault("slow_platform", seconds=3600, times=1)
    row = steady.write("by camel")
    expect(row).to_have_attribute("data-status", "sending")
    steady.tab.pass_time(15.5)
    expect(row).to_have_attribute("data-status", "slow")
    steady.server.withdraw(steady.server.orders())
    expect(row).not_to_have_attribute("data-status", "slow")
    expect(row).to_have_count(1)
    assert (steady.tab.sent("chat_message"), steady.counts()["dialled"]) == (1, 1)


def test_what_the_platform_did_not_take_is_marked(steady: Steady) -> None:
    """A message that is stored and has not reached the customer says so in its row."""
    steady.chat()
    steady.server.fault("platform_fail", times=1)
    row = steady.write("to nobody")
    expect(row.get_by_text("Saved, not delivered")).to_be_visible()
    row = steady.write("to somebody")
    expect(row).not_to_have_attribute("data-status", "sending")
    expect(row.get_by_text("Saved, not delivered")).to_have_count(0)


def test_a_page_that_shifts_doubles_nothing(steady: Steady) -> None:
    """A message that arrives while an older page is asked for shifts it by one: no row is doubled, none is lost."""
    conversation = steady.chat()
    asked = steady.tab.sent("get_messages")
    steady.server.fault("page_shift", times=1)
    log = steady.tab.page.locator("#log")
    before = int(log.get_attribute("data-total") or 0)
    steady.tab.page.locator("#older").click()
    steady.tab.expect_frames("sent", "get_messages", asked + 1)
    expect(log).to_have_attribute("data-total", str(before + 50))  # one that is new, and one row less that is old
    newest = max(conversation.messages, key=lambda message: message.created_at)
    ids = steady.ids("message")
    assert len(ids) == len(set(ids))
    assert ids[-1] == newest.id


def test_a_long_outage_leaves_no_hole_in_a_conversation(steady: Steady) -> None:
    """More messages than one page holds come while the server is away: all of them are shown, and older ones still."""
    conversation = steady.chat()
    log = steady.tab.page.locator("#log")
    steady.server.fault("restart", seconds=3600)
    steady.until(lambda: steady.state() == "waiting")
    for number in range(70):
        steady.server.push(event="customer_message", conversation=conversation.id, content=f"missed {number}")
    steady.server.withdraw(steady.server.orders())
    steady.reconnect()
    expect(log).to_have_attribute("data-total", str(len(conversation.messages)))
    expect(steady.tab.page.locator("#older")).to_be_hidden()


def test_a_reading_that_was_lost_is_said_again(steady: Steady) -> None:
    """What was read while the server heard nothing any more is marked as read over the next connection."""
    conversation = steady.chat()
    marked = steady.tab.sent("mark_read")
    steady.server.fault("half_open", direction="in", endpoint=steady.endpoint)
    steady.server.push(event="customer_message", conversation=conversation.id, content="into the void")
    steady.tab.expect_frames("sent", "mark_read", marked + 1)
    assert conversation.unread
    steady.server.withdraw(steady.server.orders())
    steady.server.fault("abort", endpoint=steady.endpoint)
    steady.until(lambda: steady.state() == "waiting")
    steady.reconnect()
    steady.tab.expect_frames("sent", "mark_read", marked + 2)
    steady.until(lambda: not conversation.unread)


@pytest.mark.parametrize("answer", [{"type": "error", "message": "Error loading conversations"}, None])
def test_a_list_whose_answer_did_not_come_asks_after_the_next_news(
    steady: Steady, answer: dict[str, str] | None
) -> None:
    """After an error in the place of an answer, or nothing at all, the list says so, and the next news is shown."""
    steady.conversations()
    page = steady.tab.page
    page.get_by_label("Status").select_option("closed")
    expect(page.get_by_text("15 conversations")).to_be_visible()
    steady.server.fault("drop_frames", times=1)
    page.get_by_role("button", name="Refresh").click()
    steady.until(lambda: not steady.server.orders())
    if answer:
        steady.server.push(endpoint=steady.endpoint, frame=answer)
    else:
        steady.pass_quietly(25)
    trouble = page.get_by_text("The server could not answer" if answer else "The list could not be loaded.")
    expect(trouble).to_be_visible()
    asked = steady.tab.sent("get_conversations")
    fits = next(row for row in steady.server.backend.store.conversations.values() if row.status == "closed")
    steady.server.push(event="customer_message", conversation=fits.id, content="news that fits")
    steady.until(lambda: _asked_again(steady, asked))
    expect(page.get_by_text("news that fits")).to_be_visible()
    expect(trouble).to_have_count(0)
    expect(steady.tab.rows()).to_have_count(15)


def _asked_again(steady: Steady, asked: int) -> bool:
    steady.tab.pass_time(0.5)
    return steady.tab.sent("get_conversations") > asked


def test_an_older_page_that_is_lost_can_be_asked_for_again(steady: Steady) -> None:
    """When the connection breaks before an older page has come, the next click or scroll asks for it once more."""
    steady.chat()
    log, older = steady.tab.page.locator("#log"), steady.tab.page.locator("#older")
    before, asked = int(log.get_attribute("data-total") or 0), steady.tab.sent("get_messages")
    steady.server.fault("stall", endpoint=steady.endpoint)
    older.click()
    steady.tab.expect_frames("sent", "get_messages", asked + 1)
    steady.server.fault("close", code=1012, endpoint=steady.endpoint)
    steady.until(lambda: steady.state() == "waiting")
    steady.server.withdraw(steady.server.orders())
    steady.reconnect()
    older.click()
    expect(log).to_have_attribute("data-total", str(before + 50))
