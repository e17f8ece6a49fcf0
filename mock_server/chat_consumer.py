"""The socket of one conversation: messages, history, feedback."""

import re
from typing import Any

from starlette.websockets import WebSocket

from mock_server.backend import Backend
from mock_server.consumer import Consumer, PoisonError, stamped
from mock_server.models import Conversation, Message, now
from mock_server.platforms import deliver
from mock_server.serialize import iso


class ChatConsumer(Consumer):
    """``/ws/chat/<conversation_id>/``"""

    kind = "chat"
    greeting = "✅ Chat WebSocket connected successfully"
    default_request = "chat_message"

    def __init__(self, backend: Backend, socket: WebSocket) -> None:
        super().__init__(backend, socket)
        self.chat_id: str = socket.path_params["conversation_id"]
        self.requests = {
            "chat_message": self._chat_message,
            "mark_read": self._mark_read,
            "get_messages": self._get_messages,
            "load_more_messages": self._get_messages,
            "submit_feedback": self._submit_feedback,
        }

    @property
    def conversation(self) -> Conversation | None:
        return self.backend.store.conversations.get(self.chat_id)

    def groups(self) -> list[str]:
        return [f"chat_{self.chat_id}"]

    def exists(self) -> bool:
        return re.fullmatch(r"\w+", self.chat_id) is not None

    async def _admit(self) -> bool:
        conversation = self.conversation
        if conversation is None or conversation.owner != self.connection.user:
            await self._denied()
            return False
        self.connection.chat = self.chat_id
        await self._accept()
        return True

    async def _denied(self) -> None:
        if not self.backend.profile.says_denied:
            await self._refuse(403)
            return
        await self.credential.accept()
        self.backend.hub.join(self.connection, ())
        try:
            await self.connection.send(stamped("access_denied", message="You do not have access to this conversation"))
            code = self.backend.trouble.closing_code(1008)
            if code == 1011:  # the close itself is what raises
                await self.backend.trouble.crash(self.connection)
            else:
                await self.connection.close(code)
        finally:
            self.backend.hub.leave(self.connection)

    def hello(self) -> dict[str, Any]:
        frame = super().hello()
        return {**frame, "conversation_id": self.chat_id}

    async def first_data(self) -> None:
        await self.connection.send(self.backend.recent_messages(self.conversation, None))

    async def _get_messages(self, request: dict[str, Any]) -> None:
        filters = request.get("filters", {})
        if self.conversation and self.backend.trouble.struck("page_shift", self.connection):
            await self.backend.customer_writes(self.conversation, "…")
        await self.connection.send(self.backend.recent_messages(self.conversation, filters))

    async def _chat_message(self, request: dict[str, Any]) -> None:
        content = request.get("content", "")
        if not isinstance(content, str):
            raise PoisonError
        content = content.strip()
        if not content:
            await self._error("Message content cannot be empty")
            return
        conversation = self.conversation
        if conversation is None:
            await self._error("Failed to save message")
            return
        kind = "customer" if request.get("message_type") == "customer" else "support"
        message = self.backend.store.add_message(conversation, content, kind)
        taken = await self.backend.trouble.platform_call(self.connection)
        result = deliver(conversation, message, taken=taken, names_bot=self.backend.profile.names_bot)
        await self.backend.push_message(conversation, message, result)

    async def _mark_read(self, _: dict[str, Any]) -> None:
        conversation = self.conversation
        for message in conversation.unread if conversation else []:
            assert conversation is not None
            if conversation.status != "active" or _answered_by_ai(conversation, message):
                message.is_answered = True
        user = self.connection.user
        frame = {"type": "messages_read", "user_id": user.id if user else 0}
        await self.backend.hub.broadcast(f"chat_{self.chat_id}", frame)

    async def _submit_feedback(self, request: dict[str, Any]) -> None:
        message_id, feedback, comment = (
            request.get("message_id"),
            request.get("feedback", ""),
            request.get("comment", ""),
        )
        if not isinstance(feedback, str) or not isinstance(comment, str):
            raise PoisonError
        if not message_id:
            await self._error("message_id is required")
            return
        feedback = feedback.lower()
        if feedback not in ("positive", "negative", "none"):
            await self._error('Invalid feedback type. Must be "positive", "negative", or "none"')
            return
        conversation = self.conversation
        message = next((m for m in (conversation.messages if conversation else []) if m.id == message_id), None)
        if message is None:
            await self._error("Message not found or you do not have permission to access it")
            return
        if message.type != "AI":
            await self._error("Feedback can only be submitted for AI responses")
            return
        message.feedback, message.feedback_comment, message.feedback_at = feedback, comment.strip()[:500], now()
        data = {
            "message_id": message.id,
            "feedback": message.feedback,
            "comment": message.feedback_comment,
            "feedback_at": iso(message.feedback_at),
        }
        await self.connection.send({"type": "feedback_submitted", "success": True, "data": data})
        await self.backend.hub.broadcast(f"chat_{self.chat_id}", {"type": "feedback_updated", **data})

    async def _error(self, text: str) -> None:
        await self.connection.send({"type": "error", "error": text})


def _answered_by_ai(conversation: Conversation, message: Message) -> bool:
    return any(later.type == "AI" and later.created_at > message.created_at for later in conversation.messages)
