"""What makes a frame come that no client has asked for: a call over HTTP, or something that happens in the shop."""

import re
from collections.abc import Callable
from typing import Any

import httpx

from mock_server.models import Conversation
from mock_server.server import MockServer
from tests.contract.recordings import Line

Frame = dict[str, Any]


class Causes:
    """Makes happen in the mock what must have happened when the recording was made."""

    def __init__(self, server: MockServer, owner: str, tokens: dict[str, str]) -> None:
        self.server, self.tokens = server, tokens
        self.owner = server.backend.store.user_by_login(owner)
        self.status_to_set, self.conversations_to_go = "active", 1
        self.http = httpx.Client(base_url=server.url, timeout=20)

    def close(self) -> None:
        self.http.close()

    # --- calls that the recording names by a label or a note ---

    def call(self, label: str, chat_id: str) -> httpx.Response | None:
        """Make the call that a label names; ``None`` where the recording does not say how it is made."""
        words: tuple[tuple[str, Callable[[str], httpx.Response]], ...] = (
            (r"customer patch|customer edit", self._edit_customer),
            (r"customer delete", self._delete_customer),
            (r"(conversation )?delete", self._delete_conversation),
            (r"send-message", self._send_message),
            (r"status$", self._set_status),
            (r"refresh", self._refresh),
            (r"logout", lambda _: self.http.get("/api/v1/usr/logout", headers=self._bearer())),
        )
        made = next((make for pattern, make in words if re.search(pattern, label.lower())), None)
        return made(chat_id) if made else None

    def status(self) -> httpx.Response:
        return self.http.get("/api/v1/usr/auth/status", headers=self._bearer())

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access']}"}

    def _api(self, method: str, path: str, body: Frame | None = None) -> httpx.Response:
        return self.http.request(method, f"/api/v1/message/{path}", json=body, headers=self._bearer())

    def _send_message(self, chat_id: str) -> httpx.Response:
        return self._api("POST", f"conversation/{chat_id}/send-message/", {"content": "REST"})

    def _set_status(self, chat_id: str) -> httpx.Response:
        return self._api("PATCH", f"conversation/{chat_id}/status/", {"status": self.status_to_set})

    def _customer(self) -> int:
        """One with as many conversations as the recorded one had; conversations without a customer make them up."""
        assert self.owner is not None
        store, owner, wanted = self.server.backend.store, self.owner, self.conversations_to_go
        rows = [(len(store.conversations_with(row, owner)), row.id, row) for row in store.customers_of(owner)]
        count, identity, customer = max(row for row in rows if row[0] <= wanted)
        for chat in [chat for chat in store.of_user(owner) if chat.customer is None][: wanted - count]:
            chat.customer = customer
        return identity

    def _edit_customer(self, _: str) -> httpx.Response:
        return self._api("PATCH", f"customer-item/{self._customer()}/", {"description": "edited"})

    def _delete_customer(self, _: str) -> httpx.Response:
        return self._api("DELETE", f"customer-item/{self._customer()}/")

    def _delete_conversation(self, chat_id: str) -> httpx.Response:
        return self._api("DELETE", f"conversation/{chat_id}/")

    def _refresh(self, _: str) -> httpx.Response:
        answer = self.http.post("/api/v1/usr/refresh-access", json={"refresh": self.tokens["refresh"]})
        number = sum(name.startswith("t") and name[1:].isdigit() for name in self.tokens) + 1
        data = answer.json()["data"]
        self.tokens |= {"access": data["access_token"], "refresh": data["refresh_token"]}
        self.tokens |= {f"t{number}": data["access_token"], f"r{number}": data["refresh_token"]}
        return answer

    # --- what happens in the shop, told by the frame alone ---

    def happen(self, line: Line, frame: Frame, chat_id: str) -> bool:
        """Make a frame come that nobody has asked for; whether we know how."""
        kind, server = frame.get("type"), self.server
        message = frame.get("message")
        if kind == "ai_message" and isinstance(message, dict):
            server.push(event="ai_answer", conversation=frame["conversation_id"], content=message["content"])
        elif kind == "chat_message" and isinstance(message, dict):
            self._message(message, frame.get("external_send_result"))
        elif kind == "conversation_deleted":
            self._delete_conversation(str(frame["conversation_id"]))
        elif kind == "conversations_list" and frame["filters"] == {}:
            server.call(server.backend.push_conversations(self.owner))  # type: ignore[arg-type]
        elif kind == "customers_list" and frame["filters"] == {}:
            server.call(server.backend.push_customers(self.owner))  # type: ignore[arg-type]
        else:
            return False
        return True

    def _message(self, row: Frame, result: Any) -> None:
        backend = self.server.backend
        chat = backend.store.conversations[row["conversation_id"]]
        if backend.store.find_message(row["id"]):
            texts = {name: row[name] for name in ("content", "transcription", "processing_status") if name in row}
            self.server.push(event="replace", message=row["id"], **texts)
        else:
            self.server.call(self._arrives(chat, row, result))

    async def _arrives(self, chat: Conversation, row: Frame, result: Any) -> None:
        """A message from the platform; it keeps its id, for a later frame may speak of it."""
        more = {"is_ai_response": row["is_ai_response"], "has_customer": row["customer"] is not None}
        for name in ("message_type", "media_url", "media_file", "processing_status", "transcription"):
            more |= {name: row[name]} if name in row else {}
        message = self.server.backend.store.add_message(chat, row["content"], row["type"], **more)
        message.id = row["id"]
        await self.server.backend.push_message(chat, message, result)
