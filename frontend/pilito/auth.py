"""Who is logged in: login, logout, the session question, and the token for each dial.

Nobody's data is shown before the server has said whose the token is: a backend in debug mode opens a socket for
rubbish, as its first user. So the one token that the server has vouched for is remembered, and any other one that turns
up in storage is asked about before it is dialled with. ``refresh.py`` replaces a pair; ``diagnosis.py`` says why a dial
never opened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Final

from pilito import diagnosis
from pilito.account import Account, User, data_key
from pilito.auth_api import AuthApi, read_pair, read_status
from pilito.budget import DialBudget
from pilito.events import Reason
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
    TimerHandle,
    TokenAnswer,
    Unavailable,
    Undo,
)
from pilito.refresh import Refresh
from pilito.tokens import ACCESS, Lifetime, TokenStore

ROTATION_NEWS: Final = 1.0  # seconds that the news of a rotation may come after the storage event that it caused
LOOK_AHEAD: Final = (60.0, 86_400.0)  # seconds between looks at the age of the token, at least and at most
FOLLOW_AGAIN: Final = 10.0  # seconds between questions about a login elsewhere that no server has answered
CHANGES_WHILE_ASKING: Final = 3  # times that the stored token may change under a question before we come back later
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
    LOGGED_OUT = "logged_out"  # by the user, or because another user has come: everything of theirs goes
    EXPIRED = "expired"  # the server refused the tokens: what was typed stays
    USER_CHANGED = "user_changed"  # the tokens are another user's now


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
        self._api = AuthApi(http)
        self._account = Account(storage)
        self._tokens = TokenStore(storage)
        self._lifetime = Lifetime(scheduler)
        self._refresh = Refresh(self._api, self._tokens, locks=locks, channel=channel, scheduler=scheduler)
        self._channel = channel
        self._scheduler = scheduler
        self._budget = budget
        self._early = early
        self._changes: Listeners[AuthChange] = Listeners(_raise)
        self._undo: list[Undo] = [storage.subscribe(self._stored_elsewhere), channel.subscribe(self._told)]
        self._issued: dict[str, str] = {}  # what each endpoint was last given to dial with
        self._vouched = ""  # the access token that the server has said is ``user``'s
        self._following = asyncio.Lock()
        self._look_ahead: TimerHandle | None = None
        self._released = False
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
        if isinstance(answer, Denied) and not self._replaced(access):
            self._expire(access)
        elif self.session is Session.UNKNOWN:  # and not what a login elsewhere has made it meanwhile
            self.session = Session.UNREACHABLE

    async def login(self, email: str, password: str) -> User:
        """Log in. Raises ``AuthenticationError`` with the complaints by field, ``NetworkError``, ``ServerError``."""
        pair, user = await self._api.login(email, password)
        if self._account.remember(user):
            self._budget.clear()
        self._forget_endings()
        self._tokens.save(pair)
        self._adopt(user, pair.access)
        self._channel.post({"kind": "login", "user": user.id})
        self._tell(AuthChange.LOGGED_IN)
        return user

    async def logout(self) -> None:
        """Log out in every tab, at once; then revoke both tokens on the server, which may fail without a word."""
        access, refresh = self._tokens.access, self._tokens.refresh
        # The user first: a sibling that sees the token go can then tell a logout from an expired session.
        self._account.clear()
        self._budget.clear()
        self._tokens.clear()
        self._channel.post({"kind": "logout", "of": access})
        self._forget_session()
        self._tell(AuthChange.LOGGED_OUT)
        await self._api.revoke(*(token for token in (access, refresh) if token))

    def subscribe(self, callback: Callable[[AuthChange], None]) -> Undo:
        """Hear of every change of the session, in this tab or another."""
        return self._changes.add(_ANY, callback)

    def user_key(self, key: str) -> str:
        """The storage key for something that belongs to the user who is logged in."""
        return data_key(self.user, key)

    async def refused(self, endpoint: str) -> bool:
        """The server has refused for good what ``endpoint`` was last given. Returns whether the session is over.

        It is not when another tab has replaced that very token meanwhile: then the endpoint may dial with the new one.
        """
        issued = self._issued.get(endpoint, "")
        if isinstance(await self._refresh.successor(issued), Issued):
            return False
        self._expire(issued)
        return True

    def read_claims(self) -> None:
        """From now on look at the age of tokens. Called once the page is up: PyJWT is slow to import."""
        self._lifetime.read_claims()
        self._plan()

    def release(self) -> None:
        """Stop listening and looking ahead. What the server is being asked just now may still be answered."""
        self._released = True
        while self._undo:
            self._undo.pop()()
        self._changes.clear()
        self._refresh.release()
        self._stop_planning()

    # --- TokenSource ---

    async def token(self, endpoint: str, *, verify: bool, refused: str | None, failures: int) -> TokenAnswer:
        """The token for one dial; see ``ports.TokenSource``."""
        answer: TokenAnswer = Unavailable(Reason.LOST)
        for _ in range(CHANGES_WHILE_ASKING):
            access = self._tokens.access
            answer = await self._answer(access, endpoint, verify=verify, refused=refused, failures=failures)
            if not isinstance(answer, Issued) or answer.token == self._tokens.access:
                break
            answer, refused = Unavailable(Reason.LOST), None  # storage has changed meanwhile: ask about what it has now
        if isinstance(answer, Denied):
            if self._replaced(access):
                return Unavailable(Reason.LOST)
            self._expire(access)
        if not isinstance(answer, Issued):
            return answer
        wait = await self._budget.take(endpoint, failures=failures)
        if wait:
            return Unavailable(Reason.QUEUED, wait)
        self._issued[endpoint] = answer.token
        return answer

    async def healthy(self) -> bool:
        """Whether the server answers over HTTP, within five seconds."""
        return await self._api.healthy()

    async def _answer(
        self, access: str, endpoint: str, *, verify: bool, refused: str | None, failures: int
    ) -> TokenAnswer:
        if not access:
            return Denied()
        if refused is not None:
            return await self._owned(await self._refresh.renew(refused))
        if verify:
            answer = await self._ask(access)
            good = isinstance(answer, Issued) and answer.token == access
            return (diagnosis.unopened(endpoint, failures, self._budget) if good else None) or answer
        return await self._fresh(access)

    async def _fresh(self, access: str) -> TokenAnswer:
        """The stored token, replaced first when it should be about to die. Only the server can say that it has."""
        if access != self._vouched:
            return await self._ask(access)
        if not self._lifetime.due(access):
            return Issued(access)
        renewed = await self._refresh.renew(access)
        self._lifetime.learn(access, renewed)
        return await self._owned(renewed) if isinstance(renewed, Issued) else Issued(access)

    # --- questions to the server ---

    async def _first_answer(self, access: str) -> TokenAnswer:
        """The session question at start, which plain script may have asked already, before Python was up."""
        early, self._early = self._early, None
        answer = await early(access) if early else None
        return await self._judge(access, read_status(answer)) if answer else await self._ask(access)

    async def _ask(self, access: str) -> TokenAnswer:
        """Ask whose token this is, and refresh once when it is nobody's."""
        return await self._judge(access, await self._api.status(access))

    async def _judge(self, access: str, found: User | Unavailable | None) -> TokenAnswer:
        if found is None:
            return await self._owned(await self._refresh.renew(access))
        return self._issue(access, found)

    async def _owned(self, answer: TokenAnswer, *, last: bool = False) -> TokenAnswer:
        """The same answer, once it is known whose token it is. One that has died meanwhile is replaced once more."""
        if not isinstance(answer, Issued) or answer.token == self._vouched:
            return answer
        found = await self._api.status(answer.token)
        if found is not None:
            return self._issue(answer.token, found)
        return Denied() if last else await self._owned(await self._refresh.renew(answer.token), last=True)

    def _issue(self, access: str, found: User | Unavailable) -> TokenAnswer:
        if isinstance(found, Unavailable):
            return found
        if access == self._tokens.access:  # else the session has ended, or changed, while the server was asked
            self._belongs_to(found, access)
        return Issued(access, verified=True)

    # --- changes ---

    def _belongs_to(self, user: User, access: str) -> None:
        """The server has said whose session this is."""
        before = None if self.session is Session.NONE else self.user or self._account.stored()
        nobody = self.session is Session.NONE
        if self._account.remember(user):
            self._budget.clear()
        self._adopt(user, access)
        if nobody:
            self._tell(AuthChange.LOGGED_IN)
        elif before is not None and before.id != user.id:
            self._tell(AuthChange.USER_CHANGED)

    def _adopt(self, user: User, access: str) -> None:
        self.user, self.session = user, Session.VALID
        self._vouch(access)

    def _vouch(self, access: str) -> None:
        self._vouched = access
        self._plan()

    def _expire(self, access: str) -> None:
        """The session is over. What the user has typed stays in storage, for the same user's next login."""
        if not access or self._tokens.access != access:  # another tab has ended it, and its news is still on the way
            self._left(self._how_it_ended())
            return
        self._tokens.clear()
        self._channel.post({"kind": "expired", "of": access})
        self._left(AuthChange.EXPIRED)

    def _forget_session(self) -> None:
        self.session, self.user = Session.NONE, None
        self._issued.clear()
        self._account.forget_last_seen()
        self._vouch("")

    # --- what other tabs do ---

    def _told(self, message: Mapping[str, object]) -> None:
        """A sibling tab speaks."""
        kind, of = message.get("kind"), str(message.get("of"))
        if kind == "rotated":
            self._rotated(of, message)
        elif kind == "spent":
            self._refresh.spent(str(message.get("refresh")))
        elif kind == "logout":
            self._tokens.end(of)
            self._left(AuthChange.LOGGED_OUT)
        elif kind == "expired":
            self._tokens.end(of)
            self._left(AuthChange.EXPIRED)
        elif kind == "login":
            self._somebody_came(str(message.get("user")))
        self._refresh.hear()

    def _rotated(self, old: str, message: Mapping[str, object]) -> None:
        pair = read_pair(message)
        if pair:
            self._tokens.learn(old, pair)
            if old == self._vouched:
                self._vouch(pair.access)

    def _somebody_came(self, user_id: str) -> None:
        """A login elsewhere. Another user's hides ours at once, before any server is asked."""
        self._forget_endings()
        if self.user is not None and self.user.id == user_id:
            return
        if self.user is not None:
            self._forget_session()
            self._tell(AuthChange.LOGGED_OUT)
        self._scheduler.spawn(self._follow(), name="follow a login")

    def _forget_endings(self) -> None:
        """What was dead may live again: within a second the backend issues the very same token once more."""
        self._tokens.forget_endings()
        self._refresh.spent("")

    def _stored_elsewhere(self, key: str | None, value: str | None) -> None:
        """Another tab has changed storage: perhaps one that cannot speak over the channel, or a person."""
        self._refresh.hear()
        if key is None or (key == ACCESS and not value):
            self._left(self._how_it_ended())
        elif key == ACCESS and value != self._vouched:
            self._scheduler.spawn(self._follow(), name="follow a change of tokens")

    async def _follow(self) -> None:
        """Find out whose token is stored now. Storage may be behind the news: then its own event comes here again."""
        async with self._following:
            until = self._scheduler.now() + (ROTATION_NEWS if self.session is Session.VALID else 0)
            while self._unknown() and (left := until - self._scheduler.now()) > 0:
                await self._refresh.news(left)
            access = self._unknown()
            answer = await self._ask(access) if access else None
            if isinstance(answer, Denied) and not self._replaced(access):
                self._expire(access)
            elif isinstance(answer, Unavailable) and self.session is Session.NONE:  # nobody dials: nobody else asks
                self._look_in(FOLLOW_AGAIN, self._follow_again)

    def _follow_again(self) -> None:
        self._scheduler.spawn(self._follow(), name="follow a login again")

    def _replaced(self, access: str) -> bool:
        """Whether storage holds another token by now, so that the end of this one is nobody's business."""
        return self._tokens.access not in ("", access)

    def _unknown(self) -> str:
        """The stored token, if the server has not vouched for it."""
        access = self._tokens.access
        return "" if access == self._vouched else access

    def _how_it_ended(self) -> AuthChange:
        """What another tab has done that took the tokens out of storage: a logout takes the user out before them."""
        return AuthChange.LOGGED_OUT if self._account.stored() is None else AuthChange.EXPIRED

    def _left(self, change: AuthChange) -> None:
        if self.session is Session.NONE or self._tokens.access:
            return
        if change is AuthChange.LOGGED_OUT and self.user is not None:
            self._account.clear_data_of(self.user)  # what this tab has written since the other one cleared it
        self._forget_session()
        self._tell(change)

    def _tell(self, change: AuthChange) -> None:
        self._changes.call(_ANY, change)

    # --- refreshing ahead ---

    def _plan(self) -> None:
        """Look again when the token should be about to die, whether or not anybody dials."""
        self._stop_planning()
        left = self._lifetime.left(self._vouched) if self.session is Session.VALID else None
        if left is not None:
            soonest, latest = LOOK_AHEAD
            self._look_in(min(max(left, soonest), latest), self._looked_ahead)

    def _look_in(self, seconds: float, look: Callable[[], None]) -> None:
        """Start the only timer of a session. After ``release`` nobody would stop it any more, so it is not started."""
        self._stop_planning()
        if not self._released:
            self._look_ahead = self._scheduler.call_later(seconds, look)

    def _stop_planning(self) -> None:
        if self._look_ahead is not None:
            self._look_ahead.cancel()
            self._look_ahead = None

    def _looked_ahead(self) -> None:
        self._scheduler.spawn(self._refresh_ahead(), name="refresh ahead")

    async def _refresh_ahead(self) -> None:
        if self.session is Session.VALID and self._vouched == self._tokens.access:
            await self._fresh(self._vouched)
        self._plan()


def _raise(_: str, error: Exception) -> None:
    raise error
