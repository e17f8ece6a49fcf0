"""What a close code means for a client.

Sources: RFC 6455 section 7.4, the IANA registry, and what the backend was seen to send (``docs/protocol.md``).
``wasClean`` is never consulted: servers disagree on it.
"""

import re
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What to do about a close that we did not ask for."""

    RETRY = "retry"  # dial again after a delay
    AUTH = "auth"  # refresh the token once, then ask the user to log in
    FORBIDDEN = "forbidden"  # this user may not have this endpoint: give up
    REFUSED = "refused"  # the server will never accept what we do: give up
    REPLACED = "replaced"  # another tab or device took over: do not fight
    THROTTLED = "throttled"  # too many connections: come back much later


NORMAL: Final = 1000
ABNORMAL: Final = 1006  # what a browser reports for every failure that it will not explain
REASON_LIMIT: Final = 123  # bytes of UTF-8 in a close reason

_VERDICTS: Final[dict[int, Verdict]] = {
    1000: Verdict.REPLACED,
    1002: Verdict.REFUSED,
    1003: Verdict.REFUSED,
    1007: Verdict.REFUSED,
    1008: Verdict.FORBIDDEN,
    1009: Verdict.REFUSED,
    1010: Verdict.REFUSED,
    1013: Verdict.THROTTLED,
    3000: Verdict.AUTH,
    3003: Verdict.FORBIDDEN,
    4001: Verdict.AUTH,
    4003: Verdict.FORBIDDEN,
    4400: Verdict.REFUSED,
    4401: Verdict.AUTH,
    4403: Verdict.FORBIDDEN,
    4409: Verdict.REPLACED,
    4429: Verdict.THROTTLED,
}

NAMES: Final[dict[int, str]] = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no status received",
    1006: "abnormal closure",
    1007: "invalid payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension missing",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failed",
    3000: "unauthorized",
    3003: "forbidden",
    3008: "timeout",
    4001: "authentication error",
    4003: "forbidden",
    4400: "bad request",
    4401: "unauthorized",
    4403: "forbidden",
    4409: "replaced",
    4429: "too many connections",
}

_RETRY_AFTER: Final = re.compile(r"retry[-_ ]?after\W{0,3}(\d{1,6})", re.IGNORECASE)


def close_verdict(code: int) -> Verdict:
    """Return what a server's close with ``code``, after the socket was open, asks of us. Unknown codes mean retry."""
    return _VERDICTS.get(code, Verdict.RETRY)


def retry_after(reason: str) -> float | None:
    """Return the seconds that a close reason such as ``retry-after=30`` asks for, or ``None``."""
    found = _RETRY_AFTER.search(reason)
    return float(found.group(1)) if found else None


def name(code: int) -> str:
    """Return the usual name of a close code, or ``"close code <code>"``."""
    return NAMES.get(code, f"close code {code}")


def fit_reason(reason: str) -> str:
    """Return ``reason`` cut to the 123 bytes of UTF-8 that a close frame holds, never inside a character."""
    return reason.encode("utf-8", "replace")[:REASON_LIMIT].decode("utf-8", "ignore")
