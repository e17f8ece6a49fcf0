"""Models to the JSON of the wire. Two spellings of time, as the backend has them: ``Z`` and ``+00:00``."""

from datetime import datetime
from typing import Any

from mock_server.models import Conversation, Customer, Message, Store, Tag, User

Json = dict[str, Any]
ORIGIN = "http://mock.invalid"
"""Stands for the server's own address until a frame is sent: each client is given the one that it dialled."""
HIDDEN_TAGS = ("Telegram", "Whatsapp", "Instagram")  # by the newest versions


def z(moment: datetime | None) -> str | None:
    """A timestamp as the REST framework writes it."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def iso(moment: datetime | None) -> str | None:
    """A timestamp as ``isoformat`` writes it."""
    return moment.isoformat() if moment else None


class Serializer:
    """Writes models. ``rich`` adds the fields that only the newest version sends."""

    def __init__(self, *, rich: bool) -> None:
        self.rich = rich

    def url(self, path: str | None) -> str | None:
        """The absolute address of a file; one that is absolute already stays."""
        return f"{ORIGIN}{path}" if path and path.startswith("/") else path

    def _tags(self, customer: Customer) -> list[Tag]:
        return [tag for tag in customer.tags if not (self.rich and tag.name in HIDDEN_TAGS)]

    def customer(self, customer: Customer | None) -> Json | None:
        """The customer inside a conversation or message."""
        if customer is None:
            return None
        tags: list[Json] = [{"id": tag.id, "name": tag.name} for tag in self._tags(customer)]
        if self.rich:
            tags = [
                {"id": tag.id, "name": tag.name, "created_at": z(tag.created_at), "created_by": None}
                for tag in self._tags(customer)
            ]
        return {
            "id": customer.id,
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "username": customer.username,
            "email": customer.email,
            "phone_number": customer.phone_number,
            "description": customer.description,
            "source": customer.source,
            "source_id": customer.source_id,
            "profile_picture": self.url(customer.profile_picture),
            "created_at": z(customer.created_at),
            "updated_at": z(customer.updated_at),
            "tag": tags,
            **({"data": customer.data} if self.rich else {}),
        }

    def message(self, message: Message, customer: Customer | None) -> Json:
        row: Json = {
            "id": message.id,
            "content": message.content,
            "type": message.type,
            "customer": self.customer(customer) if message.has_customer else None,
            "conversation_id": message.conversation_id,
            "is_ai_response": message.is_ai_response,
            "is_answered": message.is_answered,
            "created_at": z(message.created_at),
            "feedback": message.feedback,
            "feedback_comment": message.feedback_comment,
            "feedback_at": z(message.feedback_at),
        }
        if self.rich:
            row |= {
                "message_type": message.message_type,
                "media_url": self.url(message.media_url),
                "media_file": self.url(message.media_file),
                "processing_status": message.processing_status,
                "transcription": message.transcription,
            }
        return row

    def conversation(self, conversation: Conversation) -> Json:
        return {
            "id": conversation.id,
            "title": conversation.title,
            "status": conversation.status,
            "customer": self.customer(conversation.customer),
            "priority": conversation.priority,
            "source": conversation.source,
            "is_active": conversation.is_active,
            "created_at": z(conversation.created_at),
            "updated_at": z(conversation.updated_at),
            "last_message": self._last_message(conversation, ai=False),
            "unread_count": len(conversation.unread),
        }

    def customer_row(self, customer: Customer, store: Store, user: User) -> Json:
        """The customer in ``customers_list``."""
        row = self.customer(customer) or {}
        for name in ("description", "tag", "data"):
            row.pop(name, None)
        row["conversations"] = [self._nested(c) for c in store.conversations_with(customer, user)]
        row["tags"] = [{"id": tag.id, "name": tag.name} for tag in self._tags(customer)]
        if self.rich:
            row["data"] = customer.data
        return row

    def _nested(self, conversation: Conversation) -> Json:
        return {
            "id": conversation.id,
            "title": conversation.title,
            "status": conversation.status,
            "source": conversation.source,
            "priority": conversation.priority,
            "is_active": conversation.is_active,
            "created_at": iso(conversation.created_at),
            "updated_at": iso(conversation.updated_at),
            "last_message": self._last_message(conversation, ai=True),
            "unread_count": len(conversation.unread),
        }

    def _last_message(self, conversation: Conversation, *, ai: bool) -> Json | None:
        message = conversation.last_message
        if message is None:
            return None
        return {
            "id": message.id,
            "content": message.content,
            "type": message.type,
            **({"is_ai_response": message.is_ai_response} if ai else {}),
            "created_at": iso(message.created_at),
            "feedback": message.feedback,
            "feedback_comment": message.feedback_comment,
            "feedback_at": iso(message.feedback_at),
        }

    # --- as the REST calls spell it ---

    def rest_customer(self, customer: Customer | None) -> Json | None:
        row = self.customer(customer)
        return {**row, "bio": None, "persona_data": None} if row else None

    def rest_conversation(self, conversation: Conversation) -> Json:
        row = self.conversation(conversation)
        del row["last_message"], row["unread_count"]
        return {**row, "customer": self.rest_customer(conversation.customer), "user": conversation.owner.id}

    def rest_message(self, message: Message, conversation: Conversation) -> Json:
        row = self.message(message, conversation.customer)
        del row["conversation_id"]
        customer = self.rest_customer(conversation.customer) if message.has_customer else None
        unused = ("metadata", "buttons", "input_tokens", "output_tokens", "total_tokens", "processing_error")
        return {
            **row,
            **dict.fromkeys((*unused, "processed_at", "processing_duration_ms")),
            "customer": customer,
            "conversation": self.rest_conversation(conversation),
        }
