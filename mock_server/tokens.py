"""Tokens as the backend makes them: HS512, a time of birth, no ``exp``. Signed with a key that dies with the server."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from mock_server.models import User

ACCESS_DAYS = 7
REFRESH_DAYS = 15
OLDEST_FRESH = 3600  # seconds; as many rotations follow each other without any waiting for the clock


class TokenIssuer:
    """Issues and checks tokens; remembers which are revoked."""

    def __init__(self, access_lifetime: timedelta = timedelta(days=ACCESS_DAYS)) -> None:
        self.key = secrets.token_hex(32)  # the same in processes that share their tokens
        self._access_lifetime = access_lifetime
        self._expired: set[str] = set()  # by a fault; as if they were too old
        self._revoked: set[str] = set()  # no longer in the cache
        self.revocable = True  # whether the cache is asked, which it is not in debug mode
        self._issued: dict[int, set[str]] = {}
        self.ahead = timedelta()  # how much later than now tokens are judged

    def issue(self, user: User, *, age: timedelta = timedelta()) -> tuple[str, str]:
        """Return a new access and refresh token, born ``age`` ago. The clock ticks in seconds, as in the backend."""
        return self._issue(user, datetime.now(UTC) - age)

    def user_id(self, token: str, *, kinds: tuple[str, ...] = ("access",)) -> int | None:
        """Return whose valid token this is, or ``None``."""
        claims = self.claims(token)
        if claims is None or claims.get("type") not in kinds or self._dead(token):
            return None
        days = self._access_lifetime if claims["type"] == "access" else timedelta(days=REFRESH_DAYS)
        born = datetime.strptime(claims["created_at"], "%Y-%m-%d %H:%M:%S %z")
        return int(claims["user_id"]) if datetime.now(UTC) + self.ahead - born < days else None

    def claims(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token with a good signature, or ``None``."""
        try:
            return jwt.decode(token, self.key, algorithms=["HS512"])
        except jwt.InvalidTokenError:
            return None

    def rotate(self, refresh: str, user: User) -> tuple[str, str]:
        """Exchange a refresh token that was found valid for a new pair, deleting the old pair."""
        claims = self.claims(refresh) or {}
        self._revoked |= {refresh, str(claims.get("access"))}
        return self._fresh(user) if self.revocable else self.issue(user)

    def revoke(self, token: str) -> None:
        self._revoked.add(token)

    def kill(self, user: User, *, refresh: bool, lost: bool) -> None:
        """Every access token of the user, and unless told otherwise every refresh token, is dead from now on.

        ``lost`` ones are gone from the cache, which debug mode never asks; the others are too old.
        """
        for token in self._issued.get(user.id, set()):
            claims = self.claims(token) or {}
            if refresh or claims.get("type") == "access":
                (self._revoked if lost else self._expired).add(token)

    def _dead(self, token: str) -> bool:
        return token in self._expired or (self.revocable and token in self._revoked)

    def revive(self) -> None:
        """Forget what was revoked, and how much later it was."""
        self._revoked.clear()
        self.ahead = timedelta()
        self._expired.clear()

    def _fresh(self, user: User) -> tuple[str, str]:
        """A pair that differs from every one before it, although the clock ticks in seconds."""
        now = datetime.now(UTC)  # once: in a later second the same age would be that of a token that is taken
        for age in range(OLDEST_FRESH):
            born = now - timedelta(seconds=age)
            access = self._sign(_claims(user, born, "access"))
            if not self._dead(access) and access not in self._issued.get(user.id, set()):
                return self._issue(user, born)
        return self._issue(user, now)

    def _issue(self, user: User, born: datetime) -> tuple[str, str]:
        access = self._sign(_claims(user, born, "access"))
        refresh = self._sign({**_claims(user, born, "refresh"), "access": access})
        self._revoked -= {access, refresh}
        self._expired -= {access, refresh}
        self._issued.setdefault(user.id, set()).update({access, refresh})
        return access, refresh

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="HS512")


def _claims(user: User, born: datetime, kind: str) -> dict[str, Any]:
    return {"user_id": str(user.id), "created_at": born.strftime("%Y-%m-%d %H:%M:%S +0000"), "type": kind}
