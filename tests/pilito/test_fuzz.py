"""Whatever arrives, from the server, the address bar or storage, nothing raises, hangs or leads astray."""

import base64
import contextlib
import json
import math
from typing import Any
from urllib.parse import unquote, urlsplit

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pilito import closecodes, router, tokens, wire
from pilito.closecodes import Verdict
from pilito.exceptions import FrameError, RouteError
from pilito.listeners import Listeners

from tools.fuzz import attack
from tools.mutations import SEEDS

TEXT = st.text(st.characters(exclude_categories=()))  # half surrogate pairs too
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(["type", "error", "reason"])
NAME = TEXT | st.sampled_from(["type", "error", "reason", "message"])
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=4), max_leaves=20
)


# --- frames ---


def test_mutated_frames_hurt_nobody() -> None:
    """Of 20,000 random and mutated frames none raises, takes long, or ends a connection that it may not end."""
    report = attack(20_000, seed=7)
    assert report.offenders == []
    assert report.frames == 20_000
    outcomes = {outcome for _, outcome in report.outcomes}
    assert outcomes == {"delivered", "dropped", "reported", "ended as asked"}


@given(st.dictionaries(NAME, JSON, max_size=6))
def test_every_object_is_a_message(value: dict[str, Any]) -> None:
    """Any JSON object with finite numbers is decoded to itself, and can be asked what it is."""
    text = json.dumps(value)
    if "NaN" in text or "Infinity" in text:
        with contextlib.suppress(FrameError):
            wire.decode(text)
        return
    message = wire.decode(text)
    assert message == json.loads(text)
    assert isinstance(wire.message_type(message), str)
    assert wire.control(message) is None or message["type"] == wire.control(message)
    assert wire.is_probe_answer(message) in (True, False)


@given(JSON.filter(lambda value: not isinstance(value, dict)))
def test_what_is_no_object_is_no_message(value: Any) -> None:
    """JSON that is not an object is refused, in words that do not quote it."""
    with pytest.raises(FrameError) as caught:
        wire.decode(json.dumps(value))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("error", [[], {}, [["Invalid JSON format"]], None, 5, True])
def test_a_strange_complaint_is_no_answer_to_a_probe(error: Any) -> None:
    """A frame whose ``error`` is a list or an object is a frame like any other, and raises nothing."""
    assert wire.is_probe_answer({"error": error}) is False
    assert wire.is_probe_answer({"error": "Invalid JSON format"}) is True


# --- listeners ---


@given(st.lists(st.tuples(st.sampled_from("arcx"), st.integers(0, 3), st.sampled_from(["", "a", "\ud800"]))))
def test_listeners_hear_what_they_should(steps: list[tuple[str, int, str]]) -> None:
    """In any order of adding, removing and calling, who listens hears each call once, though others raise."""
    failed: list[str] = []
    listeners: Listeners[int] = Listeners(lambda name, _: failed.append(name))
    heard: dict[int, list[int]] = {number: [] for number in range(4)}
    expected: dict[int, list[int]] = {number: [] for number in range(4)}
    active: list[tuple[str, int]] = []

    def listener(number: int) -> Any:
        def call(value: int) -> None:
            heard[number].append(value)
            if number == 3:
                raise ValueError("mine")

        return call

    calls = {number: listener(number) for number in range(4)}
    for value, (what, number, name) in enumerate(steps):
        if what == "a":
            listeners.add(name, calls[number])
            active.append((name, number))
        elif what == "r":
            listeners.remove(name, calls[number])
            if (name, number) in active:
                active.remove((name, number))
        elif what == "c":
            listeners.call(name, value)
            for _, hearer in [entry for entry in active if entry[0] == name]:
                expected[hearer].append(value)
        else:
            listeners.clear()
            active.clear()
        assert len(listeners) == len(active)
    assert heard == expected
    assert len(failed) == len(heard[3])


# --- next ---

NASTY = st.text(st.sampled_from("/\\%2fF5cCeE.:@?#&=\t\n\r \x00\x7f\u2028\ufeff\ud800ahttpslogin"), max_size=40)


@given(st.one_of(NASTY, TEXT, NASTY.map(lambda text: f"/{text}")))
def test_next_is_a_path_here_however_it_is_read(value: str) -> None:
    """What passes has no host for any reader, undecoded or decoded three times, and is not the login page."""
    found = router.safe_next(value)
    if found is None:
        return
    assert found == value
    for _ in range(4):
        address = value.partition("?")[0].partition("#")[0]
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc) == ("", "")
        assert address.startswith("/")
        assert not address.startswith(("//", "/\\"))
        assert not any(ch < " " or ch == "\\" for ch in address)
        assert address.strip("/").split("/")[0].lower() != "login"
        value = unquote(value)


@given(TEXT)
def test_any_text_survives_being_quoted(text: str) -> None:
    """Quoting takes any text, half a surrogate pair too, and gives back what UTF-8 can carry."""
    quoted = router.quote(text)
    assert quoted.isascii()
    assert router.unquote(quoted) == text.encode(errors="replace").decode()
    with contextlib.suppress(RouteError):
        router.match(f"/chat/{quoted}", ("/chat/{id}",))
    assert router.login_path(f"/{text}").startswith("/login")


# --- claims ---


def _token(payload: object) -> str:
    def part(value: object) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode().rstrip("=")

    return f"{part({'alg': 'HS512', 'typ': 'JWT'})}.{part(payload)}.{part('signature')}"


@given(st.dictionaries(st.sampled_from(["user_id", "created_at", "exp", "iat", "nbf", "aud", "sub"]), JSON))
def test_claims_of_any_payload(payload: dict[str, Any]) -> None:
    """Whatever a token says, its claims are none or usable: a text, and times that are numbers or unknown."""
    found = tokens.claims(_token(payload))
    if found is not None:
        assert isinstance(found.user_id, str)
        death = tokens.expiry(found)
        assert death is None or math.isfinite(death)


@pytest.mark.parametrize("payload", ['{"a":' * 300 + "1" + "}" * 300, '{"a":' * 1000, "[" * 5000])
def test_a_payload_that_nests_is_not_parsed(payload: str) -> None:
    """A token whose payload nests deep is no token: parsing it could kill the interpreter in the browser."""
    assert tokens.claims(_token(payload)) is None


def test_a_huge_token_is_not_parsed() -> None:
    """A token of more than 8,192 characters is no token of ours; one of 4,000 is."""
    assert tokens.claims(_token({"user_id": "1" * 9000})) is None
    found = tokens.claims(jwt.encode({"user_id": "1" * 2000}, "k" * 64, algorithm="HS512"))
    assert found is not None


@pytest.mark.parametrize("expires", [float("nan"), float("inf"), 10**400, True, "5", [5]])
def test_a_strange_expiry_is_unknown(expires: Any) -> None:
    """An ``exp`` that is no finite number says nothing about the token's death."""
    found = tokens.claims(_token({"user_id": "1", "exp": expires}))
    assert found is None or found.expires is None


# --- the close table ---


@given(st.integers(-(2**31), 2**31), TEXT)
def test_every_close_has_a_verdict_a_name_and_a_wait(code: int, reason: str) -> None:
    """Any code and any reason give a verdict, a name, and a wait that is unknown or finite."""
    assert closecodes.close_verdict(code) in Verdict
    assert closecodes.name(code)
    wait = closecodes.retry_after(reason)
    assert wait is None or 0 <= wait < 10**6
    assert len(closecodes.fit_reason(reason).encode()) <= closecodes.REASON_LIMIT


def test_the_seeds_are_honest() -> None:
    """What is mutated is understood while it is whole: else the mutations would prove nothing."""
    for frame in SEEDS:
        assert wire.decode(json.dumps(frame)) == frame
