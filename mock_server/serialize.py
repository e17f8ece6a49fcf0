"""Models to the JSON of the wire. Two spellings of time, as the backend has them: ``Z`` and ``+00:00``."""

from datetime import datetime
from typing import Any

from mock_server.models import Conversation, Customer, Message, Store, User

Json = dict[str, Any]
ORIGIN = "http://mock.invalid"
"""Stands for the server's own address until a frame is sent: each client is given the one that it dialled."""


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
        return f"{ORIGIN}{path}" if path else None

    def customer(self, customer: Customer | None) -> Json | None:
        """The customer inside a conversation or message."""
        if customer is None:
            return None
        tags: list[Json] = [{"id": tag.id, "name": tag.name} for tag in customer.tags]
        if self.rich:
            tags = [
                {"id": tag.id, "name": tag.name, "created_at": z(tag.created_at), "created_by": None}
                for tag in customer.tags
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
            "customer": self.customer(customer),
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
                "media_file": None,
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
        row["tags"] = [{"id": tag.id, "name": tag.name} for tag in customer.tags]
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

    def user(self, user: User) -> Json:
        """The user in the answer to a login, and in ``auth/status`` and ``profile``."""
        return {
            "is_profile_fill": True,
            "id": user.id,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.email,
            "phone_number": None,
            "username": user.username,
            "profile_picture": self.url("/media/user_img/default.png"),
            "business_type": "shop",
            "default_reply_handler": "AI",
            "wizard_complete": False,
            "email_confirmed": False,
        }
