"""Who is told when something happens in the shop, in every version: to which sockets, how often, and what."""

from mock_server.models import Conversation
from tests.contract.clients import Client
from tests.contract.rules import RICH, rule
from tests.contract.shop import CONVERSATIONS, CUSTOMERS, Frame, Shop

Short = tuple[str, Frame, int, int]
PUSHES_AI = ("documented", "hello", "kick")
LIST: Short = ("conversations_list", {}, 1, 10)
CUSTOMER_LIST: Short = ("customers_list", {}, 1, 10)


class Ears:
    """Sockets on both lists, filtered and on another page, and on one chat; what each hears of one event."""

    def __init__(self, shop: Shop, chat: Conversation) -> None:
        self.lists, self.customers, self.chat = shop.open(CONVERSATIONS), shop.open(CUSTOMERS), shop.open(chat)
        filters = {"page": 3, "page_size": 2, "status": "closed"}
        self.lists.ask({"type": "filter_conversations", "filters": filters})

    def heard(self) -> tuple[list[Short], list[Short], list[Frame]]:
        """The pushes on the lists in short (type, filters, page, size), and the chat's frames."""
        return _short(self.lists), _short(self.customers), self.chat.news()


def _short(client: Client) -> list[Short]:
    return [
        (frame["type"], frame["filters"], frame["pagination"]["page"], frame["pagination"]["page_size"])
        for frame in client.news()
    ]


@rule("conversations")
def test_a_customers_message_is_told_in_its_chat_and_to_the_conversations(shop: Shop) -> None:
    """The list comes once, as page 1 without filters whatever its reader looks at; the customers hear nothing."""
    chat = shop.chat("telegram")
    ears = Ears(shop, chat)
    shop.server.push(event="customer_message", conversation=chat.id, content="salam")
    lists, customers, (frame,) = ears.heard()
    assert (lists, customers) == ([LIST], [])
    assert (frame["type"], frame["external_send_result"]) == ("chat_message", {})
    assert (frame["message"]["type"], frame["message"]["content"]) == ("customer", "salam")


@rule("conversations")
def test_an_answer_of_the_ai(shop: Shop) -> None:
    """Older versions tell the chat in a frame of its own kind, and the list; the newest store it and say nothing."""
    chat = shop.chat("telegram")
    ears = Ears(shop, chat)
    shop.server.push(event="ai_answer", conversation=chat.id, content="of course")
    assert (chat.messages[-1].type, chat.messages[-1].is_ai_response) == ("AI", True)
    lists, customers, frames = ears.heard()
    if shop.version.profile not in PUSHES_AI:
        assert (lists, customers, frames) == ([], [], [])
        return
    assert (lists, customers) == ([LIST], [])
    (frame,) = frames
    told = {key: value for key, value in frame.items() if key != "message"}
    assert told == {"type": "ai_message", "conversation_id": chat.id, "is_ai_response": True}
    assert (frame["message"]["type"], frame["message"]["content"]) == ("AI", "of course")


@rule("chat")
def test_the_same_id_comes_again_with_what_was_made_of_it(shop: Shop) -> None:
    """After the processing of a voice message the chat gets its id once more, with other content."""
    chat = shop.chats[0]
    voice = next(message for message in chat.messages if message.processing_status == "pending")
    ears = Ears(shop, chat)
    order = {"content": "hello", "transcription": "hello", "processing_status": "completed"}
    shop.server.push(event="replace", message=voice.id, **order)
    _, _, (frame,) = ears.heard()
    row = frame["message"]
    assert (frame["type"], row["id"], row["content"]) == ("chat_message", voice.id, "hello")
    if shop.version.profile in RICH:
        assert (row["transcription"], row["processing_status"]) == ("hello", "completed")


@rule("conversations")
def test_a_change_of_status_is_pushed_to_the_conversations_alone(shop: Shop) -> None:
    """The list comes once with the new status; the chat hears nothing."""
    chat = shop.chats[3]
    ears = Ears(shop, chat)
    answer = shop.call("PATCH", f"message/conversation/{chat.id}/status/", {"status": "closed"})
    assert (answer.status_code, chat.status) == (200, "closed")
    assert ears.heard() == ([LIST], [], [])


@rule("chat")
def test_a_deleted_conversation(shop: Shop) -> None:
    """Its chat is told and stays open, empty, unable to send; the conversations are pushed without it."""
    chat = shop.chats[3]
    ears = Ears(shop, chat)
    assert shop.call("DELETE", f"message/conversation/{chat.id}/").status_code == 204
    lists, customers, (frame,) = ears.heard()
    assert (lists, customers) == ([LIST], [])
    assert frame.pop("timestamp").endswith("+00:00")
    text = "This conversation has been deleted"
    assert frame == {"type": "conversation_deleted", "conversation_id": chat.id, "message": text}
    (history,) = ears.chat.ask({"type": "get_messages"})
    assert (history["messages"], history["count"]) == ([], 0)
    failed = ears.chat.ask({"type": "chat_message", "content": "x"})
    assert failed == [{"type": "error", "error": "Failed to save message"}]
    assert chat.id not in [row["id"] for row in shop.listed(CONVERSATIONS, {"page_size": 100})["conversations"]]


@rule("customers")
def test_an_edited_customer_is_pushed_twice_to_both_lists(shop: Shop) -> None:
    """Each list comes two times, with the change; the chat hears nothing."""
    chat = shop.chat("telegram")
    assert chat.customer
    ears = Ears(shop, chat)
    answer = shop.call("PATCH", f"message/customer-item/{chat.customer.id}/", {"first_name": "Renamed"})
    assert (answer.status_code, answer.json()["first_name"]) == (200, "Renamed")
    assert ears.heard() == ([LIST, LIST], [CUSTOMER_LIST, CUSTOMER_LIST], [])
    assert shop.listed(CUSTOMERS, {"search": "Renamed"})["count"] == 1


@rule("customers")
def test_a_deleted_customer_takes_the_conversations_along_without_a_word_in_them(shop: Shop) -> None:
    """Each list comes once; the chats are not told that they are gone."""
    chat = shop.chat("telegram")
    assert chat.customer
    gone = [row.id for row in shop.chats if row.customer is chat.customer]
    ears = Ears(shop, chat)
    assert shop.call("DELETE", f"message/customer-item/{chat.customer.id}/").status_code == 204
    assert ears.heard() == ([LIST], [CUSTOMER_LIST], [])
    left = [row["id"] for row in shop.listed(CONVERSATIONS, {"page_size": 100})["conversations"]]
    assert not set(gone) & set(left)


@rule("chat")
def test_a_message_sent_over_http_is_told_like_one_of_a_socket(shop: Shop) -> None:
    """The chat gets it and the list is pushed once; the answer holds the same message and result."""
    chat = shop.chat("telegram")
    ears = Ears(shop, chat)
    body = {"content": " hi ", "type": "marketing"}
    answer = shop.call("POST", f"message/conversation/{chat.id}/send-message/", body)
    lists, customers, (frame,) = ears.heard()
    assert (lists, customers) == ([LIST], [])
    assert (frame["type"], frame["message"]["content"], frame["message"]["type"]) == ("chat_message", "hi", "marketing")
    data = answer.json()["data"]
    assert data["message"]["id"] == frame["message"]["id"]
    assert data["external_send_result"] == frame["external_send_result"]


@rule("conversations")
def test_nobody_hears_of_anothers_shop(shop: Shop) -> None:
    """What happens in one user's shop is not pushed to the other's."""
    theirs = shop.open(CONVERSATIONS, shop.token(shop.other))
    shop.server.push(event="customer_message", conversation=shop.chats[3].id, content="x")
    shop.call("PATCH", f"message/conversation/{shop.chats[3].id}/status/", {"status": "closed"})
    assert theirs.news() == []
