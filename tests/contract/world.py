"""The shop that a recording shows: a store with the conversations, customers and messages that are seen in it.

What the frames do not show is filled up to the counts that they name, with rows like the others.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from mock_server import query
from mock_server.models import Conversation, Customer, Message, Store, Tag, User, now
from mock_server.profiles import profile
from mock_server.serialize import HIDDEN_TAGS
from tests.contract.recordings import Recording

Row = dict[str, Any]


@contextmanager
def clock_after(begun: datetime) -> Iterator[None]:
    """Let the mock's clock go from ``begun`` where a recording is of a day that has not come here yet."""
    behind = begun - now() + timedelta(seconds=1)
    if behind <= timedelta():
        yield
        return
    ahead = SimpleNamespace(now=lambda zone: datetime.now(zone) + behind)
    with patch("mock_server.models.datetime", ahead):
        yield


class World:
    """Collects what a recording shows of the shop of its first user, and of the second one's."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.rich = profile(recording.version).rich
        self.store = Store()
        self.owner, self.other = self._users()
        self.store.users = {self.owner.id: self.owner, self.other.id: self.other}
        self.begun = self._first_moment()
        self.totals: dict[tuple[str, int], int] = {}  # rows of the unfiltered lists
        self.lengths: dict[str, int] = {}  # messages of conversations
        self.unlisted: set[str] = set()  # conversations whose row has not been seen yet
        self.found_by: list[tuple[str, str]] = []  # conversation, and a text that a search has found in it
        self._look()
        self._fill()

    # --- reading ---

    def _users(self) -> tuple[User, User]:
        name, email, password = "owner", "owner@lab.local", "Lab-pass-1"
        for line in self.recording.lines:
            body = line.get("body")
            if isinstance(body, dict) and isinstance(user := body.get("user_data"), dict):
                name, email = user["username"], user["email"]
            if line.get("label") == "login by e-mail" and isinstance(body, dict) and "password" in body:
                password = body["password"]
        phone = "+989120000001"
        owner = User(1, email, name, password, "Sara", "احمدی", phone)
        return owner, User(2, "second@lab.local", "second", "-", "Omid", "کریمی", phone)

    def _first_moment(self) -> datetime:
        times = [frame["timestamp"] for _, frame in self.recording.frames() if "timestamp" in frame]
        return moment(times[0]) if times else now()

    def _look(self) -> None:
        owners: dict[str, User] = {}
        chats: dict[str, str] = {}
        self._look_at_calls()
        for line in self.recording.lines:
            if line["dir"] in ("open", "b-open"):
                url = str(line.get("url", ""))
                owners[line["who"]] = self.other if "user2" in url else self.owner
                found = re.search(r"/ws/chat/(\w+)/", url)
                chats[line["who"]] = found[1] if found else ""
            frame = line.get("frame")
            if line["dir"] in ("<-", "b-message") and isinstance(frame, dict):
                chats[line["who"]] = str(frame.get("conversation_id") or chats.get(line["who"], ""))
                self._see(frame, owners.get(line["who"], self.owner), chats[line["who"]])

    def _look_at_calls(self) -> None:
        """Conversations and rows that only calls over HTTP speak of."""
        asked = ""
        for line in self.recording.lines:
            if line["who"] != "http":
                continue
            asked = line.get("path", asked) if line["dir"] == "->" else asked
            found = re.search(r"/conversation/(\w+)/", asked)
            if line["dir"] == "<-" and found and found[1] not in self.store.conversations:
                self._unlisted(found[1], self.other if line["status"] == 404 else self.owner, None)
            body = line.get("body")
            if line["dir"] == "<-" and isinstance(body, dict) and "results" in body:
                self._results(asked, body)

    def _results(self, asked: str, body: Row) -> None:
        kinds = {"/customers": "customers", "/user-conversation-full": "conversations"}
        for path, kind in kinds.items():
            if path in asked:
                self.totals[(kind, self.owner.id)] = body["count"]
        if found := re.search(r"conversation=(\w+)", asked):
            customer = self._customer(body["results"][0]["customer"])
            self.lengths[self._unlisted(found[1], self.owner, customer).id] = body["count"]

    def _see(self, frame: Row, owner: User, chat: str) -> None:
        filters = frame.get("filters")
        for kind in ("conversations", "customers"):
            if frame.get("type") == f"{kind}_list" and filters == {}:
                self.totals.setdefault((kind, owner.id), frame["count"])
        search = filters.get("search") if isinstance(filters, dict) else None
        self.found_by += [(row["id"], search) for row in frame.get("conversations", []) if search]
        for row in frame.get("conversations", []):
            self._conversation(row, owner, self._customer(row.get("customer")))
        for row in frame.get("customers", []):
            customer = self._customer(row)
            for nested in row.get("conversations", []):
                self._conversation(nested, owner, customer)
        if frame.get("type") == "recent_messages":
            self._messages(frame, owner, chat)

    def _customer(self, row: Row | None) -> Customer | None:
        if row is None:
            return None
        if row["id"] not in self.store.customers:
            tags = [Tag(tag["id"], tag["name"], self.begun) for tag in row["tag" if "tag" in row else "tags"]]
            if self.rich and not tags:
                number = row["id"] % 2  # every customer of the lab has a tag; the newest versions hide these
                tags = [Tag(3 + number, HIDDEN_TAGS[2 * number], self.begun)]
            texts: dict[str, Any] = {name: row.get(name) for name in _TEXTS}
            source_id, born, changed = row["source_id"], moment(row["created_at"]), moment(row["updated_at"])
            customer = Customer(row["id"], row["source"], source_id, born, changed, **texts, tags=tags)
            customer.data = row.get("data") or {}
            self.store.customers[row["id"]] = customer
        return self.store.customers[row["id"]]

    def _conversation(self, row: Row, owner: User, customer: Customer | None) -> None:
        known = self.store.conversations.get(row["id"])
        if known is not None and row["id"] not in self.unlisted:
            return
        self.unlisted.discard(row["id"])
        chat = Conversation(
            row["id"],
            owner,
            customer,
            row["title"],
            row["status"],
            row["source"],
            row["priority"],
            moment(row["created_at"]),
            moment(row["updated_at"]),
            row["is_active"],
        )
        self.store.conversations[chat.id] = chat
        if known is not None:
            chat.messages = known.messages
            return
        last, unread = row["last_message"], row["unread_count"]
        if last is None or moment(last["created_at"]) > self.begun:
            return
        message = Message(last["id"], last["content"], last["type"], chat.id, moment(last["created_at"]))
        message.is_ai_response = last.get("is_ai_response", last["type"] == "AI")
        message.is_answered = not unread
        counts = message.type == "customer" and unread > 0
        for step in range(unread - counts):
            earlier = message.created_at - timedelta(minutes=step + 1)
            chat.messages.append(Message(self.store.new_id(), "…", "customer", chat.id, earlier))
        chat.messages.append(message)

    def _messages(self, frame: Row, owner: User, chat_id: str) -> None:
        rows = [row for row in frame["messages"] if moment(row["created_at"]) <= self.begun]
        customer = next((row["customer"] for row in rows if row["customer"]), None)
        chat_id = rows[0]["conversation_id"] if rows else chat_id
        chat = self.store.conversations.get(chat_id) or self._unlisted(chat_id, owner, self._customer(customer))
        first = chat_id not in self.lengths
        if first:
            self.lengths[chat_id] = frame["count"]
            chat.messages.clear()
        known = {message.id for message in chat.messages}
        chat.messages += [_message(row) for row in rows if row["id"] not in known]
        chat.messages.sort(key=lambda message: message.created_at)

    def _unlisted(self, chat_id: str, owner: User, customer: Customer | None) -> Conversation:
        """A conversation that is seen in its own chat before, or only there."""
        source = customer.source if customer else "unknown"
        born = self.begun - timedelta(days=2)
        chat = Conversation(chat_id, owner, customer, "a title", "support_active", source, 1, born, born)
        self.store.conversations[chat_id] = chat
        self.unlisted.add(chat_id)
        return chat

    # --- filling up ---

    def _fill(self) -> None:
        for chat_id, count in self.lengths.items():
            self._lengthen(self.store.conversations[chat_id], count)
        for chat_id, text in self.found_by:
            self._hold(self.store.conversations[chat_id], text)
        for owner in self.store.users.values():
            missing = self.totals.get(("customers", owner.id), 0) - len(self.store.customers_of(owner))
            for number in range(missing):
                self._another(owner, number)
            missing = self.totals.get(("conversations", owner.id), 0) - len(self.store.of_user(owner))
            for number in range(missing):
                self._another(owner, 1000 + number).customer = None
        if not self.store.conversations:
            self._another(self.owner, 0)
        if not self.store.of_user(self.other):
            self._another(self.other, 0)

    def _lengthen(self, chat: Conversation, count: int) -> None:
        created = chat.messages[0].created_at if chat.messages else self.begun
        for _ in range(count - len(chat.messages)):
            created -= timedelta(minutes=1)
            chat.messages.insert(0, Message(self.store.new_id(), "…", "customer", chat.id, created, is_answered=True))

    def _hold(self, chat: Conversation, text: str) -> None:
        """A search has found the conversation: if nothing that was seen tells why, a message that was not seen does."""
        if chat not in query.conversations(self.store, chat.owner, {"search": text}):
            message = Message(self.store.new_id(), text, "customer", chat.id, chat.created_at, is_answered=True)
            chat.messages.insert(0, message)

    def _another(self, owner: User, number: int) -> Conversation:
        """One more conversation, older than all that are seen, with a customer of its own."""
        born = self.begun - timedelta(days=200, minutes=number)
        identity = max(self.store.customers, default=0) + 1
        tag = Tag(1, "VIP", born)
        customer = Customer(identity, "telegram", f"telegram-{identity}", born, born, first_name="Ali", tags=[tag])
        self.store.customers[identity] = customer
        chat = Conversation(self.store.new_id(), owner, customer, "another", "active", "telegram", 1, born, born)
        self.store.conversations[chat.id] = chat
        chat.messages.append(Message(self.store.new_id(), "سلام", "customer", chat.id, born))
        return chat


_TEXTS = ("first_name", "last_name", "username", "email", "phone_number", "description", "profile_picture")


def _message(row: Row) -> Message:
    born, given = moment(row["created_at"]), row["feedback_at"]
    message = Message(row["id"], row["content"], row["type"], row["conversation_id"], born)
    for name in ("is_ai_response", "is_answered", "feedback", "feedback_comment"):
        setattr(message, name, row[name])
    for name in ("message_type", "media_url", "media_file", "processing_status", "transcription"):
        if name in row:
            setattr(message, name, row[name])
    message.feedback_at = moment(given) if given else None
    message.has_customer = row["customer"] is not None
    return message


def moment(text: str) -> datetime:
    """A time in either spelling."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
