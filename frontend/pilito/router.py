"""Paths of this application: to pages and back. Nothing here trusts a path that came from outside."""

from collections.abc import Iterable
from dataclasses import dataclass

from pilito.exceptions import RouteError

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DISGUISES = frozenset(
    ":@\uff1a\ufe55\uff20\ufe6b\uff0f\u2044\u2215\u29f8\uff3c\ufe68\u29f5\u29f9\uff0e\u2024\u2025\u2026\u3002"
)
"""What no path of ours has: the end of a scheme, the end of a user, and what somebody may take for ``: @ / \\ .``"""
LONGEST_NEXT = 512
DECODED_AT_MOST = 4  # times, until nothing is left to decode: nobody honest needs more
LOGIN = "/login"


@dataclass(frozen=True, slots=True)
class Match:
    """A path taken apart: the route it matches, the route's parameters and the query, decoded."""

    route: str
    params: dict[str, str]
    query: dict[str, str]


def quote(text: str) -> str:
    """Percent-encode everything but letters, digits and ``-._~``; half a surrogate pair becomes a question mark."""
    return "".join(
        ch if ch in _UNRESERVED else "".join(f"%{byte:02X}" for byte in ch.encode(errors="replace")) for ch in text
    )


def unquote(text: str) -> str:
    """Decode percent-escapes as UTF-8; broken ones stay as they are."""
    if "%" not in text:
        return text
    out = bytearray()
    rest = text.encode("utf-8", "surrogatepass")
    position = 0
    while position < len(rest):
        digits = rest[position + 1 : position + 3]
        if rest[position] == 0x25 and len(digits) == 2 and all(d in b"0123456789abcdefABCDEF" for d in digits):
            out.append(int(digits, 16))
            position += 3
        else:
            out.append(rest[position])
            position += 1
    return out.decode("utf-8", "replace")


def match(path: str, routes: Iterable[str]) -> Match:
    """Return which of ``routes`` (``/chat/{id}``) a path such as ``/chat/abc?x=1`` means.

    Raises ``RouteError`` when it is none of them. A parameter matches one non-empty segment without a slash in it.
    """
    address, _, query = path.partition("#")[0].partition("?")
    segments = [unquote(segment) for segment in address.strip("/").split("/")]
    for route in routes:
        params = _params(route.strip("/").split("/"), segments)
        if params is not None:
            return Match(route, params, parse_query(query))
    raise RouteError(f"no page has the path {address[:80]!r}; check PAGES and the routes of its pages")


def _params(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    params: dict[str, str] = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            if not given or "/" in given:
                return None
            params[wanted.strip("{}")] = given
        elif wanted != given:
            return None
    return params


def parse_query(query: str) -> dict[str, str]:
    """Return the values of ``a=1&b=2``, decoded; of a repeated name the last one."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {unquote(name.replace("+", " ")): unquote(value.replace("+", " ")) for name, _, value in pairs}


def build(route: str, **params: str) -> str:
    """Return the path of a route with its parameters put in, percent-encoded."""
    return route.format_map({name: quote(value) for name, value in params.items()})


def login_path(here: str) -> str:
    """Return the path of the login page that leads back to ``here`` afterwards."""
    wanted = safe_next(here)
    return f"{LOGIN}?next={quote(wanted)}" if wanted and wanted != "/" else LOGIN


def safe_next(value: object) -> str | None:
    """Return ``value`` when it is a path on this site and nothing else, ``None`` otherwise.

    Refused are other origins in every disguise (a scheme, ``//``, a backslash, a user before ``@``, characters that
    are not seen or look like these, and all of them percent-encoded), relative paths and dots that climb, the login
    page itself, and what is very long or encoded again and again.
    """
    if not isinstance(value, str) or not value.startswith("/") or len(value) > LONGEST_NEXT:
        return None
    if _tricky(value):
        return None
    seen, decoded = "", value
    for _ in range(DECODED_AT_MOST):
        if seen == decoded:
            return value
        seen = decoded
        address = seen.partition("?")[0].partition("#")[0]
        if _tricky(address) or "//" in address or any(ch in _DISGUISES or not ch.isprintable() for ch in address):
            return None
        segments = address.split("/")
        if any(segment in {".", ".."} for segment in segments) or segments[1].lower() == LOGIN.strip("/"):
            return None
        decoded = unquote(seen)
    return None


def _tricky(text: str) -> bool:
    return any(ch <= " " or ch == "\\" or "\x7f" <= ch <= "\xa0" or ch in "\u2028\u2029\ufeff\ufffd" for ch in text)
