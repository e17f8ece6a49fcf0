"""Frames in and out: whatever arrives, a dict or a FrameError."""

import json
import random
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pilito import wire
from pilito.exceptions import EncodeError, FrameError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.text() | JSON.map(json.dumps) | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_decoding_gives_an_object_or_a_frame_error(text: str) -> None:
    """Whatever arrives, decoding returns a dict or raises FrameError, and the error does not quote the frame."""
    try:
        message = wire.decode(text)
    except FrameError as error:
        assert len(str(error)) < 200
    else:
        assert isinstance(message, dict)
        assert isinstance(wire.message_type(message), str)
        wire.control(message)
        wire.is_probe_answer(message)


def test_mutated_frames_are_survived() -> None:
    """Twenty thousand mutations of honest frames neither raise anything else nor hang."""
    source = random.Random(5)
    honest = '{"type":"chat_message","message":{"id":"a","content":"سلام \\u200f","tags":[1,null,{"a":"b"}]}}'
    for _ in range(20_000):
        text = list(honest)
        for _ in range(source.randint(1, 6)):
            text[source.randrange(len(text))] = source.choice(string.printable + '{}[]"\\\u202e\ud800')
        try:
            wire.decode("".join(text))
        except FrameError:
            continue


@pytest.mark.parametrize("depth", [150, 201, 5_000, 300_000])
def test_deep_nesting_is_refused_before_it_is_parsed(depth: int) -> None:
    """Nesting beyond the limit is refused: parsing it would kill the interpreter in the browser."""
    text = '{"a":' * depth + "1" + "}" * depth
    if depth <= wire.DEEPEST_NESTING:
        assert wire.decode(text)
    else:
        with pytest.raises(FrameError, match="nests deeper"):
            wire.decode(text)


def test_brackets_in_strings_do_not_nest() -> None:
    """A message full of brackets, quotes and backslashes is an honest message."""
    content = '[{"\\' * 5_000
    assert wire.decode(json.dumps({"type": "x", "content": content}))["content"] == content


@pytest.mark.parametrize(
    "message", [None, [], {}, {"type": 1}, {"type": "x", "y": {1, 2}}, {"type": "x", "y": float("inf")}]
)
def test_what_would_kill_the_servers_side_is_not_encoded(message: Any) -> None:
    """Only an object with a string type and JSON values goes on the wire."""
    with pytest.raises(EncodeError):
        wire.encode(message)
