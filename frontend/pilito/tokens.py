"""The token pair and what can be read from a token without asking: hints, which the server's word overrides."""

import base64
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from pilito.ports import Denied, Issued, Scheduler, Storage, TokenAnswer
from pilito.wire import nests_too_deep

ACCESS: Final = "access_token"
REFRESH: Final = "refresh_token"
REMEMBERED: Final = 8  # rotations by siblings
LONGEST_TOKEN: Final = 8192  # characters; the backend's have about 400
ACCESS_LIFETIME: Final = 7 * 86_400.0
"""Seconds. The backend's tokens carry their birth and no ``exp``; this is its setting (``docs/protocol.md``)."""
REFRESH_AHEAD: Final = 60.0
"""Seconds before a token's expected death at which it is replaced."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token, and the refresh token that can replace it once."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)

    def as_body(self) -> dict[str, str]:
        """The pair in the names of the backend and of storage."""
        return {ACCESS: self.access, REFRESH: self.refresh}


_ENDED: Final = TokenPair("", "")


class TokenStore:
    """The pair in ``localStorage``, where people and tests may put anything: whatever is there is only text.

    A tab's view of storage may lag behind what another tab has written, by milliseconds or, under load, much more. What
    siblings say of a rotation is therefore kept, and a token that is known to be replaced is never handed out.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._successors: dict[str, TokenPair] = {}  # by the access token that they replaced

    @property
    def access(self) -> str:
        stored = self._stored(ACCESS)
        newest = self._newest(stored)
        return newest.access if newest else stored

    @property
    def refresh(self) -> str:
        newest = self._newest(self._stored(ACCESS))
        return newest.refresh if newest else self._stored(REFRESH)

    def learn(self, old: str, pair: TokenPair) -> None:
        """A sibling says that ``pair`` has replaced the access token ``old``."""
        self._successors[old] = pair
        while len(self._successors) > REMEMBERED:
            del self._successors[next(iter(self._successors))]

    def end(self, access: str) -> None:
        """A sibling says that the session of ``access`` is over: here it is too, although storage may still show it."""
        self.learn(access, _ENDED)

    def forget_endings(self) -> None:
        """Believe storage again about every session that was said to be over."""
        self._successors = {old: pair for old, pair in self._successors.items() if pair is not _ENDED}

    def _newest(self, access: str) -> TokenPair | None:
        newest = None
        for _ in range(REMEMBERED):  # a bound, should anybody speak of a circle
            found = self._successors.get(access)
            if found is None:
                break
            newest, access = found, found.access
        return newest

    def _stored(self, key: str) -> str:
        return (self._storage.get(key) or "").strip()

    def save(self, pair: TokenPair) -> None:
        """Refresh token first: a tab that sees the new access token finds its partner there."""
        self._storage.set(REFRESH, pair.refresh)
        self._storage.set(ACCESS, pair.access)

    def clear(self) -> None:
        self._successors.clear()
        self._storage.remove(ACCESS)
        self._storage.remove(REFRESH)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says about itself, unverified. Times are seconds since the epoch."""

    user_id: str
    born: float | None
    expires: float | None


def claims(token: str) -> Claims | None:
    """Return a token's claims, or ``None`` for what is no JWT.

    PyJWT is imported here and not above: it costs half a second in the browser, which the boot path cannot spare.
    """
    import jwt

    try:
        if len(token) > LONGEST_TOKEN or any(nests_too_deep(_text(part)) for part in token.split(".")):
            return None
        found = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
        return Claims(str(found.get("user_id", "")), _moment(found.get("created_at")), _number(found.get("exp")))
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        return None


class Lifetime:
    """When a token should be replaced, as its claims and our clock have it. Only the server knows when it is dead."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._trusted = False  # nothing is known before claims may be read, nor once our clock is found to be wrong
        self._hopeless = ""  # the token that could not be replaced

    def read_claims(self) -> None:
        self._trusted = True

    def left(self, access: str) -> float | None:
        """Seconds until ``access`` should be replaced, 0 or less when it is due; ``None`` when that is not known."""
        found = claims(access) if self._trusted and access and access != self._hopeless else None
        death = expiry(found) if found else None
        return None if death is None else death - REFRESH_AHEAD - self._scheduler.now()

    def due(self, access: str) -> bool:
        left = self.left(access)
        return left is not None and left <= 0

    def learn(self, old: str, renewed: TokenAnswer) -> None:
        """What came of replacing ``old`` because it was due: never ask twice for the same reason."""
        if isinstance(renewed, Denied):
            self._hopeless = old
        elif isinstance(renewed, Issued) and self.due(renewed.token):
            self._trusted = False  # a new token that is due at once: it is our clock that is wrong


def expiry(found: Claims, lifetime: float = ACCESS_LIFETIME) -> float | None:
    """Return when the token should die: its ``exp``, else its birth plus ``lifetime`` seconds, else unknown."""
    if found.expires is not None:
        return found.expires
    return None if found.born is None else found.born + lifetime


def _text(part: str) -> str:
    """What a part of a token holds, as far as it can be read."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")


def _number(value: object) -> float | None:
    """A finite number of seconds: JSON as Python reads it also has NaN and infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _moment(text: object) -> float | None:
    """The seconds of ``2026-11-24 12:00:00 +0000``, the backend's own spelling."""
    try:
        day, clock, _ = str(text).split(" ")
        year, month, date = (int(part) for part in day.split("-"))
        hour, minute, second = (int(part) for part in clock.split(":"))
        return datetime(year, month, date, hour, minute, second, tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None
