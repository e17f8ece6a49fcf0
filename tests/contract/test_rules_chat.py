"""A chat, in every version: sending, history, reading, feedback, and what a message looks like."""

import json
from datetime import datetime, timedelta
from typing import Any

from mock_server.models import Conversation, Message, now
from tests.contract.fields import CUSTOMER, MESSAGE, RICH_CUSTOMER, RICH_MESSAGE, holds
from tests.contract.rules import RICH, rule
from tests.contract.shop import CONVERSATIONS, CUSTOMERS, Frame, Shop
from tests.mock.conftest import until

TOGETHER = ("guide", "hello", "current")
"""Versions in which two sockets of one chat stay."""


def error(text: str) -> list[Frame]:
    return [{"type": "error", "error": text}]


# --- sending ---


@rule("chat")
def test_a_message_is_stored_trimmed_and_told_to_everybody(shop: Shop) -> None:
    """The chat's sockets get it, the sender's too, without any id of the sender's; then the list is pushed, once."""
    chat = shop.chat("telegram")
    lists, customers, sender = shop.open(CONVERSATIONS), shop.open(CUSTOMERS), shop.open(chat)
    together = shop.version.profile in TOGETHER
    sockets = [sender, shop.open(chat)] if together else [sender]
    request = {"type": "chat_message", "content": "  hello \n", "temp_id": "t1", "client_id": 7}
    sender.send(json.dumps(request))
    heard = [client.news() for client in sockets]
    assert all(frames == heard[0] for frames in heard)
    (frame,) = heard[0]
    assert holds(frame, "type:string message:object external_send_result:object?")
    stored = chat.messages[-1]
    row = frame["message"]
    assert (row["content"], row["type"], row["is_ai_response"], row["id"]) == ("hello", "support", False, stored.id)
    assert stored.content == "hello"
    assert [(push["type"], push["filters"]) for push in lists.news()] == [("conversations_list", {})]
    assert customers.news() == []


@rule("chat")
def test_the_kinds_of_messages_that_a_client_may_send(shop: Shop) -> None:
    """A customer's is one, and everything else is the support's; nothing is too long."""
    client = shop.open(shop.chats[2])
    for asked, told in (("customer", "customer"), ("marketing", "support"), ("AI", "support"), ("x", "support")):
        (frame,) = client.ask({"type": "chat_message", "content": "x", "message_type": asked})
        assert frame["message"]["type"] == told
    (frame,) = client.ask({"type": "chat_message", "content": "y" * 5000})
    assert frame["message"]["content"] == "y" * 5000


@rule("chat")
def test_what_cannot_be_sent_is_an_error_under_the_key_error(shop: Shop) -> None:
    """An empty, blank or missing content; a conversation that was deleted meanwhile."""
    client, lists = shop.open(shop.chats[4]), shop.open(CONVERSATIONS)
    for content in ({"content": ""}, {"content": " \n\t "}, {}):
        assert client.ask({"type": "chat_message", **content}) == error("Message content cannot be empty")
    assert lists.news() == []
    del shop.server.backend.store.conversations[shop.chats[4].id]
    assert client.ask({"type": "chat_message", "content": "x"}) == error("Failed to save message")
    assert client.code is None


@rule("chat")
def test_what_the_platform_said_of_a_message(shop: Shop) -> None:
    """A number from Telegram, a text from Instagram, each with the raw answer; an unknown source always fails."""
    for source, of_id in (("telegram", int), ("instagram", str)):
        result = _result(shop, shop.chat(source), {})
        assert holds(result, "success:bool", f"message_id:{'number' if of_id is int else 'string'}", "data:object")
        assert result["success"] is True
    assert _result(shop, shop.chat("unknown"), {}) == {"success": False, "error": "Unknown conversation source"}
    assert _result(shop, shop.chat("telegram"), {"message_type": "customer"}) is None


@rule("chat")
def test_a_platform_that_cannot_be_reached(shop: Shop) -> None:
    """The message is stored and told all the same; older versions give the bot's address away in the error."""
    chat = shop.chat("telegram")
    shop.server.fault("platform_fail")
    result = _result(shop, chat, {})
    assert holds(result, "success:bool error:string")
    assert chat.messages[-1].content == "x"
    if shop.version.profile == "hello":
        assert "https://api.telegram.org/bot" in result["error"]
    else:
        assert result == {"success": False, "error": "name 'requests' is not defined"}


def _result(shop: Shop, chat: Conversation, more: Frame) -> Any:
    (frame,) = shop.open(chat).ask({"type": "chat_message", "content": "x", **more})
    return frame["external_send_result"]


@rule("chat")
def test_a_message_is_born_before_the_platform_has_it_and_told_after(shop: Shop) -> None:
    """While the platform takes its time nobody hears of it, though it is stored, with the time that it keeps."""
    chat = shop.chat("telegram")
    client, lists = shop.open(chat), shop.open(CONVERSATIONS)
    shop.server.fault("slow_platform", seconds=3600, times=1)
    client.send(json.dumps({"type": "chat_message", "content": "by camel"}))
    until(lambda: [order.name for order in shop.server.orders()] == ["stall"])
    stored = chat.messages[-1].created_at
    frames = [entry for entry in shop.server.journal() if entry["event"] == "frame" and entry["direction"] == "out"]
    assert not [entry for entry in frames if "by camel" in entry["text"]]
    shop.server.withdraw(shop.server.orders())
    (frame,) = client.news()
    assert datetime.fromisoformat(frame["message"]["created_at"]) == stored
    assert [push["type"] for push in lists.news()] == ["conversations_list"]


# --- history ---


@rule("chat")
def test_pages_of_a_history(shop: Shop) -> None:
    """Page 1 is the newest, oldest first inside a page; ten rows unless asked otherwise, fifty for filters of null."""
    chat = shop.chats[1]
    for number, message in enumerate(chat.messages):
        message.created_at = now() - timedelta(minutes=1000 - number)
    stored = [message.id for message in chat.messages]
    client = shop.open(chat)

    def asked(**request: Any) -> tuple[list[str], Frame]:
        (frame,) = client.ask({"type": "get_messages", **request})
        assert holds(
            frame, "type:string messages:array pagination:object count:number page_count:number timestamp:string"
        )
        assert (frame["type"], frame["count"]) == ("recent_messages", 240)
        return [row["id"] for row in frame["messages"]], frame["pagination"]

    assert asked(filters={})[0] == asked(filters=[])[0] == stored[-10:]
    assert asked()[0] == asked(page=4, page_size=2)[0] == stored[-10:]
    assert asked(filters=None)[0] == stored[-50:]
    assert asked(filters={"page": 2})[0] == stored[-20:-10]
    assert asked(filters={"page_size": 50, "page": 5})[0] == stored[:40]
    found, pagination = asked(filters={"offset": 235, "page_size": 50})
    assert (found, pagination["has_next"], pagination["offset"]) == (stored[:5], False, 235)
    assert asked(type="load_more_messages", filters={"page_size": 3})[0] == stored[-3:]
    assert asked(filters={"page": 99})[0] == []
    (frame,) = client.ask({"type": "get_messages", "filters": "x"})
    assert (frame["messages"], frame["count"]) == ([], 0)


@rule("chat")
def test_a_page_of_messages_ends_at_five_hundred(shop: Shop) -> None:
    """More is cut to that, and what is no number is ten."""
    chat = shop.chats[2]
    born = now()
    chat.messages = [Message(f"m{number}", "x", "customer", chat.id, born) for number in range(520)]
    client = shop.open(chat)
    for asked, given in ((500, 500), (501, 500), (9999, 500), (0, 10), (-1, 10), ("many", 10), ("12", 12)):
        (frame,) = client.ask({"type": "get_messages", "filters": {"page_size": asked}})
        assert (len(frame["messages"]), frame["pagination"]["total_pages"]) == (given, -(-520 // given))


@rule("chat")
def test_what_a_message_looks_like(shop: Shop) -> None:
    """Its fields and types, media in the newest versions alone; an operator's has no customer."""
    rich = shop.version.profile in RICH
    chat = shop.chats[0]
    (frame,) = shop.open(chat).ask({"type": "get_messages", "filters": {"page_size": 100}})
    stored = {message.id: message for message in chat.messages}
    assert len(frame["messages"]) == len(stored)
    for row in frame["messages"]:
        message = stored[row["id"]]
        assert holds(row, MESSAGE, RICH_MESSAGE if rich else "")
        assert (row["content"], row["type"], row["conversation_id"]) == (message.content, message.type, chat.id)
        assert (row["is_answered"], row["is_ai_response"]) == (message.is_answered, message.is_ai_response)
        assert (row["customer"] is None) == (message.type == "operator")
        assert row["customer"] is None or holds(row["customer"], CUSTOMER, RICH_CUSTOMER if rich else "")
        if rich:
            media = row["media_url"]
            assert media is None or media == f"{shop.server.url}{message.media_url}"
    if rich:
        assert {"text", "voice", "image", "video", "share"} == {row["message_type"] for row in frame["messages"]}
        assert {"completed", "pending", "failed"} == {row["processing_status"] for row in frame["messages"]}


# --- reading ---


@rule("chat")
def test_reading_is_told_in_the_chat_and_not_to_the_list(shop: Shop) -> None:
    """Everybody in the chat hears who has read, and nothing else; nothing is unread any more."""
    chat = next(row for row in shop.chats[3:] if row.unread and row.status != "active")
    lists, client = shop.open(CONVERSATIONS), shop.open(chat)
    second = shop.open(chat) if shop.version.profile in TOGETHER else client
    told = [{"type": "messages_read", "user_id": shop.owner.id}]
    assert client.ask({"type": "mark_read"}) == told
    assert second is client or second.news() == told
    assert lists.news() == []
    assert chat.unread == []


@rule("chat")
def test_while_the_ai_answers_only_what_it_answered_is_read(shop: Shop) -> None:
    """In an active conversation a message waits until an answer of the AI follows it."""
    chat = next(row for row in shop.chats[3:] if row.status == "active")
    start = now()
    kinds = ("customer", "AI", "customer", "support")
    chat.messages = [
        Message(f"m{step}", "x", kind, chat.id, start + timedelta(seconds=step)) for step, kind in enumerate(kinds)
    ]
    shop.open(chat).ask({"type": "mark_read"})
    assert [message.id for message in chat.unread] == ["m2"]


# --- feedback ---


@rule("chat")
def test_feedback_is_answered_and_told(shop: Shop) -> None:
    """The sender gets both frames; the word in any case, the comment trimmed and cut, and gone where it is left out."""
    chat = shop.chats[0]
    ai = next(message for message in chat.messages if message.type == "AI")
    client, lists = shop.open(chat), shop.open(CONVERSATIONS)
    second = shop.open(chat) if shop.version.profile in TOGETHER else None
    asked = (("POSITIVE", f" {'x' * 600} ", "x" * 500), ("Negative", None, ""), ("none", "why", "why"))
    for word, comment, kept in asked:
        request = {"type": "submit_feedback", "message_id": ai.id, "feedback": word}
        answer, update = client.ask({**request, "comment": comment} if comment else request)
        assert answer == {"type": "feedback_submitted", "success": True, "data": answer["data"]}
        at = answer["data"].pop("feedback_at")
        assert at.endswith("+00:00")
        data = {"message_id": ai.id, "feedback": word.lower(), "comment": kept}
        assert answer["data"] == data
        assert update == {"type": "feedback_updated", **data, "feedback_at": at}
        assert second is None or second.news() == [update]
    assert lists.news() == []


@rule("chat")
def test_what_cannot_be_rated(shop: Shop) -> None:
    """Without an id, with another word, another's message, or anything but an answer of the AI."""
    chat = shop.chats[0]
    mine = next(message for message in chat.messages if message.type == "customer")
    theirs = shop.chats[1].messages[0]
    unknown = "Message not found or you do not have permission to access it"
    client = shop.open(chat)
    for more, text in (
        ({"feedback": "positive"}, "message_id is required"),
        ({"message_id": "", "feedback": "positive"}, "message_id is required"),
        (
            {"message_id": mine.id, "feedback": "good"},
            'Invalid feedback type. Must be "positive", "negative", or "none"',
        ),
        ({"message_id": mine.id}, 'Invalid feedback type. Must be "positive", "negative", or "none"'),
        ({"message_id": "zzzzzz", "feedback": "none"}, unknown),
        ({"message_id": theirs.id, "feedback": "none"}, unknown),
        ({"message_id": mine.id, "feedback": "none"}, "Feedback can only be submitted for AI responses"),
    ):
        assert client.ask({"type": "submit_feedback", **more}) == error(text)
