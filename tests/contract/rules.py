"""The rules that are held without a recording: which test holds which, and in which versions of the backend.

A recording shows what one version did on one day. What ``protocol.md`` says of the other versions, and what no
recording happens to show, stands in the tests that carry ``rule``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import pytest

from mock_server.profiles import PROFILES

TOPICS: Final = {
    "handshake": "handshakes",
    "socket": "what all sockets do",
    "chat": "a chat",
    "conversations": "the list of conversations",
    "customers": "the list of customers",
    "wizard": "the wizard's status",
    "end": "how sockets end",
    "http": "calls over HTTP",
}
ALL: Final = tuple(PROFILES)
GREETING: Final = ("guide", "documented", "hello", "kick")
RICH: Final = ("guide", "current")
"""Versions with the newest rows, and with the wizard's socket."""
FLAVOURS: Final = ("daphne", "uvicorn")
MODES: Final = (False, True)


@dataclass(frozen=True)
class Version:
    """What a mock is started as. ``profile`` may be a commit."""

    profile: str
    flavour: str = "uvicorn"
    debug: bool = False

    def __str__(self) -> str:
        return "-".join([self.profile, self.flavour, *(["debug"] if self.debug else [])])


HELD: Final[dict[tuple[str, str], tuple[str, ...]]] = {}
"""By topic and test, the versions in which it holds."""


def rule(
    topic: str,
    *,
    profiles: Iterable[str] = ALL,
    flavours: Iterable[str] = ("uvicorn",),
    debug: Iterable[bool] = (False,),
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test holds a rule of this topic: it is given a ``shop`` of each of these versions, servers and modes."""
    assert topic in TOPICS
    versions = tuple(profiles)
    cases = [Version(name, flavour, mode) for name in versions for flavour in flavours for mode in debug]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        HELD[(topic, test.__name__)] = versions
        marked: Callable[..., None] = pytest.mark.parametrize("shop", cases, indirect=True, ids=str)(test)
        return marked

    return decorate
