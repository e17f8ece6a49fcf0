"""Every frame without rows that a version of the mock can be made to say, each by what makes the backend say it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from tests.contract.clients import Client, RefusedError
from tests.contract.rules import Version
from tests.contract.shop import CONVERSATIONS, CUSTOMERS, WIZARD, Shop

Frames = list[Any]


@cache
def said(profile: str) -> tuple[Any, ...]:
    """The frames, in no order that matters."""
    shop = Shop(Version(profile))
    try:
        shop.server.backend.gate.dials.clear()
        found: Frames = []
        for tell in (_greetings, _lists, _chat, _tokens, _second_tab, _denied, _wizard, _stall):
            shop.server.backend.gate.dials.clear()
            found += _heard(shop, tell)
    finally:
        shop.leave()
        shop.close()
    return tuple(found)


def _heard(shop: Shop, tell: Callable[[Shop], Frames]) -> Frames:
    try:
        return tell(shop)
    except RefusedError:  # this version says nothing
        return []


def _all(client: Client) -> Frames:
    client.settle()
    return client.heard


def _greetings(shop: Shop) -> Frames:
    return [shop.dial(path).news()[0] for path in (CONVERSATIONS, CUSTOMERS, f"/ws/chat/{shop.chats[3].id}/")]


def _lists(shop: Shop) -> Frames:
    conversations, customers = shop.open(CONVERSATIONS), shop.open(CUSTOMERS)
    complaint = conversations.ask("no JSON")
    options = conversations.ask({"type": "get_conversation_filter_options"})
    return [*complaint, *options, *customers.ask({"type": "get_filter_options"})]


def _chat(shop: Shop) -> Frames:
    chat = shop.chats[0]
    client = shop.open(chat)
    ai = next(message for message in chat.messages if message.type == "AI")
    rating = {"type": "submit_feedback", "message_id": ai.id, "feedback": "positive"}
    mine = {**rating, "message_id": chat.messages[0].id}
    asked = (
        {"content": ""},
        {"type": "mark_read"},
        rating,
        mine,
        {**rating, "feedback": "good"},
        {**rating, "message_id": ""},
    )
    told = client.ask(*asked, {**rating, "message_id": "zzzzzz"})
    shop.call("DELETE", f"message/conversation/{chat.id}/")
    return [*told, *client.news(), *client.ask({"content": "x"})]


def _tokens(shop: Shop) -> Frames:
    return _all(shop.dial(CONVERSATIONS, None))


def _second_tab(shop: Shop) -> Frames:
    first = shop.open(shop.chats[3])
    shop.open(shop.chats[3])
    return _all(first)


def _denied(shop: Shop) -> Frames:
    return _all(shop.dial("/ws/chat/zzzzzz/"))


def _wizard(shop: Shop) -> Frames:
    client = shop.dial(WIZARD)
    return client.ask({"type": "ping"})


def _stall(shop: Shop) -> Frames:
    client = shop.open(CONVERSATIONS)
    shop.server.fault("stall")
    client.send('{"type": "get_conversations"}')
    client.wait()
    shop.server.calm()
    return client.heard
