"""The backend: its rules about sockets, tokens and messages, and its bad days.

``docs/protocol.md`` is the source. A version of the backend is a :class:`Rules`; what goes wrong is a switch that the
plan of a run flips.
"""

import base64
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pilito.exceptions import NetworkError
from pilito.ports import HttpResponse

from simulator.clock import Clock
from simulator.network import Network, Socket
from simulator.sessions import Sessions

ALLOWED: Final = 10  # handshakes a minute for each user
HELLO: Final = '{"type":"connection_established","message":"hi"}'
NOT_JSON: Final = '{"error":"Invalid JSON format"}'
CHATS: Final = ("a", "b")
MOST_ROWS: Final = 2  # messages in one page, so few that a short outage can leave a hole behind the newest


class GoodTokenReplaced(Exception):
    """A pair that the server has vouched for, and never refused, was spent for another one."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the backend, and how it is deployed."""

    hello: bool = True
    kick: str = ""  # "", "silent" or "announced": what becomes of an older socket of the same user and endpoint
    refusal: str = "handshake"  # or "frame", "code": how a bad token is refused
    limit: bool = True  # ten handshakes a minute for each user
    lifetime: float = 7 * 86_400.0  # of an access token, in seconds
    platform: float = 0.5  # seconds until a message is delivered and echoed
    handshake_cut: float = 5.0  # seconds after which a stalled worker cuts a handshake


@dataclass(slots=True)
class _Pair:
    access: str
    refresh: str
    user: str
    born: float
    doubted: bool = False  # a socket was closed because of it: it may be replaced although it lives


@dataclass(slots=True)
class Mood:
    """What is wrong with the server just now."""

    down: bool = False  # no process: connections are refused, over HTTP too
    stalled: bool = False  # the workers' sockets say nothing; HTTP is well
    refusing: bool = False  # every handshake is refused
    flapping: bool = False  # sockets are accepted, greeted and closed at once
    distrusting: bool = False  # every socket is closed because of its token, which HTTP vouches for
    mute: bool = False  # sockets are accepted and never spoken to
    http: str = ""  # "", "error", "busy", "lost", "hotel": what becomes of HTTP calls


@dataclass(slots=True)
class Server:
    """Everything behind the network."""

    clock: Clock
    network: Network
    rules: Rules
    sessions: Sessions
    mood: Mood = field(default_factory=Mood)
    pairs: list[_Pair] = field(default_factory=list)
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sockets: list[Socket] = field(default_factory=list)
    dials: dict[str, deque[float]] = field(default_factory=dict)
    issued: int = 0

    # --- tokens ---

    def issue(self, user: str) -> _Pair:
        """A new pair, shaped like the backend's."""
        self.issued += 1
        access, refresh = (_jwt(kind, user, self.issued, self.clock.now) for kind in ("access", "refresh"))
        pair = _Pair(access, refresh, user, self.clock.now)
        self.pairs.append(pair)
        self.sessions.issued(access, user)
        return pair

    def owner(self, access: str) -> str | None:
        """Whose access token this is, if it lives."""
        for pair in self.pairs:
            if access and pair.access == access and self.clock.now < pair.born + self.rules.lifetime:
                return pair.user
        return None

    def kill(self, *, refresh: bool) -> None:
        """Every access token dies, or every pair."""
        if refresh:
            self.pairs.clear()
        for pair in self.pairs:
            pair.access = ""

    # --- HTTP ---

    def answer(self, method: str, path: str, token: str | None, body: Any, scheme: str) -> HttpResponse:
        """Carry a call out. Raises ``NetworkError`` where nobody listens; status 0 stands for a lost answer."""
        if self.mood.down:
            raise NetworkError("refused")
        answer = self._carry_out(path, token, body, scheme)
        return HttpResponse(0) if self.mood.http == "lost" else answer

    def _carry_out(self, path: str, token: str | None, body: Any, scheme: str) -> HttpResponse:
        if self.mood.http == "error":
            return HttpResponse(503, None, 5.0)
        if self.mood.http == "hotel":
            return HttpResponse(200, None)
        if self.mood.http == "busy":
            return HttpResponse(429, {"detail": "busy"}, 10.0)
        call = path.rsplit("/", 1)[-1]
        if call == "status":
            user = self.owner(token or "")
            if user is None:
                self.sessions.unknown(token or "")
            return HttpResponse(200, {"authenticated": user is not None, "user": _user(user) if user else None})
        if call == "refresh-access":
            return self._refresh(body["refresh"])
        if call == "login":
            return self._login(body)
        self.pairs = [pair for pair in self.pairs if token not in (pair.access, pair.refresh) or scheme]
        return HttpResponse(200, {"success": True})

    def _refresh(self, refresh: str) -> HttpResponse:
        old = next((pair for pair in self.pairs if pair.refresh == refresh), None)
        if old is None:
            return HttpResponse(401, {"success": False, "errors": ["refresh is invalid"]})
        if old.access and not old.doubted and self.clock.now < old.born + self.rules.lifetime:
            raise GoodTokenReplaced
        self.pairs.remove(old)
        new = self.issue(old.user)
        return HttpResponse(200, {"data": {"access_token": new.access, "refresh_token": new.refresh}})

    def _login(self, body: Any) -> HttpResponse:
        if body["password"] != "right":
            return HttpResponse(400, {"non_field_errors": ["Invalid email/username or password."]})
        user = body["email_or_username"]
        self.sessions.logs_in(user)
        pair = self.issue(user)
        data = {"access_token": pair.access, "refresh_token": pair.refresh, "user_data": _user(user)}
        return HttpResponse(200, data)

    # --- sockets ---

    def dialled(self, socket: Socket) -> None:
        """A handshake has arrived."""
        if self.mood.down:
            self.network.refuse(socket)
        elif self.mood.stalled:
            self.clock.after(self.rules.handshake_cut, self.network.refuse, socket)
        else:
            self._judge(socket)

    def _judge(self, socket: Socket) -> None:
        user = None if self.mood.distrusting else self.owner(socket.token)
        if user is None:
            self._doubt(socket.token)
        if user is None and self.rules.refusal == "handshake":
            self.network.refuse(socket)
        elif user is None:
            self.network.accept(socket)
            if self.rules.refusal == "frame":
                self.network.down(socket, '{"type":"authentication_error","message":"no","error_code":"AUTH_REQUIRED"}')
            self.network.close(socket, 4001, "")
        elif self.mood.refusing or (self.rules.limit and not self._allowed(user)):
            self.network.refuse(socket)
        elif not self.may_have(user, socket.endpoint):
            self._deny(socket)
        else:
            self._accept(socket, user)

    def _doubt(self, access: str) -> None:
        for pair in self.pairs:
            if access and pair.access == access:
                pair.doubted = True
        self.sessions.refused(access)

    def _allowed(self, user: str) -> bool:
        recent = self.dials.setdefault(user, deque())
        while recent and recent[0] <= self.clock.now - 60:
            recent.popleft()
        if len(recent) >= ALLOWED:
            return False
        recent.append(self.clock.now)
        return True

    def may_have(self, user: str, endpoint: str) -> bool:
        """Whether an endpoint is a user's: everybody has the lists, and conversations of their own."""
        return not endpoint.startswith("/ws/chat/") or endpoint in {f"/ws/chat/{user}{chat}/" for chat in CHATS}

    def _deny(self, socket: Socket) -> None:
        if self.rules.refusal == "handshake":
            self.network.refuse(socket)
            return
        self.network.accept(socket)
        self.network.down(socket, '{"type":"access_denied","message":"no"}')
        self.network.close(socket, 1008, "")

    def _accept(self, socket: Socket, user: str) -> None:
        socket.user = user
        older = [other for other in self.sockets if other.user == user and other.endpoint == socket.endpoint]
        self.network.accept(socket)
        self.sockets.append(socket)
        if self.mood.mute:
            return
        if self.rules.hello:
            self.network.down(socket, HELLO)
        if self.mood.flapping:
            self._end(socket, 1011)
            return
        if not self.rules.hello or not socket.endpoint.startswith("/ws/customers/"):
            self._say_all(socket)
        for other in older if self.rules.kick else ():
            if self.rules.kick == "announced":
                self.network.down(other, '{"type":"connection_closed","reason":"duplicate_connection"}')
            self._end(other, 1000)

    def _end(self, socket: Socket, code: int, reason: str = "") -> None:
        self.forget(socket)
        if code == 4001:
            self._doubt(socket.token)
        self.network.close(socket, code, reason)

    def forget(self, socket: Socket) -> None:
        """The server's side of a socket is gone."""
        if socket in self.sockets:
            self.sockets.remove(socket)

    def restart(self, code: int) -> None:
        """Every socket is closed."""
        for socket in [*self.sockets]:
            self._end(socket, code)

    def close_one(self, number: int, code: int, reason: str) -> None:
        """Close one socket, for no reason that anybody knows."""
        if self.sockets:
            self._end(self.sockets[number % len(self.sockets)], code, reason)

    # --- frames ---

    def received(self, socket: Socket, text: str) -> None:
        """A frame has arrived; a stalled worker takes it up later."""
        if self.mood.stalled:
            self.clock.after(2.0, self.received, socket, text)
        elif socket in self.sockets and not self.mood.mute:
            self._handle(socket, text)

    def _handle(self, socket: Socket, text: str) -> None:
        try:
            request = json.loads(text)
        except ValueError:
            self.network.down(socket, NOT_JSON)
            return
        kind = request.get("type")
        if kind == "chat_message":
            row = self._store(socket.endpoint, "support", request["content"])
            self.clock.after(self.rules.platform, self._echo, socket.endpoint, row)
        elif kind in ("get_messages", "get_conversations", "get_customers", "refresh_conversations"):
            self._say_all(socket, request.get("filters"))

    def _store(self, endpoint: str, kind: str, content: str) -> dict[str, Any]:
        rows = self.messages.setdefault(endpoint, [])
        at = datetime.fromtimestamp(self.clock.now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        rows.append({"id": f"m{endpoint[9:11]}{len(rows)}", "type": kind, "content": content, "created_at": at})
        return rows[-1]

    def _echo(self, endpoint: str, row: dict[str, Any]) -> None:
        frame = json.dumps({"type": "chat_message", "message": row, "external_send_result": None})
        for socket in self.sockets:
            if socket.endpoint == endpoint and not self.mood.mute:
                self.network.down(socket, frame)

    def customer_writes(self, user: str, chat: str, number: int) -> None:
        """A customer says something in a chat, in more messages than one page holds."""
        endpoint = f"/ws/chat/{user}{chat}/"
        if not self.mood.down and not self.mood.stalled:
            for part in range(MOST_ROWS + 1):
                self._echo(endpoint, self._store(endpoint, "customer", f"{mark(user)} customer {number}.{part}"))

    def _say_all(self, socket: Socket, filters: Any = None) -> None:
        """The data of an endpoint: every piece of it carries its owner's mark."""
        if socket.endpoint.startswith("/ws/chat/"):
            every = self.messages.get(socket.endpoint, [])
            offset, size = (filters or {}).get("offset", 0), (filters or {}).get("page_size", 50)
            end = max(len(every) - offset, 0)
            rows = every[max(end - min(size, MOST_ROWS), 0) : end]
            pagination = {"count": len(every), "offset": offset}
            body: dict[str, Any] = {"type": "recent_messages", "messages": rows, "pagination": pagination}
        elif socket.endpoint == "/ws/customers/":
            body = {"type": "customers_list", "customers": [{"id": "1", "first_name": mark(socket.user)}]}
        else:
            chats = [{"id": f"{socket.user}{chat}", "title": f"{mark(socket.user)} {chat}"} for chat in CHATS]
            body = {"type": "conversations_list", "conversations": chats, "pagination": {"count": len(chats)}}
        if filters:
            body["filters"] = filters
        self.network.down(socket, json.dumps(body))


def mark(user: str) -> str:
    """What everything of a user's carries, so that it is known on any screen."""
    return f"«{user}»"


def _user(user: str) -> dict[str, Any]:
    return {"id": user, "email": f"{user}@x", "first_name": mark(user)}


def _jwt(kind: str, user: str, number: int, now: float) -> str:
    """A token in the backend's shape, unsigned. The number keeps two logins of one second apart."""
    born = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
    claims = {"user_id": user, "created_at": born, "type": kind, "n": number}
    parts = ({"alg": "HS512", "typ": "JWT"}, claims)
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "sig"]
    )
