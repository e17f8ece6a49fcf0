"""Delays within the jitter, and settings that are refused by name."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pilito import backoff
from pilito.exceptions import ConfigurationError
from pilito.policy import Policy


@given(st.integers(-5, 10_000), st.integers(0, 2**32))
def test_every_delay_is_within_the_jitter(attempt: int, seed: int) -> None:
    """A delay is the nominal one, at most a fifth more or less, and never beyond the cap's jitter."""
    policy = Policy()
    nominal = backoff.nominal_delay(attempt, policy)
    assert 2 <= nominal <= 30
    assert 0.8 * nominal <= backoff.delay(attempt, policy, random.Random(seed)) <= 1.2 * nominal


def test_a_client_leans_and_a_fleet_does_not() -> None:
    """One client's draws stay together without being equal; over many clients every draw is even from 0 to 1."""
    clients = [backoff.Leaning(random.Random(seed)) for seed in range(4000)]
    first = [client.random() for client in clients]
    second = [client.random() for client in clients]
    assert all(0 <= draw < 1 for draw in first + second)
    near = sum(abs(a - b) <= backoff.OF_THE_MOMENT for a, b in zip(first, second, strict=True))
    assert near > 0.9 * len(clients)
    assert all(a != b for a, b in zip(first, second, strict=True))
    for draws in (first, second):
        tenths = [sum(int(draw * 10) == tenth for draw in draws) for tenth in range(10)]
        assert min(tenths) > 320
        assert max(tenths) < 480


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
