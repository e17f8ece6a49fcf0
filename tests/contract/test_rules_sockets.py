"""What all sockets do, in every version: greeting, first data, order, silence, complaints, spelling."""

import json
from typing import Any

import pytest

from tests.contract.clients import Client, RefusedError
from tests.contract.rules import ALL, FLAVOURS, GREETING, MODES, rule
from tests.contract.shop import CONVERSATIONS, CUSTOMERS, Shop

GREETINGS = {
    CONVERSATIONS: "✅ Conversation List WebSocket connected successfully",
    CUSTOMERS: "✅ Customer List WebSocket connected successfully",
    "chat": "✅ Chat WebSocket connected successfully",
}
LISTS = {CONVERSATIONS: "conversations", CUSTOMERS: "customers"}
ENDPOINTS = (CONVERSATIONS, CUSTOMERS, "chat")
COMPLAINT = {"error": "Invalid JSON format"}
MIB = 2**20


def path_of(shop: Shop, endpoint: str) -> str:
    return f"/ws/chat/{shop.chats[1].id}/" if endpoint == "chat" else endpoint


@rule("socket", flavours=FLAVOURS, debug=MODES)
def test_first_a_greeting_or_none_and_then_the_data(shop: Shop) -> None:
    """A version that greets does so first, with a text and a time; then page 1 comes, unfiltered, whatever the URL."""
    for endpoint in ENDPOINTS:
        _begins_well(shop, endpoint)


def _begins_well(shop: Shop, endpoint: str) -> None:
    frames = shop.dial(f"{path_of(shop, endpoint)}?page_size=3").news()
    if shop.version.profile in GREETING:
        greeting = frames.pop(0)
        chat = {"conversation_id": shop.chats[1].id} if endpoint == "chat" else {}
        known = {"type": "connection_established", "message": GREETINGS[endpoint], **chat}
        assert {key: value for key, value in greeting.items() if key != "timestamp"} == known
        assert greeting["timestamp"].endswith("+00:00")
    (data,) = frames
    name = LISTS.get(endpoint)
    assert data["type"] == (f"{name}_list" if name else "recent_messages")
    assert (data["pagination"]["page"], data["pagination"]["page_size"]) == (1, 10 if name else 50)
    assert data["page_count"] == len(data[name or "messages"]) == (10 if name else 50)
    assert data.get("filters") == ({} if name else None)


@rule("socket")
def test_requests_sent_at_once_wait_for_the_first_data_and_for_each_other(shop: Shop) -> None:
    """What is asked right after opening is answered after the first data, one after the other."""
    client = shop.dial(CONVERSATIONS)
    for number in range(7):
        client.send(json.dumps({"type": "get_conversations", "filters": {"_rid": number}}))
    asked = [frame["filters"].get("_rid") for frame in client.news() if frame["type"] == "conversations_list"]
    assert asked == [None, *range(7)]


@rule("socket")
def test_unknown_types_get_no_answer(shop: Shop) -> None:
    """``ping``, ``typing``, nonsense and a type that is no text are met with silence."""
    for endpoint in ENDPOINTS:
        client = shop.open(path_of(shop, endpoint))
        assert client.ask(*({"type": kind} for kind in ("ping", "typing", "nonsense", None, 7, ["x"]))) == []
        assert client.code is None


@rule("socket")
def test_a_request_without_a_type_is_the_usual_one(shop: Shop) -> None:
    """In a list it asks for the list, in a chat it is a message."""
    for path, name in LISTS.items():
        (frame,) = shop.open(path).ask({"filters": {"page": 2}})
        assert (frame["type"], frame["pagination"]["page"]) == (f"{name}_list", 2)
    chat = shop.open(shop.chats[2])
    assert chat.ask({}) == [{"type": "error", "error": "Message content cannot be empty"}]
    assert [frame["type"] for frame in chat.ask({"content": "x"})] == ["chat_message"]


@rule("socket")
def test_what_is_no_json_is_complained_about(shop: Shop) -> None:
    """The complaint has no type, and the socket goes on."""
    for endpoint in ENDPOINTS:
        client = shop.open(path_of(shop, endpoint))
        for text in ("", "   ", "{", "nope", '{"type": "get_'):
            assert client.ask(text) == [COMPLAINT]
        assert client.ask({"type": "ping"}) == []
        assert client.code is None


@rule("socket", flavours=FLAVOURS)
def test_what_is_no_object_ends_the_socket(shop: Shop) -> None:
    """JSON that is no object, and a binary frame: 1011 under daphne, a cut under uvicorn, and no word before it."""
    for poison in ("42", "[]", "null", '"x"', "true", b"{}"):
        assert ended(shop.open(shop.chats[2]), poison) == ([], crash(shop)), poison
    for path in LISTS:
        assert ended(shop.open(path), "[1]") == ([], crash(shop))


@rule("socket", flavours=FLAVOURS)
def test_a_value_of_the_wrong_type_ends_a_chat(shop: Shop) -> None:
    """A content, a feedback or a comment that is no text is as bad as no object."""
    for poison in ({"content": None}, {"content": 5}, {"content": ["x"]}, {"feedback": None}, {"comment": None}):
        kind = "chat_message" if "content" in poison else "submit_feedback"
        request = {"type": kind, "message_id": "x", "feedback": "none", **poison}
        assert ended(shop.open(shop.chats[2]), json.dumps(request)) == ([], crash(shop)), poison


def ended(client: Client, poison: str | bytes) -> tuple[list[Any], int | None]:
    client.send(poison)
    client.wait_for_end()
    return client.heard, client.code


def crash(shop: Shop) -> int:
    return 1011 if shop.version.flavour == "daphne" else 1006


@rule("socket")
def test_rows_are_written_compact_and_raw_and_all_else_spaced_and_escaped(shop: Shop) -> None:
    """Frames with rows keep their Unicode and no blanks; the others have both changed."""
    chat = shop.chats[0]
    chat.messages[-1].content = "سلام"
    client = shop.open(chat)
    for request in ({"type": "get_messages"}, {"type": "chat_message", "content": "سلام"}):
        client.ask(request)
        assert "سلام" in client.last
        assert '": ' not in client.last
        assert client.last.startswith('{"type":"')
    ai = next(message for message in chat.messages if message.type == "AI")
    client.ask({"type": "submit_feedback", "message_id": ai.id, "feedback": "none", "comment": "سلام"})
    assert client.last.startswith('{"type": "feedback_updated", "message_id": "')
    assert "\\u0633\\u0644\\u0627\\u0645" in client.last
    for path, kind in ((CONVERSATIONS, "get_conversation_filter_options"), (CUSTOMERS, "get_filter_options")):
        one = shop.open(path)
        one.ask({"type": kind})
        assert '": ' not in one.last


@rule("socket")
def test_two_spellings_of_time(shop: Shop) -> None:
    """Fields of rows end in Z, a frame's own time and what is nested in +00:00; a whole second has no fraction."""
    chat = shop.chats[3]
    assert chat.customer
    last = chat.last_message
    assert last
    last.created_at = last.created_at.replace(microsecond=0)
    last.feedback_at = chat.created_at = chat.customer.created_at = last.created_at
    (frame,) = shop.open(CONVERSATIONS).ask({"filters": {"page_size": 100}})
    row = next(row for row in frame["conversations"] if row["id"] == chat.id)
    whole = last.created_at.strftime("%Y-%m-%dT%H:%M:%S")
    assert (row["created_at"], row["customer"]["created_at"]) == (f"{whole}Z", f"{whole}Z")
    told = row["last_message"]
    assert (told["created_at"], told["feedback_at"]) == (f"{whole}+00:00", f"{whole}+00:00")
    assert frame["timestamp"].endswith("+00:00")
    (frame,) = shop.open(CUSTOMERS).ask({"filters": {"page_size": 100}})
    nested = next(one for row in frame["customers"] for one in row["conversations"] if one["id"] == chat.id)
    assert (nested["created_at"], nested["last_message"]["created_at"]) == (f"{whole}+00:00", f"{whole}+00:00")
    assert nested["updated_at"].endswith("+00:00")
    (frame,) = shop.open(chat).ask({"type": "get_messages"})
    assert (frame["messages"][-1]["created_at"], frame["messages"][-1]["feedback_at"]) == (f"{whole}Z", f"{whole}Z")


@rule("socket", profiles=("guide", "hello", "current"))
def test_two_clients_hear_of_a_chat_in_the_same_order(shop: Shop) -> None:
    """Bursts of two senders arrive at both in one order, and each sender's own order is kept."""
    pair = [shop.open(shop.chats[2]) for _ in range(2)]
    for number in range(10):
        for name, client in zip("ab", pair, strict=True):
            client.send(json.dumps({"type": "chat_message", "content": f"{name}{number}"}))
    for client in pair:
        client.settle()
    heard = [[frame["message"]["content"] for frame in client.news()] for client in pair]
    assert heard[0] == heard[1]
    assert len(heard[0]) == 20
    for name in "ab":
        assert [text for text in heard[0] if text[0] == name] == [f"{name}{number}" for number in range(10)]


@rule("socket", flavours=FLAVOURS)
def test_only_uvicorn_compresses(shop: Shop) -> None:
    """uvicorn takes the offer of permessage-deflate, daphne does not."""
    deflates = shop.version.flavour == "uvicorn"
    assert shop.dial(CONVERSATIONS).extensions.startswith("permessage-deflate") == deflates


@rule("socket", profiles=("current",), flavours=FLAVOURS)
def test_a_frame_may_be_sixteen_mebibytes_under_uvicorn_and_larger_under_daphne(shop: Shop) -> None:
    """Sixteen are taken by both; one byte more is closed with 1009 by uvicorn and taken by daphne."""
    client = shop.open(CONVERSATIONS)
    assert client.ask(" " * (16 * MIB)) == [COMPLAINT]
    client.send(" " * (16 * MIB + 1))
    if shop.version.flavour == "daphne":
        assert client.news() == [COMPLAINT]
    else:
        client.wait_for_end()
        assert client.code == 1009


@rule("socket", flavours=FLAVOURS)
def test_a_stalled_worker_times_lists_out_and_cuts_handshakes(shop: Shop) -> None:
    """A list request ends in an error without data, a handshake without an answer, and HTTP goes on."""
    client = shop.open(CUSTOMERS)
    shop.server.fault("stall")
    client.send('{"type": "get_customers"}')
    client.wait()
    (error,) = client.heard
    assert error.pop("timestamp").endswith("+00:00")
    assert error == {"type": "error", "message": "Request timeout - please try again"}
    with pytest.raises(RefusedError) as refused:
        shop.dial(CONVERSATIONS)
    assert refused.value.status == 0
    assert shop.call("GET", "usr/auth/status").json()["authenticated"]
    shop.server.calm()
    client.heard.clear()
    assert client.news() == []


@rule("socket", profiles=ALL)
def test_only_the_address_carries_a_token(shop: Shop) -> None:
    """A token in a cookie or in a header is no token."""
    token = shop.token()
    bare = outcome(shop, {})
    assert outcome(shop, {"Cookie": f'HTTP_ACCESS="Bearer {token}"'}) == bare
    assert outcome(shop, {"Authorization": f"Bearer {token}"}) == bare
    assert bare != (["conversations_list"], None)


def outcome(shop: Shop, headers: dict[str, str]) -> tuple[list[str], int | None]:
    try:
        client = shop.dial(CONVERSATIONS, None, headers=headers)
    except RefusedError as refused:
        return [], refused.status
    client.wait_for_end()
    return [frame["type"] for frame in client.heard], client.code
