"""What befalls a conversation and the messages in it, as the person in front of it sees it."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from e2e.steady import Steady
from e2e.tab import CUSTOMERS, Tab
from e2e.waiting import eventually

LIMIT = 1000  # characters of a message


def box(tab: Tab) -> Locator:
    return tab.page.get_by_label("Message", exact=True)


def test_a_message_that_the_platform_does_not_take_is_marked(steady: Steady) -> None:
    """It is saved, and its row says that the customer did not get it; the next one, which arrives, says nothing."""
    steady.chat()
    steady.server.fault("platform_fail", times=1)
    lost, taken = steady.write("into the void"), steady.write("and this one arrives")
    expect(lost).to_contain_text("Saved, not delivered")
    expect(taken).not_to_have_attribute("data-status", re.compile("."))
    expect(taken).not_to_contain_text("delivered")


def test_a_message_that_could_not_be_saved_is_kept_for_another_try(steady: Steady) -> None:
    """Where the conversation is gone unannounced the row says so, and offers to send it again or to discard it."""
    conversation = steady.chat()
    store = steady.server.backend.store.conversations
    del store[conversation.id]
    row = steady.write("are you there?")
    expect(row).to_have_attribute("data-status", "failed")
    expect(row).to_contain_text("Could not be saved")
    expect(steady.tab.page.locator("#problem")).to_have_text("The server says: Failed to save message")
    store[conversation.id] = conversation
    row.get_by_role("button", name="Send again").click()
    expect(row).not_to_have_attribute("data-status", re.compile("."))
    assert [message.content for message in conversation.messages].count("are you there?") == 1
    assert steady.tab.sent("chat_message") == 2


def test_a_message_whose_echo_never_comes_is_looked_for(steady: Steady) -> None:
    """On a connection that lives its row says that it takes long, and after 70 s finds by itself what became of it."""
    conversation = steady.chat()
    steady.server.fault("lose_echo", times=1)
    row = steady.write("hello?")
    expect(row).to_contain_text("Sending…")
    steady.pass_quietly(15)
    expect(row).to_contain_text("Still sending…")
    steady.pass_quietly(55)
    expect(row).not_to_have_attribute("data-status", re.compile("."))
    assert [message.content for message in conversation.messages].count("hello?") == 1
    assert steady.tab.sent("chat_message") == 1
    assert steady.counts()["accepted"] == 1


def test_what_is_given_up_is_gone(steady: Steady) -> None:
    """A message that was not saved can be discarded: its row goes for good, and the box has the focus."""
    conversation = steady.chat()
    del steady.server.backend.store.conversations[conversation.id]
    row = steady.write("never mind")
    row.get_by_role("button", name="Discard").click()
    expect(row).to_have_count(0)
    expect(box(steady.tab)).to_be_focused()
    assert steady.tab.page.evaluate("Object.keys(localStorage).filter((key) => key.includes('.outbox.'))") == []


def test_a_deleted_conversation_says_so_and_takes_no_more(steady: Steady) -> None:
    """The messages stay to be read; nothing can be written any more."""
    conversation = steady.chat()
    shown = steady.tab.rows("message").count()
    frame = {"type": "conversation_deleted", "conversation_id": conversation.id, "message": "deleted"}
    steady.server.push(endpoint=steady.endpoint, frame=frame)
    expect(steady.tab.page.get_by_text("This conversation has been deleted.")).to_be_visible()
    expect(box(steady.tab)).to_be_disabled()
    expect(steady.tab.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    expect(steady.tab.rows("message")).to_have_count(shown)


def test_a_message_that_is_too_long_stays_in_the_box(steady: Steady) -> None:
    """The count comes near the limit and says when it is passed; nothing is sent, and nothing of it is lost."""
    steady.chat()
    page, length = steady.tab.page, steady.tab.page.locator("#length")
    box(steady.tab).fill("a" * 700)
    expect(length).to_be_empty()
    box(steady.tab).fill("a" * (LIMIT + 1))
    expect(length).to_have_text("1,001 of 1,000")
    expect(length).to_have_attribute("data-over", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A message may have up to 1,000 characters.")).to_be_visible()
    expect(box(steady.tab)).to_have_value("a" * (LIMIT + 1))
    assert steady.tab.sent("chat_message") == 0
    box(steady.tab).fill("a" * LIMIT)
    page.keyboard.press("Enter")
    steady.tab.expect_frames("sent", "chat_message", 1)
    expect(page.locator("#problem")).to_be_empty()
    expect(length).to_be_empty()


def test_enter_belongs_to_the_input_method_while_it_composes(steady: Steady) -> None:
    """Enter that ends a composition sends nothing, Shift and Enter make a new line, Enter alone sends both lines."""
    steady.chat()
    box(steady.tab).fill("first")
    box(steady.tab).dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    box(steady.tab).press("Shift+Enter")
    steady.tab.page.keyboard.type("second")
    expect(box(steady.tab)).to_have_value("first\nsecond")
    assert steady.tab.sent("chat_message") == 0
    box(steady.tab).press("Enter")
    expect(steady.tab.rows("message").last.locator(".text")).to_have_text("first\nsecond")
    steady.tab.expect_frames("sent", "chat_message", 1)


def test_news_below_what_is_read_are_counted_and_led_to(steady: Steady) -> None:
    """Who reads older messages is not moved: a button counts the new ones, leads to them, and is hidden at the end."""
    conversation = steady.chat()
    page, latest = steady.tab.page, steady.tab.page.locator("#latest")
    log = page.locator("#log")
    log.evaluate("log => { log.scrollTop = log.scrollHeight / 2; }")
    before = log.evaluate("log => log.scrollTop")
    for number in (1, 2):
        steady.server.push(event="customer_message", conversation=conversation.id, content=f"news {number}")
        expect(latest).to_have_text(("1 new message", "2 new messages")[number - 1])
    assert abs(log.evaluate("log => log.scrollTop") - before) < 1
    latest.click()
    expect(page.get_by_text("news 2")).to_be_in_viewport()
    expect(latest).to_be_hidden()
    steady.server.push(event="customer_message", conversation=conversation.id, content="news 3")
    expect(page.get_by_text("news 3")).to_be_in_viewport()
    expect(latest).to_be_hidden()


def test_a_rating_from_another_device_is_shown(steady: Steady) -> None:
    """The buttons of an AI answer follow what the server says of it, and the comment is there."""
    conversation = steady.chat(0)
    answer = next(row for row in reversed(conversation.messages) if row.type == "AI")
    row = steady.tab.page.locator(f'[data-message-id="{answer.id}"]')
    frame = {"type": "feedback_updated", "message_id": answer.id, "feedback": "negative", "comment": "no, it is not"}
    steady.server.push(endpoint=steady.endpoint, frame=frame)
    expect(row.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    expect(row.get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "false")
    expect(row.get_by_label("Comment")).to_have_value("no, it is not")


@pytest.mark.parametrize(
    ("path", "name", "value", "asked"),
    [
        ("/conversations", "Unread only", None, {"unread_only": "true"}),
        ("/conversations", "Order", "created_at", {"order_by": "created_at"}),
        ("/customers", "Email", "false", {"has_email": "false"}),
        ("/customers", "Unread", "true", {"has_unread": "true"}),
    ],
)
def test_each_filter_asks_in_the_servers_words(
    steady: Steady, path: str, name: str, value: str | None, asked: dict[str, str]
) -> None:
    """A filter goes into the address and, in the same words, into the request."""
    steady.conversations() if path == "/conversations" else steady.go(path, CUSTOMERS)
    control = steady.tab.page.get_by_label(name, exact=True)
    if value is None:
        control.check()
    else:
        control.select_option(value)
    query = "&".join(f"{key}={text}" for key, text in asked.items())
    steady.tab.expect_path(f"{path}\\?{query}$")
    eventually(lambda: asked.items() <= last_filters(steady.tab).items(), page=steady.tab.page)


def last_filters(tab: Tab) -> dict[str, Any]:
    """The ``filters`` of the last request that the tab has sent."""
    sent = [json.loads(frame["text"]) for frame in tab.frames if frame["direction"] == "sent"]
    found: dict[str, Any] = sent[-1].get("filters", {}) if sent else {}
    return found


def test_the_skip_link_leads_past_the_header(steady: Steady) -> None:
    """The first stop of the keyboard jumps to the page, and the address stays."""
    steady.conversations()
    page = steady.tab.page
    first = "document.querySelector('a[href], button, input, select, textarea, [tabindex]').id"
    assert page.evaluate(first) == "skip"
    page.locator("#skip").press("Enter")
    expect(page.locator("#page")).to_be_focused()
    steady.tab.expect_path("/conversations$")
