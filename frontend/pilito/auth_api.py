"""The backend's calls about sessions, and what their answers mean.

Only the backend's own words end a session: an answer that is not its JSON comes from something in between, such as the
login page of a hotel's network, and says nothing about a token.
"""

from collections.abc import Mapping
from typing import Any, Final

from pilito import wire
from pilito.account import User, parse_user
from pilito.events import Reason
from pilito.exceptions import AuthenticationError, NetworkError, ServerError
from pilito.ports import Http, HttpResponse, Unavailable
from pilito.tokens import TokenPair

LOGIN_CALL: Final = "/api/v1/usr/login"
REFRESH_CALL: Final = "/api/v1/usr/refresh-access"
STATUS_CALL: Final = "/api/v1/usr/auth/status"
LOGOUT_CALL: Final = "/api/v1/usr/logout"

REFRESH_TIMEOUT: Final = 60.0
"""Seconds. The backend has deleted the old pair before it answers, so giving up early would cost the session."""

PATIENCE_IN_TROUBLE: Final = 10.0
"""Seconds that a server with an error of its own is left alone, at least."""


class AuthApi:
    """The calls, over ``Http``. None but ``login`` raises."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def status(self, access: str) -> User | Unavailable | None:
        """Whose token this is; ``None`` when it is nobody's."""
        try:
            return read_status(await self._http.request("GET", STATUS_CALL, token=access))
        except NetworkError:
            return Unavailable(Reason.OFFLINE)

    async def refresh(self, refresh: str) -> TokenPair | Unavailable | None:
        """A new pair; ``None`` when the server will not give one for this token."""
        try:
            answer = await self._http.request("POST", REFRESH_CALL, json={"refresh": refresh}, timeout=REFRESH_TIMEOUT)
        except NetworkError:
            return Unavailable(Reason.OFFLINE)
        pair = read_pair(_field(answer.body, "data"))
        if answer.status == 200 and pair:
            return pair
        if answer.status in (400, 401, 403) and isinstance(answer.body, Mapping):
            return None
        return _trouble(answer)

    async def login(self, email: str, password: str) -> tuple[TokenPair, User]:
        """Log in. Raises ``AuthenticationError`` with the complaints by field, ``NetworkError``, ``ServerError``."""
        body = {"email_or_username": email, "password": password}
        answer = await self._http.request("POST", LOGIN_CALL, json=body)
        if 400 <= answer.status < 500 and answer.status != 429:
            raise AuthenticationError(
                "The server refused the login. Check e-mail and password.", _complaints(answer.body)
            )
        pair, user = read_pair(answer.body), parse_user(_field(answer.body, "user_data"))
        if answer.status != 200 or pair is None or user is None:
            raise ServerError(f"The login was answered with status {answer.status}. Try again later.")
        return pair, user

    async def revoke(self, *tokens: str) -> None:
        """Make tokens useless, as far as the server can be reached.

        The backend hashes the whole header, so only a bare token, without a scheme, is really revoked.
        """
        for token in tokens:
            try:
                await self._http.request("GET", LOGOUT_CALL, token=token, scheme="")
            except NetworkError:
                continue

    async def healthy(self) -> bool:
        """Whether the server answers, within five seconds."""
        try:
            answer = await self._http.request("GET", STATUS_CALL, timeout=5.0)
        except NetworkError:
            return False
        return answer.status < 500


def parse_answer(status: int, text: str, retry_after: str | None = None) -> HttpResponse:
    """An answer from its parts. What cannot be read, in the body or in ``Retry-After``, becomes ``None``."""
    return HttpResponse(
        status, wire.json_value(text), wire.whole_number(retry_after) if isinstance(retry_after, str) else None
    )


def read_status(answer: HttpResponse) -> User | Unavailable | None:
    """What an answer of ``auth/status`` says: whose the token is, nobody's, or nothing for now."""
    if answer.status != 200:
        return _trouble(answer)
    authenticated, user = _field(answer.body, "authenticated"), parse_user(_field(answer.body, "user"))
    if authenticated is False:
        return None
    if authenticated is not True:
        return Unavailable(Reason.OFFLINE)  # not our backend: a network that wants its own login first
    return user or Unavailable(Reason.SERVER, PATIENCE_IN_TROUBLE)


def read_pair(body: object) -> TokenPair | None:
    """The pair in an answer, or in what a sibling tab says; ``None`` where there is none."""
    access, refresh = _field(body, "access_token"), _field(body, "refresh_token")
    if isinstance(access, str) and isinstance(refresh, str) and access and refresh:
        return TokenPair(access, refresh)
    return None


def _trouble(answer: HttpResponse) -> Unavailable:
    """What an answer means that is neither yes nor no."""
    if answer.status == 429:
        return Unavailable(Reason.THROTTLED, answer.retry_after)
    return Unavailable(Reason.SERVER, PATIENCE_IN_TROUBLE if answer.retry_after is None else answer.retry_after)


def _field(body: object, name: str) -> Any:
    return body.get(name) if isinstance(body, Mapping) else None


def _complaints(body: object) -> dict[str, str]:
    """The server's complaints: ``""`` for the form as a whole, else by the name of our field."""
    names = {"non_field_errors": "", "detail": "", "email_or_username": "email", "password": "password"}
    found: dict[str, str] = {}
    for key, value in body.items() if isinstance(body, dict) else ():
        text = " ".join(str(part) for part in value) if isinstance(value, list) else str(value)
        found[names.get(key, "")] = text
    return found
