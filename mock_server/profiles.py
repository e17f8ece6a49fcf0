"""The versions of the backend that the mock can be: ``docs/protocol.md`` says which day each of them was."""

from dataclasses import dataclass
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
    ai_message: bool = False  # AI answers are pushed as `ai_message`
    rich: bool = False  # message_type, media, `data`, tag details
    wizard: bool = False  # has /ws/wizard-status/


_ALL = frozenset({"chat", "conversations", "customers"})

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("guide", True, Refusal.SAID, Refusal.SAID, rich=True, wizard=True),
        Profile("documented", True, Refusal.SAID, Refusal.HTTP_403, _ALL, says_denied=True, ai_message=True),
        Profile("hello", True, Refusal.HTTP_500, Refusal.HTTP_403, ai_message=True),
        Profile("kick", True, Refusal.HTTP_500, Refusal.HTTP_403, _ALL, ai_message=True),
        Profile("current", False, Refusal.HTTP_403, Refusal.HTTP_403, rich=True, wizard=True),
    )
}


def profile(name: str) -> Profile:
    """Return a profile by name. Raises ``UnknownNameError``."""
    if name not in PROFILES:
        raise UnknownNameError("profile", name, PROFILES)
    return PROFILES[name]
