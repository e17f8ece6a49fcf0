"""Floods and long lists, by counting: frames that come out, nodes in the document, nodes that an update touches."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from e2e.steady import Steady
from e2e.tab import CONVERSATIONS, Tab
from mock_server.models import Conversation
from mock_server.server import MockServer

MANY = 3000
VERY_MANY, PART = 100_000, 25_000  # a frame with more is longer than any that the page takes


def long_chat(server: MockServer) -> Conversation:
    return list(server.backend.store.conversations.values())[1]


def message(number: int, **fields: Any) -> dict[str, Any]:
    """A message of a day long after those of the seed, a second after the one before."""
    time = f"{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}"
    stamp = f"2031-05-{5 + number // 86_400:02d}T{time}.000000Z"
    row = {"id": f"n{number}", "content": f"message {number}", "type": "support", "created_at": stamp}
    return {**row, "customer": None, "feedback": "none", **fields}


@pytest.fixture
def server(steady: Steady) -> MockServer:
    return steady.server


@pytest.fixture
def log(steady: Steady) -> Iterator[Locator]:
    """The log of a conversation that holds thousands of messages."""
    steady.chat()
    server, log = steady.server, steady.tab.page.locator("#log")
    expect(log).to_have_attribute("data-total", "50")
    push_history(server, [message(number) for number in range(MANY)])
    expect(log).to_have_attribute("data-total", str(MANY + 50))
    yield log


def push_history(server: MockServer, rows: list[dict[str, Any]]) -> None:
    frame = {"type": "recent_messages", "messages": rows, "pagination": {"count": len(rows), "offset": 0}}
    server.push(endpoint="/ws/chat/", frame=frame)


def push(server: MockServer, row: dict[str, Any]) -> None:
    server.push(endpoint="/ws/chat/", frame={"type": "chat_message", "message": row, "external_send_result": None})


def shown(log: Locator) -> list[str]:
    ids: list[str] = log.locator("[data-message-id]").evaluate_all("all => all.map(e => e.dataset.messageId)")
    return ids


def in_view(log: Locator) -> str:
    """The id of the topmost message in view."""
    found: str = log.evaluate(
        "log => [...log.querySelectorAll('[data-message-id]')].find("
        "row => row.getBoundingClientRect().bottom > log.getBoundingClientRect().top).dataset.messageId"
    )
    return found


COUNT_NODES = """log => {
  const nodes = new Set();
  let records = 0;
  const observer = new MutationObserver((list) => { for (const each of list) note(each); });
  const note = (each) => {
    records += 1;
    for (const node of [...each.addedNodes, ...each.removedNodes]) if (node.nodeType === 1) nodes.add(node);
  };
  observer.observe(log, { childList: true, subtree: true, characterData: true });
  globalThis.counted = () => { for (const each of observer.takeRecords()) note(each); return [records, nodes.size]; };
}"""


def scroll_to_top(log: Locator, server: MockServer) -> None:
    """Scroll until the oldest message is in the document."""
    oldest = min(long_chat(server).messages[-50:], key=lambda row: row.created_at)
    log.evaluate("log => { log.scrollTop = 0; }")
    expect(log.locator(f'[data-message-id="{oldest.id}"]')).to_be_attached()


def test_a_long_chat_costs_a_screenful(log: Locator, server: MockServer) -> None:
    """Of thousands of messages few are in the document, and the rest comes by scrolling, in order and each once."""
    rows = shown(log)
    assert rows[-1] == f"n{MANY - 1}"
    assert len(rows) <= 240
    log.evaluate("log => { log.scrollTop = log.scrollHeight / 2; }")
    expect(log.locator(f'[data-message-id="n{MANY - 1}"]')).to_have_count(0)
    numbers = [int(row[1:]) for row in shown(log)]
    assert 0 < numbers[0] < MANY - 300
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    scroll_to_top(log, server)
    assert len(shown(log)) <= 240


def test_a_hundred_thousand_messages_cost_a_screenful(tab: Tab, server: MockServer) -> None:
    """With a hundred thousand messages there are no more elements than with thousands, and a new one adds one."""
    identity = long_chat(server).id
    tab.give_session().open(f"/chat/{identity}").ready(f"/ws/chat/{identity}/")  # not in the tab that others go on with
    log = tab.page.locator("#log")
    expect(log).to_have_attribute("data-total", "50")
    for start in range(0, VERY_MANY, PART):
        push_history(server, [message(number) for number in range(start, start + PART)])
        expect(log).to_have_attribute("data-total", str(start + PART + 50), timeout=60_000)
    assert len(shown(log)) <= 240
    log.evaluate(COUNT_NODES)
    push(server, message(VERY_MANY))
    expect(log.locator(f'[data-message-id="n{VERY_MANY}"]')).to_be_in_viewport()
    assert log.page.evaluate("counted()") == [1, 1]


def test_a_new_message_touches_one_node(log: Locator, server: MockServer) -> None:
    """At the end of a long chat a new message adds one element, and nothing else is made anew or moved."""
    log.evaluate(COUNT_NODES)
    push(server, message(MANY))
    expect(log.locator(f'[data-message-id="n{MANY}"]')).to_be_in_viewport()
    assert log.page.evaluate("counted()") == [1, 1]


def test_a_changed_text_touches_no_element(log: Locator, server: MockServer) -> None:
    """New content for a message in view changes one text; its element, and all the others, stay."""
    row = log.locator(f'[data-message-id="n{MANY - 1}"]')
    row.evaluate("row => { row.marked = true; }")
    log.evaluate(COUNT_NODES)
    push(server, message(MANY - 1, content="other words"))
    expect(row.locator(".text")).to_have_text("other words")
    assert log.page.evaluate("counted()") == [1, 0]
    assert row.evaluate("row => row.marked")


def test_a_change_out_of_view_touches_nothing(log: Locator, server: MockServer) -> None:
    """New content for a message far above changes no node, and is there when it comes into view."""
    log.evaluate(COUNT_NODES)
    oldest = min(long_chat(server).messages[-50:], key=lambda row: row.created_at)
    push(server, message(0, id=oldest.id, content="far above", created_at="2001-01-01T00:00:00Z"))
    push(server, message(MANY - 1, content="the end"))
    expect(log.get_by_text("the end")).to_be_visible()
    assert log.page.evaluate("counted()") == [1, 0]
    scroll_to_top(log, server)
    expect(log.get_by_text("far above")).to_have_count(1)


def test_what_is_read_stays_in_its_place(log: Locator, server: MockServer) -> None:
    """While the user reads in the middle, messages that come in above and below move nothing."""
    log.evaluate("log => { log.scrollTop = log.scrollHeight / 2; }")
    expect(log.locator(f'[data-message-id="n{MANY - 1}"]')).to_have_count(0)
    reading = in_view(log)
    row = log.locator(f'[data-message-id="{reading}"]')
    before = row.evaluate("row => row.getBoundingClientRect().top")
    older = [message(number, id=f"o{number}", created_at="2030-01-01T00:00:00.000000Z") for number in range(300)]
    push_history(server, older)
    push(server, message(MANY + 1))
    expect(log).to_have_attribute("data-total", str(MANY + 351))
    assert abs(row.evaluate("row => row.getBoundingClientRect().top") - before) < 2
    assert in_view(log) == reading


def test_the_focused_row_is_not_scrolled_away(log: Locator, server: MockServer) -> None:
    """A control with the focus keeps it, and what was typed, though its row is out of view and changes."""
    answer = message(MANY - 2, type="AI", feedback="positive", feedback_comment="")
    push(server, answer)
    box = log.locator(f"#fc-n{MANY - 2}")
    box.fill("half a sent")
    log.evaluate("log => { log.scrollTop = 0; }")
    expect(log.locator(f'[data-message-id="n{MANY - 1}"]')).to_have_count(0)
    expect(box).to_be_focused()
    push(server, {**answer, "content": "changed meanwhile", "feedback": "negative"})
    expect(log.get_by_text("changed meanwhile")).to_have_count(1)
    expect(box).to_be_focused()
    log.page.keyboard.type("ence")
    expect(box).to_have_value("half a sentence")


def test_a_flood_is_delivered_whole_and_said(tab: Tab, server: MockServer) -> None:
    """Thousands of frames at once: the badge says that the page catches up, then that it has, and none is lost."""
    identity = long_chat(server).id
    endpoint = f"/ws/chat/{identity}/"
    tab.page.add_init_script(KEEP_SOCKETS)
    tab.give_session().open(f"/chat/{identity}").ready(endpoint)
    tab.page.evaluate(
        "globalThis.seen = new Set(); new MutationObserver(() => {"
        "for (const one of document.querySelectorAll('[data-behind]')) seen.add(one.dataset.behind); })"
        ".observe(document.getElementById('shell'), { childList: true, subtree: true, attributes: true })"
    )
    tab.page.evaluate(FLOOD, [json.dumps({"type": "chat_message", "message": message(0)}), MANY])
    expect(tab.page.locator("#log")).to_have_attribute("data-total", str(MANY + 50), timeout=60_000)
    expect(tab.connection(endpoint)).to_have_attribute("data-behind", "false")
    assert "true" in tab.page.evaluate("[...seen]")


KEEP_SOCKETS = """
globalThis.pilitoSockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(...how) { super(...how); pilitoSockets.push(this); }
};
"""

# The page's own socket hears every frame at once, as after a sleep.
FLOOD = """([text, many]) => {
  for (let number = 0; number < many; number += 1) {
    const data = text.replaceAll('"n0"', `"n${number}"`).replace("message 0", `message ${number}`);
    pilitoSockets.at(-1).dispatchEvent(new MessageEvent("message", { data }));
  }
}"""


def test_a_changed_conversation_touches_no_element(steady: Steady) -> None:
    """A push in which one conversation has other words changes one text of the list, and no element anywhere in it."""
    steady.conversations()
    page = steady.tab.page
    rows = [{"id": f"r{number}", "title": f"title {number}", "status": "active"} for number in range(20)]
    push_list(steady.server, rows)
    expect(page.get_by_text("title 19")).to_be_visible()
    page.locator("#rows").evaluate(COUNT_NODES)
    push_list(steady.server, [*rows[:7], {**rows[7], "title": "other words"}, *rows[8:]])
    expect(page.get_by_text("other words")).to_be_visible()
    assert page.evaluate("counted()") == [1, 0]


def push_list(server: MockServer, rows: list[dict[str, Any]]) -> None:
    frame = {"type": "conversations_list", "conversations": rows, "filters": {}}
    server.push(endpoint=CONVERSATIONS, frame=frame)


def test_a_flood_of_lists_ends_with_the_newest(steady: Steady) -> None:
    """Hundreds of list pushes in a row end in the newest state, over the same socket."""
    steady.conversations()
    for number in range(100):
        row = {"id": "one", "title": f"title {number}", "status": "active", "unread_count": number}
        push_list(steady.server, [row])
    expect(steady.tab.page.get_by_text("title 99")).to_be_visible()
    assert steady.counts()["accepted"] == 1


def test_a_count_that_no_double_holds_is_shown(steady: Steady) -> None:
    """A count beyond 2^53 is written out like any other, and what is no count shows nothing."""
    steady.conversations()
    rows = [{"id": f"r{number}", "title": f"title {number}", "unread_count": many} for number, many in enumerate(ODD)]
    push_list(steady.server, rows)
    expect(steady.tab.page.get_by_text("title 3")).to_be_visible()
    marks = [steady.tab.page.locator(f'[data-conversation-id="r{number}"] .unread') for number in range(len(ODD))]
    expect(marks[0]).to_have_attribute("title", f"{ODD[0]:,} unread messages")
    assert [mark.count() for mark in marks] == [1, 0, 0, 0]


ODD = (2**60, True, -1, "7")
