"""Locks over a channel, for pages that have no ``navigator.locks``: old browsers, embedded views, plain http.

Who wants a lock says so, and waits for a moment. Who holds it, or has wanted it under a lower number, objects, and then
the one who asked waits until it is free; the others agree. A tab that has ever spoken of locks is waited for longer: it
may be busy, or what it says may be behind our own timer. One that dies is passed over. Two tabs may both hold a lock if
one has never spoken and is busy for longer than ``OBJECT``, or any for longer than ``BUSY``; that is why ``shared`` is
false, and why a refresh that comes too late still looks for a sibling's pair.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pilito.ports import Channel, Random, Scheduler
from pilito.waiting import happens

T = TypeVar("T")
OBJECT: Final = 0.15  # seconds in which the others may object
BUSY: Final = 2.0  # seconds more for a tab that is known and has not answered; then it counts as gone
ASK_AGAIN: Final = 2.0  # seconds after which a holder who says nothing is taken for dead
_WANTED, _OBJECTION, _AGREED, _FREE = "lock-wanted", "lock-objection", "lock-agreed", "lock-free"


@dataclass(slots=True)
class _Claim:
    """This tab's wish for a lock, or its hold on one."""

    number: int
    held: bool = False
    question: str = ""  # names the latest one: an answer to an earlier one is none
    silent: set[int] = field(default_factory=set)  # tabs that are known and have not answered
    objected: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # somebody has objected, or all have answered
    freed: asyncio.Event = field(default_factory=asyncio.Event)


class ChannelLocks:
    """``Locks`` by agreement between the tabs."""

    shared = False

    def __init__(self, channel: Channel, scheduler: Scheduler, random: Random) -> None:
        self._channel = channel
        self._scheduler = scheduler
        self._number = int(random.random() * 2**53)  # two tabs never have the same, or as good as never
        self._here: dict[str, asyncio.Lock] = {}
        self._claims: dict[str, _Claim] = {}
        self._questions = 0
        self._siblings: set[int] = set()  # the numbers of the tabs that have spoken of locks
        self.release = channel.subscribe(self._told)

    async def hold(self, name: str, body: Callable[[], Awaitable[T]], *, timeout: float = 30.0) -> T:
        """Run ``body`` alone, as far as the tabs hear each other. Raises ``TimeoutError``."""
        async with self._here.setdefault(name, asyncio.Lock()):
            claim = self._claims[name] = _Claim(self._number)
            try:
                await self._agree(name, claim, self._scheduler.now() + timeout)
                return await body()
            finally:
                del self._claims[name]
                self._say(_FREE, name)

    async def mark(self, name: str, seconds: float) -> None:
        """Nothing: what a tab says before it frees a lock arrives before the lock is known to be free."""

    async def marked(self, name: str) -> bool:
        return False

    async def _agree(self, name: str, claim: _Claim, until: float) -> None:
        while not claim.held:
            if self._scheduler.now() > until:
                raise TimeoutError(f"the other tabs did not leave the lock {name!r} in time")
            for event in (claim.objected, claim.settled, claim.freed):
                event.clear()
            claim.silent = set(self._siblings)
            self._questions += 1
            claim.question = f"{self._number}.{self._questions}"
            self._say(_WANTED, name, question=claim.question)
            if await self._has_objection(claim):
                await happens(claim.freed, within=ASK_AGAIN)
            else:
                claim.held = True

    async def _has_objection(self, claim: _Claim) -> bool:
        await happens(claim.objected, within=OBJECT)
        if claim.silent and not claim.objected.is_set() and not await happens(claim.settled, within=BUSY):
            self._siblings -= claim.silent
        return claim.objected.is_set()

    def _say(self, kind: str, name: str, *, held: bool = False, question: object = "") -> None:
        told = {"kind": kind, "lock": name, "number": self._number, "held": held, "question": question}
        self._channel.post(told)

    def _told(self, message: Mapping[str, object]) -> None:
        name, number, kind = str(message.get("lock")), message.get("number"), message.get("kind")
        if not isinstance(number, int) or kind not in (_WANTED, _OBJECTION, _AGREED, _FREE):
            return
        question = message.get("question")
        self._siblings.add(number)
        claim = self._claims.get(name)
        if claim is None:
            if kind == _WANTED:
                self._say(_AGREED, name, question=question)
            return
        if kind == _FREE:
            claim.freed.set()
        elif kind in (_WANTED, _OBJECTION):
            comes_first = message.get("held") is True or (number < claim.number and not claim.held)
            if comes_first:
                claim.objected.set()
                claim.settled.set()
            if kind == _WANTED:
                self._say(_AGREED if comes_first else _OBJECTION, name, held=claim.held, question=question)
        if kind != _WANTED and question == claim.question:
            claim.silent.discard(number)
            if not claim.silent:
                claim.settled.set()
