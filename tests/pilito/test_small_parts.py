"""Close codes, frames, paths, markup, carriers, claims, settings: one table or property each."""

import contextlib
import json
import random
import string
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pilito import backoff, carriers, closecodes, router, tokens, wire
from pilito.closecodes import Verdict, close_verdict
from pilito.exceptions import ConfigurationError, EncodeError, FrameError, RouteError
from pilito.markup import Html, escape, join, safe_url
from pilito.policy import Policy

# --- close codes ---

VERDICTS = {
    Verdict.AUTH: {3000, 4001, 4401},
    Verdict.FORBIDDEN: {1008, 3003, 4003, 4403},
    Verdict.REFUSED: {1002, 1003, 1007, 1009, 1010, 4400},
    Verdict.REPLACED: {1000, 4409},
    Verdict.THROTTLED: {1013, 4429},
}


@given(st.integers(0, 70_000))
def test_every_code_has_the_verdict_of_the_design(code: int) -> None:
    """Each code of the table has its verdict, every other one means retry."""
    expected = next((verdict for verdict, codes in VERDICTS.items() if code in codes), Verdict.RETRY)
    assert close_verdict(code) is expected


@given(st.text())
def test_a_reason_fits_into_a_close_frame(reason: str) -> None:
    """A cut reason has at most 123 bytes of UTF-8 and is the beginning of the whole."""
    cut = closecodes.fit_reason(reason)
    assert len(cut.encode("utf-8", "replace")) <= 123
    assert closecodes.may_send(1000)
    assert not closecodes.may_send(1006)


def test_retry_after_is_read_from_a_reason() -> None:
    """A reason that names seconds is understood in its usual spellings."""
    assert closecodes.retry_after("retry-after=30") == 30
    assert closecodes.retry_after("Retry after: 7 s") == 7
    assert closecodes.retry_after("soon") is None
    assert closecodes.name(4001) == "authentication error"
    assert closecodes.name(4777) == "close code 4777"


# --- backoff and policy ---


@given(st.integers(-5, 10_000), st.integers(0, 2**32))
def test_every_delay_is_within_the_jitter(attempt: int, seed: int) -> None:
    """A delay is the nominal one, at most a fifth more or less, and never beyond the cap's jitter."""
    policy = Policy()
    nominal = backoff.nominal_delay(attempt, policy)
    assert 2 <= nominal <= 30
    assert 0.8 * nominal <= backoff.delay(attempt, policy, random.Random(seed)) <= 1.2 * nominal


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jitter", 1),
        ("max_attempts", 1.5),
        ("idle", 0),
        ("probe", -1),
        ("uptime", "10"),
        ("longest_delay", 1),
        ("stall", True),
        ("token", float("nan")),
    ],
)
def test_a_bad_setting_is_named(name: str, value: Any) -> None:
    """A wrong number stops at start with the name of its field."""
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        Policy(**{name: value})


# --- frames ---

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


# --- paths ---

ROUTES = ("/login", "/conversations", "/chat/{id}", "/customers")


@given(st.text(min_size=1).filter(lambda text: "/" not in text))
def test_a_parameter_survives_the_address_bar(value: str) -> None:
    """Building a path and matching it gives the parameter back, whatever is in it."""
    value = value.encode("utf-8", "ignore").decode()
    if value:
        assert router.match(router.build("/chat/{id}", id=value), ROUTES).params == {"id": value}


@given(st.text())
def test_matching_never_raises_anything_else(path: str) -> None:
    """Any text is a page's path or a RouteError."""
    with contextlib.suppress(RouteError):
        assert router.match(path, ROUTES).route in ROUTES


GOOD = [
    "/conversations",
    "/chat/abc",
    "/customers?page=2&search=%D8%B9",
    "/",
    "/conversations?search=a%20b",
    "/conversations?next=1",
]
TRICKS = [
    *(
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
    ),
    *("/%2fevil.example", "/%2F%2Fevil.example", "/%5cevil.example", "/%255cevil.example", "/%252f%252fevil.example"),
    *(
        "/\tevil",
        "/\nevil",
        "/%0aevil",
        "/%0d%0aSet-Cookie:x",
        " /conversations",
        "/ conversations",
        "/\x00",
        "/%00",
        "/\u2028x",
    ),
    *(
        "conversations",
        "",
        "?next=/x",
        "#x",
        "/..//evil.example",
        "/./x",
        "/../x",
        "/%2e%2e/x",
        "/http://evil.example",
        "/@evil.example",
    ),
    *(
        "/login",
        "/login?next=/login",
        "/LOGIN",
        "/%6cogin",
        "/" + "a" * 600,
        "/x\x7f",
        "/\ufeffx",
        "data:text/html,x",
        "/x//y",
    ),
]


@pytest.mark.parametrize("value", GOOD)
def test_a_path_of_ours_is_a_next(value: str) -> None:
    """A path on this site is returned as it is."""
    assert router.safe_next(value) == value


@pytest.mark.parametrize("value", [*TRICKS, None, 5, ["/x"]])
def test_a_trick_is_no_next(value: object) -> None:
    """Another origin in any disguise, a climbing or relative path, the login page and very long ones are refused."""
    assert router.safe_next(value) is None


@given(st.text())
def test_a_next_stays_on_this_origin(value: str) -> None:
    """Whatever passes begins with one slash and has neither a backslash nor a control character in any decoding."""
    found = router.safe_next(f"/{value}")
    if found is not None:
        decoded = router.unquote(router.unquote(found))
        for text in (found, decoded):
            address = text.partition("?")[0]
            assert not address.startswith(("//", "/\\"))
            assert not any(ch < " " or ch == "\\" for ch in address)


# --- markup ---


@given(st.text())
def test_escaped_text_opens_nothing(text: str) -> None:
    """Escaped text has none of the signs that mean something in HTML, and unescapes to itself."""
    import html

    escaped = escape(text)
    assert not set(escaped) & set("<>\"'")
    assert (
        html.unescape(escaped) == text or "\r" in text or "\x00" in text or any("\x7f" <= ch <= "\x9f" for ch in text)
    )
    assert isinstance(join([Html(escaped)]), Html)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//x",
        "/x",
        "ftp://x",
        " https://x",
        "https:/x",
        "java\nscript:x",
        None,
        5,
        "https://a b",
    ],
)
def test_only_http_is_a_url(url: object) -> None:
    """Everything but an http(s) address gives nothing."""
    assert safe_url(url) == ""
    assert safe_url("https://media.example/a.png?x=1") == "https://media.example/a.png?x=1"


# --- carriers ---


@given(st.text(alphabet=string.ascii_letters + string.digits + "-_.", min_size=1, max_size=700), st.integers(1, 200))
def test_chromium_cuts_the_token_out_of_a_failed_address(token: str, host: int) -> None:
    """The address is over 1,024 characters, and the token is neither in its first 511 nor in its last 510."""
    url = carriers.QueryCarrier().dial(f"wss://{'h' * host}/ws/chat/abc/", token).url
    start = url.index("&token=") + len("&token=")
    assert len(url) > 1024
    assert start >= 511
    assert start + len(router.quote(token)) <= len(url) - 510


def test_carriers_show_no_token() -> None:
    """Neither a redacted address nor the repr of a dial has the token in it."""
    for carrier in (carriers.QueryCarrier(), carriers.SubprotocolCarrier(), carriers.FirstMessageCarrier()):
        dial = carrier.dial("ws://x/ws/", "SECRET")
        assert "SECRET" not in carrier.redact(dial.url)
        assert "SECRET" not in repr(dial)
    assert carriers.SubprotocolCarrier().dial("ws://x/", "SECRET").protocols[1] == "SECRET"
    assert "SECRET" in str(carriers.FirstMessageCarrier().dial("ws://x/", "SECRET").first_frame)


@given(st.text(max_size=50), st.text(max_size=50))
def test_redaction_removes_tokens(before: str, after: str) -> None:
    """A JWT is gone from any text around it, and so is the value of a token parameter."""
    token = jwt.encode({"user_id": "1"}, "k" * 64, algorithm="HS512")
    assert token not in carriers.redact(f"{before} {token} {after}")
    assert "abc123" not in carriers.redact("ws://x/?token=abc123&x=1")


# --- claims ---


def test_claims_of_the_backends_tokens() -> None:
    """The birth of a token plus its lifetime, or its exp, tells when it should die."""
    born = {"user_id": "7", "created_at": "2026-11-24 12:00:00 +0000", "type": "access"}
    found = tokens.claims(jwt.encode(born, "k" * 64, algorithm="HS512"))
    assert found is not None
    assert found.user_id == "7"
    assert tokens.expiry(found) == found.born + 7 * 86_400  # type: ignore[operator]
    found = tokens.claims(jwt.encode({**born, "exp": 5}, "k" * 64, algorithm="HS512"))
    assert found is not None
    assert tokens.expiry(found) == 5


@given(st.text())
def test_rubbish_has_no_claims(text: str) -> None:
    """Whatever is in storage, reading claims gives None or claims, and raises nothing."""
    found = tokens.claims(text)
    assert found is None or isinstance(found.user_id, str)
