"""Paths to pages and back, and where a login may lead."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pilito import router
from pilito.exceptions import RouteError

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
    *(
        "/sara:pw@evil.example",
        "/sara@evil.example",
        "/%40evil.example",
        "/%EF%BC%A0evil.example",
        "//sara@evil.example",
    ),
    *(
        "/java\tscript:alert(1)",
        "/%6a%61vascript:alert(1)",
        "\tjavascript:alert(1)",
        "vbscript:x",
        "blob:x",
        "file:///x",
    ),
    *("/\uff0fevil.example", "/\u2215evil", "/\uff3cevil", "/\u29f5evil", "/%EF%BC%8Fevil"),
    *("/\uff0e\uff0e/x", "/\u2025/x", "/%E2%80%A5/x", "/evil\u3002example", "/.%2e/x", "/%2e./x"),
    *("/x\u200by", "/x\u202ey", "/%E2%80%AEx", "/\u3000x", "/\xadx", "/x\ud800", "/%c0%afevil", "/%ff"),
    *("/%25252f%25252fevil", "/%2525252525252fevil", "/%25252e%25252e/x", "/%" + "25" * 100 + "2fx"),
]


@pytest.mark.parametrize("value", GOOD)
def test_a_path_of_ours_is_a_next(value: str) -> None:
    """A path on this site is returned as it is."""
    assert router.safe_next(value) == value


@pytest.mark.parametrize("value", [*TRICKS, None, 5, ["/x"]])
def test_a_trick_is_no_next(value: object) -> None:
    """Another origin in any disguise, a climbing or relative path, the login page and very long ones are refused."""
    assert router.safe_next(value) is None


@pytest.mark.parametrize("trick", [trick for trick in TRICKS if trick.startswith("/")])
def test_a_trick_is_no_next_however_it_is_encoded(trick: str) -> None:
    """Percent-encoded whole, and that up to six times more, a trick stays one."""
    spelt = "/" + "".join(f"%{byte:02x}" for byte in trick[1:].encode("utf-8", "surrogatepass"))
    for _ in range(7):
        assert router.safe_next(spelt) is None
        spelt = spelt.replace("%", "%25")


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
