"""How long to wait before an attempt."""

from pilito.policy import Policy
from pilito.ports import Random


def nominal_delay(attempt: int, policy: Policy) -> float:
    """Return the seconds before attempt ``attempt`` (1 is the first one after a failure): 2, 4, 8, 16, 30, 30, ..."""
    doublings = min(max(attempt, 1) - 1, 60)  # beyond 60 doublings every cap is long reached and floats would overflow
    return min(policy.first_delay * 2.0**doublings, policy.longest_delay)


def delay(attempt: int, policy: Policy, random: Random) -> float:
    """Return the nominal delay with jitter. The jitter comes after the cap: clients at the cap do not dial in step."""
    return spread(nominal_delay(attempt, policy), policy, random)


def spread(seconds: float, policy: Policy, random: Random) -> float:
    """Return ``seconds`` moved up or down by at most ``policy.jitter``."""
    return seconds * (1 + policy.jitter * (2 * random.random() - 1))


def at_least(seconds: float, policy: Policy, random: Random) -> float:
    """Return ``seconds`` moved up only, by at most ``policy.jitter``: for waits that somebody else asked for."""
    return seconds * (1 + policy.jitter * random.random())
