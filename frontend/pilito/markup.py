"""HTML as a type: text becomes ``Html`` only by being escaped, and only ``Html`` reaches the document."""

from collections.abc import Iterable
from typing import Final

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Html(str):
    """Markup that is safe to insert: written by us, with every foreign part passed through :func:`escape`."""

    __slots__ = ()


def escape(text: object) -> str:
    """Return ``text`` fit for element content and for quoted attribute values; ``None`` gives ``""``."""
    if text is None:
        return ""
    plain = str(text)
    # Looking for five letters is quick; translate() looks up every letter of a text that is not ASCII.
    if "&" in plain or "<" in plain or ">" in plain or '"' in plain or "'" in plain:
        return plain.translate(_ESCAPES)
    return plain


def join(parts: Iterable[Html], separator: str = "") -> Html:
    """Return the parts one after the other. ``separator`` is markup of ours."""
    return Html(separator.join(parts))


def safe_url(url: object) -> str:
    """Return an http(s) URL unchanged and ``""`` for everything else: other schemes, relative paths, not a string.

    Control characters and white space are refused, because browsers drop them while parsing a scheme.
    """
    if not isinstance(url, str) or any(ch <= " " or ch == "\x7f" or ch == "\\" for ch in url):
        return ""
    scheme, separator, rest = url.partition("://")
    return url if separator and rest and scheme.lower() in {"http", "https"} else ""
