"""The socket that says how far the shop is set up."""

from typing import Any

from starlette.websockets import WebSocket

from mock_server.backend import Backend
from mock_server.consumer import Consumer, stamped


class WizardConsumer(Consumer):
    """``/ws/wizard-status/``: wants a real token even in debug mode."""

    kind = "wizard"
    greeting = ""
    default_request = "refresh"

    def __init__(self, backend: Backend, socket: WebSocket) -> None:
        super().__init__(backend, socket)
        self.requests = {"ping": self._pong, "refresh": self._status}

    def groups(self) -> list[str]:
        return [f"wizard_{self.connection.user.id}"] if self.connection.user else []

    async def _handshake(self, token: str) -> bool:
        if self.exists() and self.backend.tokens.user_id(token, kinds=("access", "refresh")) is None:
            await self._refuse(403)
            return False
        return await super()._handshake(token)

    def exists(self) -> bool:
        return self.backend.profile.wizard

    async def first_data(self) -> None:
        await self._status({})

    async def _bad_json(self) -> None:
        await self.connection.send({"error": "invalid_json"})

    async def _pong(self, _: dict[str, Any]) -> None:
        await self.connection.send({"type": "pong"})

    async def _status(self, _: dict[str, Any]) -> None:
        user = self.connection.user
        details = {
            "first_name": bool(user and user.first_name),
            "last_name": bool(user and user.last_name),
            "phone_number": False,
            "business_type": True,
            "manual_prompt": True,
            "channel_connected": True,
            "instagram_connected": False,
            "telegram_connected": True,
        }
        needed = ("first_name", "last_name", "phone_number", "business_type", "manual_prompt", "channel_connected")
        missing = [name for name in needed if not details[name]]
        status = {"wizard_complete": False, "can_complete": not missing, "missing_fields": missing, "details": details}
        await self.connection.send(stamped("wizard_status", **status))
