"""The versions of the backend that the mock can be: ``docs/protocol.md`` says which day each of them was."""

from dataclasses import dataclass, replace
from enum import StrEnum

from mock_server.errors import UnknownNameError


class Refusal(StrEnum):
    """What a page with a token that is not accepted gets."""

    SAID = "said"  # the socket opens, `authentication_error`, close 4001
    HTTP_403 = "403"  # the handshake is refused
    HTTP_500 = "500"  # the handshake fails with a server error


@dataclass(frozen=True, slots=True)
class Profile:
    """One version, as far as a page can tell it from the others."""

    name: str
    hello: bool  # greets with `connection_established`
    missing: Refusal  # no token, or an empty one
    bad: Refusal  # expired, revoked, forged
    kicks: frozenset[str] = frozenset()  # kinds of endpoint on which a second socket closes the first with 1000
    announces_kick: bool = False  # says `connection_closed` before it
    says_denied: bool = False  # opens and says `access_denied` for a chat that is not the user's
    ai_message: bool = False  # AI answers are pushed as `ai_message`, and the list after it
    rich: bool = False  # message_type, media, `data`, tag details; the tags of the sources are hidden
    wizard: bool = False  # has /ws/wizard-status/
    dev_origin: bool = False  # pages on port 5173 may open sockets
    names_bot: bool = False  # a message that Telegram does not take tells the address of the shop's bot, its key in it


_ALL = frozenset({"chat", "conversations", "customers"})

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("guide", True, Refusal.SAID, Refusal.SAID, rich=True, wizard=True, dev_origin=True),
        Profile("documented", True, Refusal.SAID, Refusal.HTTP_403, _ALL, says_denied=True, ai_message=True),
        Profile("hello", True, Refusal.HTTP_500, Refusal.HTTP_403, ai_message=True, names_bot=True),
        Profile("kick", True, Refusal.HTTP_500, Refusal.HTTP_403, _ALL, ai_message=True),
        Profile("current", False, Refusal.HTTP_403, Refusal.HTTP_403, rich=True, wizard=True, dev_origin=True),
    )
}

_CHAT = frozenset({"chat"})
COMMITS = {
    "8d80fb1": replace(PROFILES["hello"], hello=False, missing=Refusal.HTTP_403),
    "49ae8ae": PROFILES["hello"],
    "16ae8c3": PROFILES["hello"],
    "84cb770": PROFILES["hello"],
    "201eb9e": replace(PROFILES["kick"], kicks=_CHAT, announces_kick=True),
    "f1202d6": replace(PROFILES["kick"], kicks=_CHAT),
    "5fe59d9": PROFILES["kick"],
    "e18417b": PROFILES["kick"],
    "ed88ae1": PROFILES["documented"],
    "7e7755b": replace(PROFILES["current"], rich=False, wizard=False, dev_origin=False, ai_message=True),
    "680f7cb": replace(PROFILES["current"], dev_origin=False, ai_message=True),
    "4ca0c9a": replace(PROFILES["current"], dev_origin=False),
    "2a393b7": PROFILES["current"],
    "ac19cb6": PROFILES["current"],
    "HEAD": PROFILES["current"],
}
"""The commits of the backend between which a page can tell a difference, or which a recording names."""


def profile(name: str) -> Profile:
    """Return a profile by its name, or by a commit of the backend. Raises ``UnknownNameError``."""
    found = PROFILES.get(name) or COMMITS.get(name)
    if found is None:
        raise UnknownNameError("profile", name, PROFILES)
    return found
