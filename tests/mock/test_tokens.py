"""The mock's tokens, on a clock of the test's own."""

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count

import pytest

from mock_server import tokens
from mock_server.seed import USERS
from mock_server.tokens import TokenIssuer

SARA = USERS[0]
ROTATIONS = 20


def hurry(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Each look at the clock finds it this much later."""
    looks = count()
    began = datetime(2026, 1, 1, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp((began + timedelta(seconds=next(looks) * seconds)).timestamp(), tz)

    monkeypatch.setattr(tokens, "datetime", Clock)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4, 0.7, 1.0])
def test_every_rotation_gives_tokens_that_were_never_there(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """However fast rotations follow each other, and wherever the clock ticks meanwhile, no token comes twice."""
    hurry(monkeypatch, seconds)
    issuer = TokenIssuer()
    access, refresh = issuer.issue(SARA)
    seen = {access, refresh}
    for _ in range(ROTATIONS):
        access, refresh = issuer.rotate(refresh, SARA)
        assert not seen & {access, refresh}
        seen |= {access, refresh}
        assert issuer.user_id(access) == SARA.id
