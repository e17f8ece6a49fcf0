"""The unsent messages of one conversation in storage, one entry for each.

Tabs that show the same conversation share them. A single entry for all would be written over by whichever tab was last,
with what it had seen until then: storage lags between tabs, and a message would be lost or come back from the dead.
"""

import json
from collections.abc import Iterable

from pilito import wire
from pilito.new_version import UNSENT
from pilito.ports import Storage

from pages.messages import Fate, Gone, Own


class Outbox:
    """What is kept of one conversation. ``storage`` is the user's: a logout takes all of it."""

    def __init__(self, storage: Storage, conversation: str) -> None:
        self._storage = storage
        self._prefix = f"{UNSENT}{conversation}."
        self._kept: dict[str, str] = {}

    def load(self) -> list[Own]:
        """Everything that is kept, oldest first. What cannot be read is left alone."""
        found: list[Own] = []
        mine = [key for key in self._storage.keys() if key.startswith(self._prefix)]  # noqa: SIM118 - no dict
        for key in mine:
            text = self._storage.get(key)
            own = _read(key.removeprefix(self._prefix), text)
            if own and text:
                self._kept[own.key] = text
                found.append(own)
        return sorted(found, key=lambda own: (own.after, own.key))

    def keep(self, every: Iterable[Own]) -> None:
        """Store what is new or has changed, and remove what is no longer there."""
        now = {own.key: json.dumps([own.text, own.fate.value, *own.after, own.seen]) for own in every}
        for key in self._kept.keys() - now.keys():
            self._storage.remove(self._prefix + key)
        for key, text in now.items():
            if self._kept.get(key) != text:
                self._storage.set(self._prefix + key, text)
        self._kept = now

    def discard(self, key: str) -> None:
        """Remove what the user has given up, and say so: without a word a message goes when it has become a row."""
        self._kept.pop(key, None)
        self._storage.set(self._prefix + key, Gone.DISCARDED)
        self._storage.remove(self._prefix + key)

    def changed(self, key: str | None, text: str | None) -> tuple[str, Own | Gone] | None:
        """What another tab's write to storage means: a message's key, and the message, or why it is gone.

        ``None`` for a write that is not about this conversation.
        """
        if key is None or not key.startswith(self._prefix):
            return None
        name = key.removeprefix(self._prefix)
        own = _read(name, text)
        if own and text:
            self._kept[name] = text
            return name, own
        self._kept.pop(name, None)
        return name, Gone.DISCARDED if text == Gone.DISCARDED else Gone.SETTLED


def _read(key: str, text: str | None) -> Own | None:
    try:
        words, fate, stamp, fraction, *seen = wire.json_value(text or "")
        return Own(key, str(words), Fate(fate), (str(stamp), int(fraction)), tuple(map(str, seen[0] if seen else ())))
    except (ValueError, TypeError, OverflowError):
        return None
