"""How long to wait before an attempt."""

from pilito.policy import Policy
from pilito.ports import Random

OF_THE_MOMENT = 0.15
"""The share of a client's jitter that differs from draw to draw; the rest is its own for good."""


class Leaning:
    """A source of jitter that leans: each client is early, or late, most of the time.

    When every delay has jitter of its own, a fleet that was cut off at one moment draws together again: late draws make
    up for early ones, and the dials after 2 + 4 + 8 + 16 s come in a narrow hump. Clients that lean spread evenly, over
    the whole of what the jitter allows (``python -m bench.herd``). Each single draw is as even as before.
    """

    def __init__(self, source: Random) -> None:
        self._source = source
        self._lean = source.random()

    def random(self) -> float:
        return leaning(self._lean, self._source.random())


def leaning(lean: float, draw: float) -> float:
    """Return a number from 0 up to 1 near ``lean``, moved by ``draw``; as even as ``lean`` is over many clients."""
    return (lean + OF_THE_MOMENT * draw) % 1.0


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
