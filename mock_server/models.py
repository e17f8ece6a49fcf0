"""The shop: users, customers, tags, conversations and messages, in memory."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class User:
    id: int
    email: str
    username: str
    password: str
    first_name: str
    last_name: str
    phone_number: str | None = None
    created_at: datetime = field(default_factory=now)


@dataclass(slots=True)
class Tag:
    id: int
    name: str
    created_at: datetime


@dataclass(slots=True)
class Customer:
    id: int
    source: str
    source_id: str
    created_at: datetime
    updated_at: datetime
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None
    email: str | None = None
    phone_number: str | None = None
    description: str | None = None
    profile_picture: str | None = None
    tags: list[Tag] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    id: str
    content: str
    type: str
    conversation_id: str
    created_at: datetime
    is_ai_response: bool = False
    is_answered: bool = False
    has_customer: bool = True  # the answers of an operator are stored without one
    feedback: str = "none"
    feedback_comment: str = ""
    feedback_at: datetime | None = None
    message_type: str = "text"
    media_url: str | None = None
    media_file: str | None = None
    processing_status: str = "completed"
    transcription: str | None = None


@dataclass(slots=True)
class Conversation:
    id: str
    owner: User
    customer: Customer | None
    title: str | None
    status: str
    source: str
    priority: int
    created_at: datetime
    updated_at: datetime
    is_active: bool = True
    messages: list[Message] = field(default_factory=list)

    @property
    def unread(self) -> list[Message]:
        """Messages of the customer that nobody has marked as answered."""
        return [message for message in self.messages if message.type == "customer" and not message.is_answered]

    @property
    def last_message(self) -> Message | None:
        return max(self.messages, key=lambda message: message.created_at, default=None)


class Store:
    """Everything that the backend keeps. Deterministic for a seed."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.users: dict[int, User] = {}
        self.customers: dict[int, Customer] = {}
        self.conversations: dict[str, Conversation] = {}

    def user_by_login(self, login: str) -> User | None:
        """The user with this e-mail address or user name."""
        return next((user for user in self.users.values() if login in (user.email, user.username)), None)

    def of_user(self, user: User) -> list[Conversation]:
        return [conversation for conversation in self.conversations.values() if conversation.owner.id == user.id]

    def customers_of(self, user: User) -> list[Customer]:
        """The customers with whom the user has a conversation."""
        found: dict[int, Customer] = {}
        for conversation in self.of_user(user):
            if conversation.customer:
                found[conversation.customer.id] = conversation.customer
        return list(found.values())

    def conversations_with(self, customer: Customer, user: User) -> list[Conversation]:
        return [c for c in self.of_user(user) if c.customer is not None and c.customer.id == customer.id]

    def all_with(self, customer: Customer) -> list[Conversation]:
        """Conversations of every user with a customer: the backend's filters look at these."""
        return [c for c in self.conversations.values() if c.customer is not None and c.customer.id == customer.id]

    def owners_of(self, customer: Customer) -> list[User]:
        return unique(c.owner for c in self.conversations.values() if c.customer is customer)

    def find_message(self, message_id: object) -> Message | None:
        for conversation in self.conversations.values():
            for message in conversation.messages:
                if message.id == message_id:
                    return message
        return None

    def new_id(self) -> str:
        return "".join(self.random.choices(ALPHABET, k=6))

    def add_message(self, conversation: Conversation, content: str, kind: str, **more: Any) -> Message:
        """Store a message, newest last, and move the conversation up."""
        created = more.pop("created_at", None) or now()
        message = Message(self.new_id(), content, kind, conversation.id, created, **more)
        conversation.messages.append(message)
        conversation.updated_at = max(conversation.updated_at, created)
        return message


def unique(users: Iterable[User]) -> list[User]:
    return list({user.id: user for user in users}.values())
