"""Take tokens out of whatever is kept or shown: one function for text, one for values, one for zip archives."""

import re
import zipfile
from pathlib import Path
from typing import Any, Final

SHOWN: Final = "[token]"
_PATTERNS: Final = (
    # The name of a field or parameter that holds a token, and its value whatever it looks like.
    (r"""((?:access|refresh|access_token|refresh_token|token)\\*["']\s*:\s*\\*["'])[^"'\\]+""", rf"\1{SHOWN}"),
    (r"""([?&]token=)[^&\s"'<>\\#]+""", rf"\1{SHOWN}"),
    (r"(/bot\d+:)[A-Za-z0-9_-]+", rf"\1{SHOWN}"),  # of a shop's bot, in an address of Telegram
    # A JSON Web Token, in plain text or as base64 of its text, also one that was cut short, or in whose middle pytest
    # has put three dots.
    (r"(?:eyJ|ZXlK)[A-Za-z0-9_+/-]{8,}=*(?:\.{1,3}[A-Za-z0-9_-]*){0,3}", SHOWN),
    # Three long parts with dots between them. The look behind keeps long runs without dots linear.
    (r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}", SHOWN),
)
_TEXT: Final = tuple((re.compile(pattern), shown) for pattern, shown in _PATTERNS)
_BYTES: Final = tuple((re.compile(pattern.encode()), shown.encode()) for pattern, shown in _PATTERNS)


def redact(text: str) -> str:
    """Return ``text`` with ``[token]`` for everything that is, or looks like, a token."""
    for pattern, shown in _TEXT:
        text = pattern.sub(shown, text)
    return text


def redact_bytes(data: bytes) -> bytes:
    """As :func:`redact`, for files of any kind."""
    for pattern, shown in _BYTES:
        data = pattern.sub(shown, data)
    return data


def redact_value(value: Any) -> Any:
    """Return a JSON value with every string in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(key)): redact_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(part) for part in value]
    return value


def redact_zip(path: Path) -> None:
    """Write an archive, such as a trace of Playwright, again without tokens.

    Raises ``zipfile.BadZipFile`` where ``path`` is none; the file is then as it was.
    """
    fresh = path.with_name(f"{path.name}.redacted")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as clean:
        for info in archive.infolist():
            clean.writestr(redact(info.filename), redact_bytes(archive.read(info)))
    fresh.replace(path)
