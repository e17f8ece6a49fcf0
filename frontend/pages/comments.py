"""Comments on AI answers that were typed and not saved yet: kept like drafts, until the server shows the same text."""

from typing import Final

from pilito.ports import Storage

_PREFIX: Final = "comment."


class TypedComments:
    """What is typed, by the id of the message. ``storage`` is the user's: a logout takes all of it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def shown(self, identity: str, saved: str) -> str:
        """The text for the box of a message: what was typed, else what the server has saved."""
        typed = self._storage.get(_PREFIX + identity)
        return saved if typed is None else typed

    def keep(self, identity: str, text: str) -> None:
        """The user is typing. A box that was emptied is kept, too."""
        self._storage.set(_PREFIX + identity, text)

    def saved(self, identity: str, text: str) -> None:
        """The server has a comment: what was typed is forgotten where it is the same."""
        if (self._storage.get(_PREFIX + identity) or "").strip() == text.strip():
            self._storage.remove(_PREFIX + identity)
