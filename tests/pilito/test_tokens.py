"""Claims of the backend's tokens, and of rubbish."""

import jwt
from hypothesis import given
from hypothesis import strategies as st
from pilito import tokens


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
