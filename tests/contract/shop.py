"""A mock in one version, as plain clients see it: what the stories of rules are told with."""

from dataclasses import replace
from typing import Any

import httpx

from mock_server.models import Conversation, Customer, User
from mock_server.server import MockServer
from mock_server.timing import Timing
from tests.contract.clients import ORIGIN, Client
from tests.contract.rules import Version

PACE = 0.02  # the mock's time runs fifty times as fast
CONVERSATIONS = "/ws/conversations/"
CUSTOMERS = "/ws/customers/"
WIZARD = "/ws/wizard-status/"
Frame = dict[str, Any]


class Shop:
    """One running mock with thirty conversations, checked as strictly as the backend checks with debug mode off."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.server = MockServer(
            profile=version.profile,
            server=version.flavour,
            debug=version.debug,
            conversations=30,
            strict=True,
            deflate=True,
            timing=replace(Timing().scaled(PACE), window=60.0),
        ).start()
        self.http = httpx.Client(base_url=self.server.url, timeout=20)
        self._opened: list[Client] = []
        self._lists: dict[str, Client] = {}

    def reset(self) -> None:
        """Back to the beginning."""
        if not self.server.running:
            self.server.start()
        self.server.reset()

    def leave(self) -> None:
        """Close every client."""
        for client in self._opened:
            client.close()
        self._opened.clear()
        self._lists.clear()

    def close(self) -> None:
        self.http.close()
        self.server.stop()

    # --- the shop ---

    @property
    def owner(self) -> User:
        return self.server.backend.store.users[1]

    @property
    def other(self) -> User:
        return self.server.backend.store.users[2]

    @property
    def chats(self) -> list[Conversation]:
        """The owner's conversations: the first has every kind of message, the second 240, the third none."""
        return self.server.backend.store.of_user(self.owner)

    def chat(self, source: str) -> Conversation:
        """A conversation of the owner with some messages, from this source."""
        return next(chat for chat in self.chats[3:] if chat.source == source and chat.customer)

    @property
    def customers(self) -> list[Customer]:
        return self.server.backend.store.customers_of(self.owner)

    # --- clients ---

    def token(self, user: User | None = None) -> str:
        return self.server.issue_tokens((user or self.owner).email)[0]

    def dial(self, path: str, token: str | None = "", **more: Any) -> Client:
        """A socket that has heard nothing yet. An empty token stands for the owner's, ``None`` for none at all."""
        token = self.token() if token == "" else token
        sign = "&" if "?" in path else "?"
        query = "" if token is None else f"{sign}token={token}"
        client = Client(f"ws://127.0.0.1:{self.server.port}{path}{query}", **{"origin": ORIGIN, **more})
        self._opened.append(client)
        return client

    def open(self, path: str | Conversation, token: str = "") -> Client:
        """A socket whose first frames are over."""
        client = self.dial(path if isinstance(path, str) else f"/ws/chat/{path.id}/", token)
        client.news()
        return client

    def listed(self, path: str, filters: Any) -> Frame:
        """The list that filters bring, over one socket for all of a test's questions."""
        if path not in self._lists:
            self._lists[path] = self.open(path)
        kind = "filter_conversations" if path == CONVERSATIONS else "filter_customers"
        (frame,) = self._lists[path].ask({"type": kind, "filters": filters})
        found: Frame = frame
        return found

    # --- calls ---

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = "", **headers: str
    ) -> httpx.Response:
        """A call below ``/api/v1/``, by the owner unless told otherwise, with a bearer token and no cookie."""
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {token or self.token()}")
        self.http.cookies.clear()  # they would win over the header
        return self.http.request(method, f"/api/v1/{path}", json=body, headers=headers)
