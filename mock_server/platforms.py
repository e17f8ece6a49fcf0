"""What Telegram and Instagram say about a message that is sent on to them."""

from typing import Any

from mock_server.models import Conversation, Message

BOT = "https://api.telegram.org/bot1234567890:MOCK-of-a-key-that-must-never-be-shown/sendMessage"


def deliver(
    conversation: Conversation, message: Message, *, taken: bool = True, names_bot: bool = False
) -> dict[str, Any] | None:
    """The ``external_send_result`` of a message.

    ``taken`` is false where the platform cannot be reached. With ``names_bot`` the error then holds the bot's address.
    """
    if message.type == "customer":
        return None
    if conversation.source not in ("telegram", "instagram"):
        return {"success": False, "error": "Unknown conversation source"}
    if not taken:
        told = f"502 Server Error: Bad Gateway for url: {BOT}" if names_bot else "name 'requests' is not defined"
        return {"success": False, "error": told}
    if conversation.source == "instagram":
        identity = f"mid.{conversation.id}.{len(conversation.messages)}"
        return {"success": True, "message_id": identity, "data": {"message_id": identity}}
    number = 9000 + len(conversation.messages)
    result = {
        "message_id": number,
        "date": int(message.created_at.timestamp()),
        "chat": {"id": conversation.customer.source_id if conversation.customer else ""},
        "text": message.content,
    }
    return {"success": True, "message_id": number, "data": {"ok": True, "result": result}}
