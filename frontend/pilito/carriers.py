"""How a token travels to a socket endpoint, and how to show what travelled without it.

A carrier is one small object. Exchanging it is one line of ``index.html`` (``pilito-carrier``); the README says what
each costs.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from pilito.exceptions import ConfigurationError
from pilito.router import quote

_JWT: Final = re.compile(r"[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}")
_PARAMETER: Final = re.compile(r"(token|refresh|authorization|bearer)(=|:|%3D|\s|\"|')+[^&\s\"',}]+", re.IGNORECASE)
_PADDING: Final = 520
"""Chromium prints the address of a socket that fails on the console, where it cuts addresses of more than 1,024
characters down to their first 511 and last 510. With so much padding on both sides, the token is what it cuts out."""


def redact(text: str) -> str:
    """Return ``text``, at most 4,000 characters of it, without anything that looks like a token."""
    text = text[:4000]  # the patterns take quadratic time on a long run of letters
    return _PARAMETER.sub(r"\1=[redacted]", _JWT.sub("[redacted]", text))


@dataclass(frozen=True, slots=True)
class Dial:
    """What to open a socket with."""

    url: str = field(repr=False)
    protocols: tuple[str, ...] = field(default=(), repr=False)
    first_frame: str | None = field(default=None, repr=False)


class QueryCarrier:
    """``?token=``, percent-encoded and padded. What the backend takes; the server's access log sees it."""

    def dial(self, url: str, token: str) -> Dial:
        padding = "0" * _PADDING
        return Dial(f"{url}?_={padding}&token={quote(token)}&_={padding}")

    def redact(self, url: str) -> str:
        return f"{url.partition('?')[0]}?token=[redacted]" if "?" in url else url


class SubprotocolCarrier:
    """``Sec-WebSocket-Protocol``. In no URL; needs a server that answers with the first of the two protocols."""

    NAME: Final = "pilito.token"

    def dial(self, url: str, token: str) -> Dial:
        return Dial(url, protocols=(self.NAME, quote(token)))

    def redact(self, url: str) -> str:
        return url


class FirstMessageCarrier:
    """A first frame ``{"type": "authenticate", "token": ...}``. In no header; the server holds an unknown socket."""

    def dial(self, url: str, token: str) -> Dial:
        return Dial(url, first_frame=f'{{"type":"authenticate","token":"{quote(token)}"}}')

    def redact(self, url: str) -> str:
        return url


AnyCarrier = QueryCarrier | SubprotocolCarrier | FirstMessageCarrier
CARRIERS: Final[dict[str, type[AnyCarrier]]] = {
    "query": QueryCarrier,
    "subprotocol": SubprotocolCarrier,
    "first-message": FirstMessageCarrier,
}


def carrier_named(name: str) -> AnyCarrier:
    """Return the carrier that the page is configured for, ``""`` meaning the default. Raises ``ConfigurationError``."""
    if name and name not in CARRIERS:
        raise ConfigurationError("pilito-carrier", f"must be one of {', '.join(CARRIERS)}, not {name!r}")
    return CARRIERS[name or "query"]()
