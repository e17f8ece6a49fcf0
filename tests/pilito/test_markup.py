"""Text as text, and addresses that may be links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pilito.markup import Html, escape, join, safe_url


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
