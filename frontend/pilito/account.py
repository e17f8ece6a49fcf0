"""Whose browser this is: the stored user, and everything in storage that belongs to them."""

import json
from dataclasses import dataclass
from typing import Final

from pilito import wire
from pilito.ports import Storage

USER: Final = "pilito.user"
USER_DATA: Final = "pilito.data."  # drafts and the like, by user: pilito.data.<id>.<key>
LAST_SEEN: Final = "pilito.last."  # what plain script paints at the next start: pilito.last.<id>.<path>


@dataclass(frozen=True, slots=True)
class User:
    """Who is logged in."""

    id: str
    name: str
    email: str


class Account:
    """The user that storage knows, who is not always the one whose token is there."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def stored(self) -> User | None:
        """The user of the last session; ``None`` when nobody, or something unreadable, is stored."""
        return parse_user(wire.json_value(self._storage.get(USER) or ""))

    def remember(self, user: User) -> bool:
        """Store the user. Everything of another one goes first; returns whether there was another."""
        known = self.stored()
        others = known is not None and known.id != user.id
        if others:
            self.clear()
        self._storage.set(USER, json.dumps({"id": user.id, "name": user.name, "email": user.email}))
        return others

    def clear(self) -> None:
        """Forget the user and everything of every user."""
        self._remove(USER_DATA)
        self.forget_last_seen()
        self._storage.remove(USER)

    def clear_data_of(self, user: User) -> None:
        """Remove what belongs to one user, as when a sibling tab has logged them out."""
        self._remove(data_key(user, ""))

    def forget_last_seen(self) -> None:
        """Remove what the next start would show before it knows whose session it is."""
        self._remove(LAST_SEEN)

    def _remove(self, prefix: str) -> None:
        for key in [*self._storage.keys()]:
            if key.startswith(prefix):
                self._storage.remove(key)


def data_key(user: User | None, key: str) -> str:
    """Return the storage key for something that belongs to a user."""
    return f"{USER_DATA}{user.id if user else ''}.{key}"


def last_seen_key(user: User, what: str) -> str:
    """Return the storage key for what ``user`` saw last: ``what`` is a path of the application, or ``shell``."""
    return f"{LAST_SEEN}{user.id}.{what}"


def parse_user(body: object) -> User | None:
    """Return the user of a server's answer, or of storage; ``None`` where nobody is described."""
    if not isinstance(body, dict) or body.get("id") in (None, ""):
        return None
    names = (body.get("first_name"), body.get("last_name"))
    name = body.get("name") or " ".join(str(part) for part in names if part) or body.get("username")
    email = str(body.get("email") or "")
    return User(str(body["id"]), str(name or email), email)
