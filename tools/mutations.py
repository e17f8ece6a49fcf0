"""Frames that a server should never send: honest ones, changed at random, and ones made of nothing but chance."""

import json
import random
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

Frame = str | None
"""The text of a frame; ``None`` stands for a binary one."""

SEEDS: Final[tuple[dict[str, Any], ...]] = (
    {"type": "connection_established", "message": "welcome", "timestamp": "2026-11-22T20:07:00.228635+00:00"},
    {"type": "authentication_error", "message": "Invalid token", "code": 4001},
    {"type": "connection_closed", "reason": "duplicate_connection", "message": "Opened elsewhere"},
    {"type": "access_denied", "message": "no"},
    {"error": "Invalid JSON format", "timestamp": None},
    {"type": "error", "error": "Failed to save message"},
    {
        "type": "conversations_list",
        "conversations": [{"id": "a", "customer": {"id": 1, "first_name": "سارا"}, "last_message": {"content": "hi"}}],
        "pagination": {"page": 1, "total_pages": 2, "count": 11, "has_next": True},
        "filters": {"page": 1, "_rid": "r1"},
    },
    {"type": "customers_list", "customers": [{"id": 3, "tag": [{"id": 1, "name": "vip"}]}], "pagination": {"page": 1}},
    {"type": "recent_messages", "messages": [{"id": "m", "type": "customer", "content": "؟ \u200f"}], "pagination": {}},
    {"type": "chat_message", "message": {"id": "n", "type": "support", "content": "x", "created_at": "2026-11-22T20Z"}},
)
"""Shapes of honest frames, for where no recordings are at hand."""

_SIGNS: Final = string.printable + '{}[]",:\\\u202e\u200f\x00\ud800\udfff\ufeff😀سلام'
_LEAVES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 7, 10**30, -0.5, 1e308, float("inf"), float("nan"), "", "x", "\ud800", "<b>", "r1"),
    *([], {}, [[]], [None], {"type": "x"}, {"": ""}, "duplicate_connection", "Invalid JSON format", "\u202e" * 3),
)
_NAMES: Final = (
    "type",
    "error",
    "reason",
    "message",
    "id",
    "filters",
    "pagination",
    "messages",
    "code",
    "",
    "__class__",
)


def mutated(seed: int, honest: Sequence[dict[str, Any]] = SEEDS) -> Iterator[tuple[str, Frame]]:
    """Yield ``(kind, frame)`` for ever, the same for the same seed and the same honest frames."""
    source = random.Random(seed)
    texts = [json.dumps(frame, ensure_ascii=False) for frame in honest]
    makers: dict[str, Callable[[], Frame]] = {
        "honest": lambda: source.choice(texts),
        "signs changed": lambda: _change_signs(source, source.choice(texts)),
        "cut": lambda: _cut(source, source.choice(texts)),
        "spliced": lambda: _cut(source, source.choice(texts)) + source.choice(texts)[source.randrange(40) :],
        "part repeated": lambda: _repeat(source, source.choice(texts)),
        "values changed": lambda: _dump(_change_values(source, source.choice(honest))),
        "names changed": lambda: _dump(_change_names(source, source.choice(honest))),
        "random object": lambda: _dump({_name(source): _value(source, 4) for _ in range(source.randrange(6))}),
        "random JSON": lambda: _dump(_value(source, 5)),
        "random text": lambda: "".join(source.choices(_SIGNS, k=source.randrange(200))),
        "random bytes": lambda: source.randbytes(source.randrange(200)).decode("latin-1"),
        "deep": lambda: _deep(source),
        "binary": lambda: None,
    }
    kinds = list(makers)
    weights = [1 if kind in ("binary", "honest", "deep") else 4 for kind in kinds]
    while True:
        kind = source.choices(kinds, weights)[0]
        yield kind, makers[kind]()


def _change_signs(source: random.Random, text: str) -> str:
    signs = list(text)
    for _ in range(source.randint(1, 8)):
        signs[source.randrange(len(signs))] = source.choice(_SIGNS)
    return "".join(signs)


def _cut(source: random.Random, text: str) -> str:
    return text[: source.randrange(len(text) + 1)]


def _repeat(source: random.Random, text: str) -> str:
    start = source.randrange(len(text))
    part = text[start : start + source.randint(1, 30)]
    return text[:start] + part * source.randint(2, 50) + text[start:]


def _change_values(source: random.Random, value: Any) -> Any:
    """A copy with some of its values, at any depth, replaced by others of any type."""
    if source.random() < 0.12:
        return _value(source, 2)
    if isinstance(value, dict):
        return {name: _change_values(source, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_change_values(source, inner) for inner in value]
    return value


def _change_names(source: random.Random, value: Any) -> Any:
    """A copy with some names of its objects changed, left out, or given another's value."""
    if isinstance(value, list):
        return [_change_names(source, inner) for inner in value]
    if not isinstance(value, dict):
        return value
    found = {name: _change_names(source, inner) for name, inner in value.items() if source.random() > 0.1}
    for name in [name for name in found if source.random() < 0.15]:
        found[_name(source)] = found.pop(name)
    return found


def _value(source: random.Random, depth: int) -> Any:
    chance = source.random()
    if depth and chance < 0.2:
        return [_value(source, depth - 1) for _ in range(source.randrange(4))]
    if depth and chance < 0.5:
        return {_name(source): _value(source, depth - 1) for _ in range(source.randrange(4))}
    return source.choice(_LEAVES)


def _name(source: random.Random) -> str:
    return source.choice(_NAMES) if source.random() < 0.8 else source.choice(_SIGNS)


def _deep(source: random.Random) -> str:
    opening = source.choice(("[", '{"a":', '[{"type":'))
    return opening * source.choice((1, 150, 201, 1_000, 20_000)) + source.choice(("", "1", "}", "]"))


def _dump(value: Any) -> str:
    """JSON text, every other time (told by the length, so that a seed stays a seed) with its letters escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) % 2 else json.dumps(value)
