"""The rows of a conversation, written when they are looked at and once for each version of a message."""

from collections.abc import Sequence
from typing import overload

from pilito.events import Message
from pilito.ports import Formatter, Row
from pilito.text import Catalogue

from pages.comments import TypedComments
from pages.message_rows import MessageRows
from pages.messages import Messages


class ChatRows(Sequence[Row]):
    """The server's messages, oldest first, then those of ours that it has not shown yet.

    ``undelivered`` holds the ids of messages that the platform did not take; ``can_send`` is for the buttons of ours.
    """

    def __init__(self, messages: Messages, text: Catalogue, formatter: Formatter, comments: TypedComments) -> None:
        self.undelivered: set[str] = set()
        self.can_send = False
        self._messages = messages
        self._format = formatter
        self._markup = MessageRows(text, formatter, comments)
        self._written: dict[str, tuple[Message, bool, str, Row]] = {}
        self._days: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._messages) + len(self._messages.own)

    @overload
    def __getitem__(self, number: int) -> Row: ...
    @overload
    def __getitem__(self, number: slice) -> list[Row]: ...
    def __getitem__(self, number: int | slice) -> Row | list[Row]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        number = number + len(self) if number < 0 else number
        held = len(self._messages)
        if number < held:
            return self._written_row(number)
        return self._markup.own(self._messages.own[number - held], can_send=self.can_send)

    def position(self, key: str) -> int | None:
        """The number of the row with a key, or ``None``."""
        found = self._messages.position(key)
        if found is not None:
            return found
        held = len(self._messages)
        return next((held + number for number, own in enumerate(self._messages.own) if own.key == key), None)

    def write_anew(self, identity: str) -> None:
        """What a row shows beside its message has changed."""
        self._written.pop(identity, None)

    def _written_row(self, number: int) -> Row:
        rows = self._messages.rows
        message = rows[number]
        identity = str(message["id"])
        day = self._day(message)
        day = "" if number and self._day(rows[number - 1]) == day else day
        undelivered = identity in self.undelivered
        found = self._written.get(identity)
        if found is None or found[0] is not message or found[1] != undelivered or found[2] != day:
            row = self._markup.message(message, undelivered=undelivered, day=day)
            found = self._written[identity] = (message, undelivered, day, row)
        return found[3]

    def _day(self, message: Message) -> str:
        """The day in words. Messages of one minute share it."""
        stamp = str(message.get("created_at") or "")
        minute = stamp[:16]
        found = self._days.get(minute)
        if found is None:
            found = self._days[minute] = self._format.day(stamp)
        return found
