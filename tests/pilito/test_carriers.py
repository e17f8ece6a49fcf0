"""A token on its way: cut out, redacted, not in any repr."""

import string

import jwt
from hypothesis import given
from hypothesis import strategies as st
from pilito import carriers, router


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
