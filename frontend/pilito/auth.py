"""Who is logged in: login, logout, the session question, refresh, and the token for each dial.

Tabs agree through storage, one lock and one channel. The backend deletes the old pair the moment a refresh succeeds, so
only one tab refreshes at a time, looks into storage again once it has the lock, and adopts what a sibling has stored.
Storage lags between processes, locks do not: who has refreshed marks the old token as replaced before letting go of the
lock, and a sibling that finds the mark waits for the news instead of refreshing the dead pair.
"""

import asyncio
import contextlib
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pilito.budget import DialBudget
from pilito.events import Reason
from pilito.exceptions import AuthenticationError, NetworkError, ServerError
from pilito.listeners import Listeners
from pilito.ports import (
    Channel,
    Denied,
    Http,
    HttpResponse,
    Issued,
    Locks,
    Scheduler,
    Storage,
    TokenAnswer,
    Unavailable,
    Undo,
)
from pilito.tokens import TokenPair, TokenStore, claims, expiry

LOGIN_CALL: Final = "/api/v1/usr/login"
REFRESH_CALL: Final = "/api/v1/usr/refresh-access"
STATUS_CALL: Final = "/api/v1/usr/auth/status"
LOGOUT_CALL: Final = "/api/v1/usr/logout"

USER: Final = "pilito.user"
USER_DATA: Final = "pilito.data."  # drafts and the like, by user: pilito.data.<id>.<key>
REFRESH_LOCK: Final = "pilito.refresh"
PATIENCE_WHEN_REFUSED: Final = 60.0
QUICK_FAILURES: Final = 2
REFRESH_AHEAD: Final = 60.0  # seconds before a token's expected death
MARK_STANDS: Final = 5.0  # seconds; a lock held for longer would keep the page out of the back/forward cache
NEWS_TRAVELS: Final = 4.0  # seconds that a sibling's new pair may take to arrive, once its mark is seen
NEWS_WITHOUT_LOCKS: Final = 1.0
_ANY: Final = "change"


class Session(StrEnum):
    """What is known about the session of this tab."""

    UNKNOWN = "unknown"  # not asked yet
    NONE = "none"  # nobody is logged in
    VALID = "valid"  # the server has said whose it is
    UNREACHABLE = "unreachable"  # there are tokens, and no server to ask


class AuthChange(StrEnum):
    """What happened to the session, in this tab or another."""

    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"  # by the user: everything of theirs goes
    EXPIRED = "expired"  # the server refused the tokens: what was typed stays
    USER_CHANGED = "user_changed"  # the tokens are another user's now


@dataclass(frozen=True, slots=True)
class User:
    """Who is logged in."""

    id: str
    name: str
    email: str


class Auth:
    """The session. Also the ``TokenSource`` of every connection."""

    def __init__(
        self,
        *,
        http: Http,
        storage: Storage,
        locks: Locks,
        channel: Channel,
        scheduler: Scheduler,
        budget: DialBudget,
        early: Callable[[str], Awaitable[HttpResponse | None]] | None = None,
    ) -> None:
        self._http = http
        self._storage = storage
        self._tokens = TokenStore(storage)
        self._locks = locks
        self._channel = channel
        self._scheduler = scheduler
        self._budget = budget
        self._early = early
        self._changes: Listeners[AuthChange] = Listeners(_raise)
        self._undo: list[Undo] = [storage.subscribe(self._stored_elsewhere), channel.subscribe(self._told)]
        self._reads_claims = False
        self._news = asyncio.Event()  # a sibling has said or stored something
        self.user: User | None = None
        self.session = Session.UNKNOWN

    # --- what the application does ---

    async def start(self) -> None:
        """Ask whose session this is and set ``session`` and ``user``. May be called again while UNREACHABLE."""
        access = self._tokens.access
        if not access:
            self._forget_session()
            return
        answer = await self._first_answer(access)
        if isinstance(answer, Unavailable):
            self.session = Session.UNREACHABLE
        elif isinstance(answer, Denied):
            self._expire(access)

    async def login(self, email: str, password: str) -> User:
        """Log in. Raises ``AuthenticationError`` with the complaints by field, ``NetworkError``, ``ServerError``."""
        body = {"email_or_username": email, "password": password}
        answer = await self._http.request("POST", LOGIN_CALL, json=body)
        if 400 <= answer.status < 500 and answer.status != 429:
            raise AuthenticationError(
                "The server refused the login. Check e-mail and password.", _complaints(answer.body)
            )
        pair, user = _pair(answer.body), _user(_field(answer.body, "user_data"))
        if answer.status != 200 or pair is None or user is None:
            raise ServerError(f"The login was answered with status {answer.status}. Try again later.")
        self._forget_others(user)
        self._tokens.save(pair)
        self._adopt(user)
        self._channel.post({"kind": "login", "user": user.id})
        self._tell(AuthChange.LOGGED_IN)
        return user

    async def logout(self) -> None:
        """Log out in every tab, at once; then revoke both tokens on the server, which may fail without a word.

        The backend hashes the whole header, so only a bare token, without a scheme, is really revoked.
        """
        bare = [token for token in (self._tokens.access, self._tokens.refresh) if token]
        # The user first: a sibling that sees the token go can then tell a logout from an expired session.
        self._clear_user_data()
        self._tokens.clear()
        self._channel.post({"kind": "logout"})
        self._forget_session()
        self._tell(AuthChange.LOGGED_OUT)
        for token in bare:
            try:
                await self._http.request("GET", LOGOUT_CALL, token=token, scheme="")
            except NetworkError:
                return

    def subscribe(self, callback: Callable[[AuthChange], None]) -> Undo:
        """Hear of every change of the session, in this tab or another."""
        return self._changes.add(_ANY, callback)

    def user_key(self, key: str) -> str:
        """The storage key for something that belongs to the user who is logged in."""
        return f"{USER_DATA}{self.user.id if self.user else ''}.{key}"

    def refused(self) -> None:
        """The server has refused a token that was just refreshed: the session is over."""
        self._expire(self._tokens.access)

    def read_claims(self) -> None:
        """From now on look into tokens before dialling. Called once the page is up: PyJWT is slow to import."""
        self._reads_claims = True
        claims(self._tokens.access)

    def release(self) -> None:
        while self._undo:
            self._undo.pop()()
        self._changes.clear()

    # --- TokenSource ---

    async def token(self, endpoint: str, *, verify: bool, refused: str | None, failures: int) -> TokenAnswer:
        """The token for one dial; see ``ports.TokenSource``."""
        access = self._tokens.access
        if not access:
            self._expire(access)
            return Denied()
        answer: TokenAnswer
        if refused is not None:
            answer = await self._renew(refused)
        elif verify:
            answer = await self._diagnose(access, endpoint, failures)
        else:
            answer = await self._fresh(access)
        if isinstance(answer, Denied):
            self._expire(access)
        if not isinstance(answer, Issued):
            return answer
        wait = await self._budget.take(endpoint, failures=failures)
        return Unavailable(Reason.THROTTLED, wait) if wait else answer

    async def healthy(self) -> bool:
        """Whether the server answers over HTTP, within five seconds."""
        try:
            answer = await self._http.request("GET", STATUS_CALL, timeout=5.0)
        except NetworkError:
            return False
        return answer.status < 500

    # --- questions to the server ---

    async def _first_answer(self, access: str) -> TokenAnswer:
        """The session question at start, which plain script may have asked already, before Python was up."""
        early, self._early = self._early, None
        answer = await early(access) if early else None
        return await self._ask(access, known=answer)

    async def _ask(self, access: str, *, known: HttpResponse | None = None) -> TokenAnswer:
        """``auth/status``, and a refresh when it says no."""
        answer = known or await self._status(access)
        if isinstance(answer, Unavailable):
            return answer
        if _field(answer.body, "authenticated") is True:
            user = _user(_field(answer.body, "user"))
            if user is not None:
                self._belongs_to(user)
            return Issued(access, verified=True)
        renewed = await self._renew(access)
        if not isinstance(renewed, Issued) or self.session is Session.VALID:
            return renewed
        return await self._ask_once_more(renewed.token)

    async def _ask_once_more(self, access: str) -> TokenAnswer:
        """After a refresh at start: whose pair is this?"""
        answer = await self._status(access)
        if isinstance(answer, Unavailable):
            return answer
        user = _user(_field(answer.body, "user"))
        if _field(answer.body, "authenticated") is not True or user is None:
            return Denied()
        self._belongs_to(user)
        return Issued(access, verified=True)

    async def _status(self, access: str) -> HttpResponse | Unavailable:
        try:
            answer = await self._http.request("GET", STATUS_CALL, token=access)
        except NetworkError:
            return Unavailable(Reason.OFFLINE)
        return _trouble(answer) or answer

    async def _diagnose(self, access: str, endpoint: str, failures: int) -> TokenAnswer:
        """Why did the last dial never open? The token, the allowance, a refusal, the server, or the network."""
        answer = await self._ask(access)
        if not isinstance(answer, Issued) or answer.token != access or failures < QUICK_FAILURES:
            return answer
        left = PATIENCE_WHEN_REFUSED - self._budget.since_last_dial(endpoint)
        if left <= 0:
            return answer
        one_chat = endpoint.startswith("/ws/chat/") and self._budget.room() > 0
        return Unavailable(Reason.REFUSED if one_chat else Reason.THROTTLED, left)

    async def _fresh(self, access: str) -> TokenAnswer:
        """The stored token, replaced first when it should be about to die. Only the server can say that it has."""
        found = claims(access) if self._reads_claims else None
        if found and self.user and found.user_id not in ("", self.user.id):
            return await self._ask(access)  # somebody has put another user's token into storage
        death = expiry(found) if found else None
        if death is None or self._scheduler.now() < death - REFRESH_AHEAD or not self._tokens.refresh:
            return Issued(access)
        renewed = await self._renew(access)
        return renewed if isinstance(renewed, Issued) else Issued(access)

    # --- refresh ---

    async def _renew(self, old: str) -> TokenAnswer:
        """A pair that is not ``old``: a sibling's, or a new one. One call at a time over all tabs."""

        async def alone() -> TokenAnswer:
            return await self._renew_alone(old)

        try:
            return await self._locks.hold(REFRESH_LOCK, alone, timeout=30.0)
        except TimeoutError:
            return Unavailable(Reason.LOST)

    async def _renew_alone(self, old: str) -> TokenAnswer:
        adopted = self._siblings(old)
        if adopted is not None:
            return adopted
        if await self._locks.marked(_mark(old)):
            return await self._news_of(old, NEWS_TRAVELS) or Unavailable(Reason.LOST)
        refresh = self._tokens.refresh
        if not refresh:
            return Denied()
        try:
            answer = await self._http.request("POST", REFRESH_CALL, json={"refresh": refresh}, timeout=20.0)
        except NetworkError:
            return self._siblings(old) or Unavailable(Reason.OFFLINE)
        pair = _pair(_field(answer.body, "data"))
        if answer.status == 200 and pair:
            return await self._renewed(old, pair)
        if answer.status in (400, 401, 403):
            # Without shared locks a sibling may have been faster, and its pair may still be on its way to us.
            return await self._news_of(old, 0 if self._locks.shared else NEWS_WITHOUT_LOCKS) or Denied()
        return Unavailable(Reason.LOST, answer.retry_after)

    async def _renewed(self, old: str, pair: TokenPair) -> TokenAnswer:
        if self._tokens.access != old:
            return self._siblings(old) or Denied()  # logged out, or somebody logged in, while the call was under way
        self._tokens.save(pair)
        self._channel.post({"kind": "rotated", "of": old, **pair.as_body()})
        await self._locks.mark(_mark(old), MARK_STANDS)
        return Issued(pair.access)

    async def _news_of(self, old: str, patience: float) -> TokenAnswer | None:
        """What a sibling has made of ``old``, as soon as it is known here; ``None`` after ``patience`` seconds."""
        until = self._scheduler.now() + patience
        while (found := self._siblings(old)) is None and (left := until - self._scheduler.now()) > 0:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
        return found

    def _siblings(self, old: str) -> TokenAnswer | None:
        """What storage says now, where it differs from ``old``: a sibling's newer token, or a logout."""
        now = self._tokens.access
        if now == old:
            return None
        return Issued(now) if now else Denied()

    # --- changes ---

    def _belongs_to(self, user: User) -> None:
        """The server has said whose session this is."""
        known = self.user or self._stored_user()
        self._forget_others(user)
        self._adopt(user)
        if known is not None and known.id != user.id:
            self._tell(AuthChange.USER_CHANGED)

    def _adopt(self, user: User) -> None:
        self.user, self.session = user, Session.VALID
        self._storage.set(USER, json.dumps({"id": user.id, "name": user.name, "email": user.email}))

    def _expire(self, access: str) -> None:
        """The session is over. What the user has typed stays in storage, for the same user's next login."""
        if self.session is Session.NONE:
            return
        if self._tokens.access == access:
            self._tokens.clear()
            self._channel.post({"kind": "expired"})
        self._forget_session()
        self._tell(AuthChange.EXPIRED)

    def _forget_session(self) -> None:
        self.session, self.user = Session.NONE, None

    def _forget_others(self, user: User) -> None:
        """Another user than the stored one: drop everything that belonged to them."""
        known = self._stored_user()
        if known is not None and known.id != user.id:
            self._clear_user_data()

    def _clear_user_data(self) -> None:
        for key in [*self._storage.keys()]:
            if key.startswith(USER_DATA):
                self._storage.remove(key)
        self._storage.remove(USER)
        self._budget.clear()

    def _stored_user(self) -> User | None:
        try:
            return _user(json.loads(self._storage.get(USER) or "null"))
        except ValueError:
            return None

    def _told(self, message: Mapping[str, object]) -> None:
        """A sibling tab speaks."""
        self._news.set()
        kind = message.get("kind")
        if kind == "logout":
            self._left(AuthChange.LOGGED_OUT)
        elif kind == "expired":
            self._left(AuthChange.EXPIRED)
        elif kind == "rotated":
            pair = _pair(message)
            if pair:
                self._tokens.learn(str(message.get("of")), pair)
        elif kind == "login" and (self.user is None or self.user.id != message.get("user")):
            self._scheduler.spawn(self._follow(), name="follow a login")

    def _stored_elsewhere(self, key: str | None, value: str | None) -> None:
        """Another tab has changed storage: perhaps one that cannot speak over the channel, or a person."""
        self._news.set()
        if key is None or (key == "access_token" and not value):
            self._left(AuthChange.LOGGED_OUT if self._stored_user() is None else AuthChange.EXPIRED)
        elif key == "access_token" and value and (self.session is Session.NONE or self._is_anothers(value)):
            self._scheduler.spawn(self._follow(), name="follow a login")

    def _is_anothers(self, token: str) -> bool:
        found = claims(token) if self._reads_claims and self.user else None
        return found is not None and self.user is not None and found.user_id not in ("", self.user.id)

    async def _follow(self) -> None:
        """Somebody has logged in elsewhere. Storage may be behind the news: then its own event comes here again."""
        access, nobody = self._tokens.access, self.session is Session.NONE
        if not access:
            return
        await self._ask(access)
        if nobody and self.session is Session.VALID:
            self._tell(AuthChange.LOGGED_IN)

    def _left(self, change: AuthChange) -> None:
        if self.session is not Session.NONE and not self._tokens.access:
            self._forget_session()
            self._tell(change)

    def _tell(self, change: AuthChange) -> None:
        self._changes.call(_ANY, change)


def _trouble(answer: HttpResponse) -> Unavailable | None:
    """What an answer other than 200 to ``auth/status`` means: that call itself always succeeds."""
    if answer.status == 200:
        return None
    reason = Reason.THROTTLED if answer.status == 429 else Reason.LOST
    return Unavailable(reason, answer.retry_after)


def _mark(token: str) -> str:
    """The name under which the tabs know that a token is replaced: a checksum, from which nobody learns the token."""
    return f"pilito.replaced.{zlib.crc32(token.encode()):08x}"


def _field(body: object, name: str) -> Any:
    return body.get(name) if isinstance(body, Mapping) else None


def _pair(body: object) -> TokenPair | None:
    access, refresh = _field(body, "access_token"), _field(body, "refresh_token")
    if isinstance(access, str) and isinstance(refresh, str) and access and refresh:
        return TokenPair(access, refresh)
    return None


def _user(body: object) -> User | None:
    if not isinstance(body, dict) or body.get("id") in (None, ""):
        return None
    names = (body.get("first_name"), body.get("last_name"))
    name = body.get("name") or " ".join(str(part) for part in names if part) or body.get("username")
    email = str(body.get("email") or "")
    return User(str(body["id"]), str(name or email), email)


def _complaints(body: object) -> dict[str, str]:
    """The server's complaints: ``""`` for the form as a whole, else by the name of our field."""
    names = {"non_field_errors": "", "detail": "", "email_or_username": "email", "password": "password"}
    found: dict[str, str] = {}
    for key, value in body.items() if isinstance(body, dict) else ():
        text = " ".join(str(part) for part in value) if isinstance(value, list) else str(value)
        found[names.get(key, "")] = text
    return found


def _raise(_: str, error: Exception) -> None:
    raise error
