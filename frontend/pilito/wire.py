"""JSON text to message and back, and the frames that control the connection itself."""

import json
from enum import StrEnum
from typing import Any, Final, NoReturn

from pilito.events import Message
from pilito.exceptions import EncodeError, FrameError

PROBE: Final = ""
"""An empty text frame: every version of the backend answers it without touching its database."""

LONGEST_FRAME: Final = 8 * 1024 * 1024
"""In characters. The largest honest frame, a list of 500 rows, is below 1 MB."""

DEEPEST_NESTING: Final = 200
"""Honest frames nest about ten deep. The parser recurses, and a browser's stack is small."""


class Control(StrEnum):
    """Frame types that speak about the connection and not about the shop."""

    ESTABLISHED = "connection_established"  # the greeting of most versions
    AUTH_ERROR = "authentication_error"  # the token is refused; close 4001 follows
    DENIED = "access_denied"  # the chat is not ours; a close follows whose code depends on the server
    REPLACED = "connection_closed"  # another tab took over; close 1000 follows


_CONTROLS: Final = {control.value: control for control in Control}
_PROBE_ANSWERS: Final = frozenset({"Invalid JSON format", "invalid_json"})


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def decode(text: str | None) -> Message:
    """Return the JSON object in a text frame. ``None`` stands for a binary frame.

    Raises ``FrameError``, which says what was wrong and never quotes the frame, for everything else.
    """
    if text is None:
        raise FrameError("The server sent a binary frame; only JSON text is understood. It was dropped.")
    if len(text) > LONGEST_FRAME:
        raise FrameError(f"A frame of {len(text)} characters is over the limit of {LONGEST_FRAME}. It was dropped.")
    if nests_too_deep(text):
        raise FrameError(f"A frame nests deeper than {DEEPEST_NESTING} levels. It was dropped.")
    try:
        value = _parse(text)
    except (ValueError, RecursionError):
        raise FrameError(f"A frame of {len(text)} characters is not JSON. It was dropped.") from None
    if not isinstance(value, dict):
        raise FrameError(f"A frame holds a JSON {_type_of(value)} and not an object. It was dropped.")
    return value


def read(text: str | None) -> tuple[Message | None, str]:
    """As :func:`decode`, for who must go on: the message, or ``None`` and what was wrong with the frame."""
    try:
        return decode(text), ""
    except FrameError as error:
        return None, str(error)


def json_value(text: str) -> Any:
    """The JSON value of a text from elsewhere: an HTTP answer, storage, another tab.

    ``None`` for what is no JSON, or cannot be read safely.
    """
    if len(text) > LONGEST_FRAME or nests_too_deep(text):
        return None
    try:
        return _parse(text)
    except (ValueError, RecursionError):
        return None


def encode(message: Message) -> str:
    """Return the JSON text of a message.

    Raises ``EncodeError`` for what would kill the server's side of the connection: not an object, no type, not JSON.
    """
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise EncodeError("A message must be a dict with a string `type`. Add one; nothing was sent.")
    try:
        return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodeError(f"Message {message['type']!r} is not JSON: {error}. Nothing was sent.") from None


def message_type(message: Message) -> str:
    """Return the frame's type; ``""`` where it is missing or not a string (the backend has such error frames)."""
    value = message.get("type")
    return value if isinstance(value, str) else ""


def control(message: Message) -> Control | None:
    """Return which control frame a message is, or ``None`` for one that the pages want."""
    found = _CONTROLS.get(message_type(message))
    if found is Control.REPLACED and message.get("reason") != "duplicate_connection":
        return None
    return found


def is_probe_answer(message: Message) -> bool:
    """Return whether a message is the backend's complaint about :data:`PROBE`, and nothing more."""
    complaint = message.get("error")
    return "type" not in message and isinstance(complaint, str) and complaint in _PROBE_ANSWERS


def is_plain(message: Message) -> bool:
    """Return whether a message has a type and is for the pages alone: no frame about the connection."""
    found = message.get("type")
    return isinstance(found, str) and bool(found) and found not in _CONTROLS


def _parse(text: str) -> Any:
    """One decoder for all frames: ``json.loads`` with an option makes a new one for each."""
    if text.startswith("{"):
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    return _DECODER.decode(text)


def nests_too_deep(text: str) -> bool:
    """Return whether brackets outside strings nest deeper than :data:`DEEPEST_NESTING`: too deep to be parsed.

    Only looked at closely when there are many of them.
    """
    if text.count("[") + text.count("{") <= DEEPEST_NESTING:
        return False
    depth = 0
    for outside in text.replace("\\\\", "").replace('\\"', "").split('"')[::2]:
        if "[" in outside or "{" in outside or "]" in outside or "}" in outside:
            for sign in outside:
                depth += (sign in "[{") - (sign in "]}")
                if depth > DEEPEST_NESTING:
                    return True
    return False


def _type_of(value: Any) -> str:
    """Return the JSON name of a value's type, for messages to people."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def whole_number(text: str) -> int | None:
    """The number that a foreign text of up to nine digits is. ``str.isdigit`` takes more for digits than ``int``."""
    if not text.isdigit() or len(text) > 9:
        return None
    try:
        return int(text)
    except ValueError:
        return None
