"""The messages of one conversation, and the fate of those that the user writes. Pure: no view, no socket.

The backend has no client id and no acknowledgement. An echo is matched to a message of ours with the same text; after a
drop the next snapshot is searched instead. Nothing is ever sent again by itself: a customer would get it twice.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from pilito.events import Message
from pilito.wire import whole_number

Moment = tuple[str, int]
PAGE: Final = 50  # messages in one request
GAP_PAGE: Final = 500  # the most that the backend gives at once
_EPOCH: Final[Moment] = ("", 0)


class Fate(StrEnum):
    """Where a message of ours is, until the server's own row takes its place."""

    QUEUED = "queued"  # typed without a connection; the user decides when it goes
    SENDING = "sending"  # the frame went out
    SLOW = "slow"  # ... a while ago; the server may be stalled for a minute
    UNKNOWN = "unknown"  # the link dropped before the echo; the next snapshot tells
    MISSING = "missing"  # the snapshots do not have it: the user decides
    FAILED = "failed"  # the server said that it could not save it


class Gone(StrEnum):
    """Why a message of ours is no longer kept, as another tab has it."""

    SETTLED = "settled"  # a row of the server's took its place
    DISCARDED = "discarded"  # the user gave it up


ON_ITS_WAY: Final = frozenset({Fate.SENDING, Fate.SLOW, Fate.UNKNOWN, Fate.MISSING})
CAN_SEND: Final = frozenset({Fate.QUEUED, Fate.MISSING, Fate.FAILED})


@dataclass(frozen=True, slots=True)
class Own:
    """A message of ours without a row of the server's.

    ``after`` is the newest moment known when it was sent; some backends count in whole seconds, so the echo may have
    that moment too. ``seen`` are ids of rows that are not the echo, whoever comes upon them later: the one that was
    newest then, and those that were the echo of the same words.
    """

    key: str
    text: str
    fate: Fate
    after: Moment = _EPOCH
    seen: tuple[str, ...] = ()


def moment(message: Message) -> Moment:
    """A sortable time: the backend writes UTC in two spellings, with six digits of a second or none."""
    stamp = str(message.get("created_at") or "")
    stamp = stamp.removesuffix("Z").removesuffix("+00:00")
    whole, _, fraction = stamp.partition(".")
    return whole, whole_number((fraction + "000000")[:6]) or 0


@dataclass(slots=True)
class Messages:
    """Every message that is known, each id once, in the order of time and then of arrival."""

    own: list[Own] = field(default_factory=list)
    _known: dict[str, Message] = field(default_factory=dict)
    _arrival: dict[str, int] = field(default_factory=dict)
    _order: list[tuple[Moment, int]] = field(default_factory=list)  # sorted; time and arrival of each of ``_sorted``
    _sorted: list[Message] = field(default_factory=list)
    _unanswered: dict[str, Moment] = field(default_factory=dict)
    _over: set[str] = field(default_factory=set)  # keys of ours that are settled or discarded
    _echoes: dict[str, str] = field(default_factory=dict)  # ids of rows that were the echo of ours, and their words

    # --- the server's rows ---

    @property
    def rows(self) -> list[Message]:
        """The server's messages, oldest first. Not to be changed."""
        return self._sorted

    @property
    def newest_unanswered(self) -> str | None:
        """The id of the newest message of the customer's that nobody has answered."""
        return max(self._unanswered, key=lambda identity: self._unanswered[identity], default=None)

    def position(self, identity: str) -> int | None:
        """Where in ``rows`` a message is; ``None`` when it is not known."""
        row = self._known.get(identity)
        return None if row is None else bisect_left(self._order, (moment(row), self._arrival[identity]))

    def __len__(self) -> int:
        """How many of the server's messages are held: the offset of the next older page."""
        return len(self._known)

    @property
    def newest(self) -> Moment:
        return moment(self.rows[-1]) if self.rows else _EPOCH

    @property
    def _newest_ids(self) -> tuple[str, ...]:
        return tuple(str(row["id"]) for row in self.rows[-1:])

    def get(self, identity: str) -> Message | None:
        return self._known.get(identity)

    def snapshot(self, rows: Iterable[object], *, settles: bool) -> int:
        """Merge a page of history; returns how many rows were new. With ``settles`` it may hold the echo of ours."""
        return sum(self._take(row, settles=settles) for row in rows if _is_row(row))

    def arrived(self, row: object) -> bool:
        """Merge one message: a new one, an echo, or an old id with new content. ``True`` when its id was new."""
        return self._take(row, settles=True) if _is_row(row) else False

    def change(self, identity: str, **fields: Any) -> bool:
        """Set fields of a message; ``False`` when it is not known."""
        if identity not in self._known:
            return False
        self._put({**self._known[identity], **fields})
        return True

    def _take(self, row: Any, *, settles: bool) -> bool:
        new = row["id"] not in self._known
        self._put(row)
        if new and settles:
            self._settle(row)
        return new

    def _put(self, row: Message) -> None:
        """Put a message into its place; one with its id makes room for it."""
        identity = row["id"]
        place = self.position(identity)
        if place is not None:
            del self._order[place], self._sorted[place]
        at = (moment(row), self._arrival.setdefault(identity, len(self._arrival)))
        place = bisect_left(self._order, at)
        self._order.insert(place, at)
        self._sorted.insert(place, row)
        self._known[identity] = row
        self._unanswered.pop(identity, None)
        if row.get("type") == "customer" and not row.get("is_answered"):
            self._unanswered[identity] = at[0]

    def _settle(self, row: Message) -> None:
        """The server has it: one of ours with this text is done, the latest that was sent before the row was made.

        Rows do not come in order: what closes a gap comes after what is newer, and fits only what was sent earlier.
        """
        fitting = [own for own in self.own if _is_echo(row, own)]
        if fitting:
            self._done(max(fitting, key=lambda own: own.after), row)

    def _done(self, own: Own, row: Message) -> None:
        """A row was the echo of one message: after a reload too it is not that of another with the same words."""
        self.own.remove(own)
        self._over.add(own.key)
        self._echoes[row["id"]] = own.text
        self.own = [self._told_of_echoes(other) for other in self.own]

    def _told_of_echoes(self, own: Own) -> Own:
        spoken_for = (identity for identity, text in self._echoes.items() if text == own.text)
        return replace(own, seen=tuple(dict.fromkeys((*own.seen, *spoken_for))))

    # --- ours ---

    def write(self, key: str, text: str, *, sent: bool) -> Own:
        """Add a message that the user has written; ``sent`` says whether its frame went out."""
        own = Own(key, text.strip(), Fate.SENDING if sent else Fate.QUEUED, self.newest, self._newest_ids)
        self.own.append(own)
        return own

    def find(self, key: str) -> Own | None:
        return next((own for own in self.own if own.key == key), None)

    def resent(self, key: str) -> None:
        """The user had it sent again, and the frame went out. It moves to the end, where its echo is expected."""
        own = self.find(key)
        if own:
            self.own.remove(own)
            self.own.append(replace(own, fate=Fate.SENDING, after=self.newest, seen=self._newest_ids))

    def discard(self, key: str) -> None:
        self.own = [own for own in self.own if own.key != key]
        self._over.add(key)

    def dropped(self) -> bool:
        """The link is gone: what was on its way has an unknown fate. ``True`` when there was any."""
        return self._change({Fate.SENDING, Fate.SLOW}, Fate.UNKNOWN)

    def unanswered(self, key: str) -> None:
        """An echo takes long."""
        self.own = [
            replace(own, fate=Fate.SLOW) if own.key == key and own.fate is Fate.SENDING else own for own in self.own
        ]

    def looked_in_vain(self) -> bool:
        """Snapshots taken a little later do not have it either: the user decides. ``True`` when there was any."""
        return self._change({Fate.UNKNOWN}, Fate.MISSING)

    def not_saved(self) -> None:
        """The server could not save a message. Requests are handled in order, so it is the oldest on its way."""
        for position, own in enumerate(self.own):
            if own.fate in (Fate.SENDING, Fate.SLOW):
                self.own[position] = replace(own, fate=Fate.FAILED)
                return

    def has(self, *fates: Fate) -> bool:
        return any(own.fate in fates for own in self.own)

    def _change(self, before: set[Fate], after: Fate) -> bool:
        hit = self.has(*before)
        self.own = [replace(own, fate=after) if own.fate in before else own for own in self.own]
        return hit

    # --- in other tabs, and across a reload ---

    def load(self, every: Iterable[Own]) -> None:
        """Take what was kept. Nobody here knows what became of what was on its way."""
        self.own = [own for own in every if own.key not in self._over]
        self.dropped()

    def changed_elsewhere(self, key: str, news: Own | Gone) -> None:
        """Another tab has written, sent, settled or discarded a message.

        Of what is on its way from here this tab knows more, and of what is over here there is no more news.
        """
        here = self.find(key)
        if isinstance(news, Gone):
            if here:
                self._gone_elsewhere(here, news)
        elif here is None and key not in self._over:
            self.own.append(self._told_of_echoes(news))
        elif here:
            mine = here.fate in (Fate.SENDING, Fate.SLOW)
            seen = tuple(dict.fromkeys((*here.seen, *news.seen)))
            self.own[self.own.index(here)] = replace(here if mine else news, seen=seen)

    def _gone_elsewhere(self, here: Own, gone: Gone) -> None:
        """What a row has settled elsewhere it settles here, whether that has come already or is still to come: of two
        messages with the same words one tab may know of one, and another must not take that row for the other."""
        given_up = gone is Gone.DISCARDED and here.fate is Fate.MISSING
        if given_up or here.fate not in ON_ITS_WAY:
            self.discard(here.key)
            return
        for row in reversed(self.rows):
            if moment(row) < here.after:
                return
            if row["id"] not in self._echoes and _is_echo(row, here):
                self._done(here, row)
                return


class History:
    """Which pages of a conversation are here: none is missing between the newest and the oldest.

    More may have happened without a connection than the newest page holds. Then the pages behind it are asked for,
    until one reaches what was here before. The offset of an older page counts from the newest: until then none is
    asked for.
    """

    def __init__(self) -> None:
        self.loaded = False
        self.has_older = False
        self._asked = False  # whether an older page is on its way
        self._gap = 0  # the offset of the page that is to close a gap, 0 where there is none
        self._whole: Moment | None = None  # up to here nothing is missing
        self._newest = _EPOCH  # up to here nothing is missing once the gap is closed

    def is_older(self, pagination: Message) -> bool:
        """Whether this is a page that the user has scrolled to: what is new to us is not in it."""
        return _number(pagination.get("offset")) not in (0, self._gap)

    def came(self, messages: Messages, rows: list[Message], pagination: Message) -> Message | None:
        """A page was merged. Returns the ``filters`` of the request for the page behind it, where that is missing."""
        offset, count = _number(pagination.get("offset")), _number(pagination.get("count"))
        self.loaded, self.has_older = True, count > len(messages)
        if offset == 0:
            self._newest = messages.newest
        elif self.is_older(pagination):
            self._asked = False
            return None
        end = offset + len(rows)
        reached = self._whole is None or end >= count or min(map(moment, rows), default=_EPOCH) <= self._whole
        if reached:
            self._whole, self._gap = self._newest, 0
            return None
        if self._gap == end:
            return None  # it is on its way
        self._gap = end
        return {"offset": end, "page_size": GAP_PAGE}

    def lost(self) -> None:
        """What was asked for does not come any more; the next newest page tells again what is missing."""
        self._asked, self._gap = False, 0

    def older(self, messages: Messages) -> Message | None:
        """The ``filters`` of the request for the next older page; ``None`` where there is none, or it is on its way."""
        if not self.has_older or self._asked or self._gap:
            return None
        self._asked = True
        return {"offset": len(messages), "page_size": PAGE}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _is_echo(row: Message, own: Own) -> bool:
    """Whether a row can be what became of a message: the same words, made after it was sent."""
    if row.get("type") != "support" or own.fate not in ON_ITS_WAY or row["id"] in own.seen:
        return False
    return own.text == str(row.get("content") or "").strip() and moment(row) >= own.after


def are_rows(found: object) -> list[Message]:
    """The messages in what should be a list of them."""
    return [row for row in found if _is_row(row)] if isinstance(found, list) else []


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), str) and bool(row["id"])
