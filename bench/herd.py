"""``python -m bench.herd``: a million clients after an outage, ours beside the published policies of other clients.

All are connected and lose the server at one moment. Until it is back every knock, a dial or a question over HTTP, is
refused at once; from then on it takes so many dials a second, and refuses the others at once. Prints, for each length
of the outage, the busiest tenth of a second once the server is back, the peak over the mean, and when who was back.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "frontend"))

from pilito import backoff  # noqa: E402
from pilito.policy import Policy  # noqa: E402

from bench.herd_policies import OTHERS, Herd  # noqa: E402

BIN: Final = 0.1  # seconds
LONGEST: Final = 900.0
POLICY: Final = Policy()
QUICK_FAILURES: Final = 2
"""Dials in a row that never opened, after which a server that is well over HTTP is taken to refuse us."""


class _Drawn:
    """``Random`` for many clients at once: the library's functions take an array where they take a number."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def random(self) -> Any:
        return self._values


class Pilito:
    """The client's own policy, by its own functions; ``leans`` as in ``backoff.Leaning``."""

    def __init__(self, leans: bool) -> None:
        self._leans = leans
        self.name = "**Pilito**" if leans else "Pilito, each jitter drawn anew"
        self.source = "`frontend/pilito/backoff.py`, `policy.py`, `protocol.py`"

    def begin(self, count: int, chance: np.random.Generator) -> None:
        self._lean = chance.random(count)
        self._attempts = np.zeros(count, np.int64)
        self._never_opened = np.zeros(count, np.int64)
        self._dialled_at = np.full(count, -np.inf)
        self._waits = np.zeros(count, bool)  # for its turn, which is no attempt
        self._nominal = np.array([backoff.nominal_delay(n, POLICY) for n in range(POLICY.max_attempts + 2)])

    def first(self, who: Any, chance: np.random.Generator) -> Any:
        return self._back_off(who, chance)

    def dials(self, who: Any, now: float, up: bool) -> Any:
        """After a dial that never opened HTTP is asked first: silent, there is no dial; well, perhaps a long wait."""
        asks = self._never_opened[who] > 0
        refused = (self._never_opened[who] >= QUICK_FAILURES) & (now - self._dialled_at[who] < POLICY.throttled_delay)
        self._waits[who] = asks & up & refused
        goes = ~asks | (up & ~refused)
        self._dialled_at[who[goes]] = now
        return goes

    def again(self, who: Any, dialled: Any, now: float, chance: np.random.Generator) -> Any:
        """Seconds until the next knock of those who are not in, infinite for who has used up the attempts."""
        self._never_opened[who[dialled]] += 1
        waits = self._waits[who]
        delays = np.empty(len(who))
        left = POLICY.throttled_delay - (now - self._dialled_at[who[waits]])
        delays[waits] = backoff.at_least(left, POLICY, _Drawn(self._draw(who[waits], chance)))
        delays[~waits] = self._back_off(who[~waits], chance)
        return delays

    def _back_off(self, who: Any, chance: np.random.Generator) -> Any:
        self._attempts[who] += 1
        attempts = np.minimum(self._attempts[who], POLICY.max_attempts + 1)
        delays = backoff.spread(self._nominal[attempts], POLICY, _Drawn(self._draw(who, chance)))
        return np.where(attempts > POLICY.max_attempts, np.inf, delays)

    def _draw(self, who: Any, chance: np.random.Generator) -> Any:
        draws: Any = chance.random(len(who))
        return backoff.leaning(self._lean[who], draws) if self._leans else draws


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one policy after one outage. Times in seconds since the server was back, infinite for never."""

    knocks: Any  # in each tenth of a second since the loss
    back: Any
    outage: float

    @property
    def peak(self) -> float:
        """Knocks a second in the busiest tenth of one, once the server is back."""
        after = self.knocks[round(self.outage / BIN) :]
        return float(after.max() / BIN) if len(after) else 0.0

    @property
    def mean(self) -> float:
        """Knocks a second from the server's return to the last of them."""
        after = self.knocks[round(self.outage / BIN) :]
        return float(after.sum() / (len(after) * BIN)) if after.sum() else 0.0

    def when(self, share: float) -> float:
        """How long it took until this share of all clients was back."""
        return float(np.sort(self.back)[round(share * len(self.back)) - 1])

    @property
    def lost(self) -> float:
        """The share that had given up, or was not served, when the simulation ended."""
        return float(np.isinf(self.back).mean())


def simulate(policy: Herd, clients: int, outage: float, capacity: float, seed: int = 1) -> Outcome:
    """Let a fleet lose its server for ``outage`` seconds; then ``capacity`` dials a second are taken."""
    chance = np.random.default_rng(seed)
    policy.begin(clients, chance)
    everybody = np.arange(clients)
    calendar: dict[int, list[Any]] = {}
    _enter(calendar, everybody, policy.first(everybody, chance), 0)
    knocks, back = np.zeros(round(LONGEST / BIN), np.int64), np.full(clients, np.inf)
    room = 0.0
    for tick in range(len(knocks)):
        now = tick * BIN
        up = now >= outage
        room = min(room + capacity * BIN, capacity * BIN) if up else 0.0
        parts = calendar.pop(tick, None)
        if parts is None:
            if not calendar:
                break
            continue
        who = chance.permutation(np.concatenate(parts))
        knocks[tick] = len(who)
        dialled = policy.dials(who, now, up)
        served = dialled & (np.cumsum(dialled) <= room)
        back[who[served]] = now - outage
        left = who[~served]
        _enter(calendar, left, policy.again(left, dialled[~served], now, chance), tick)
    return Outcome(knocks[: max(np.flatnonzero(knocks), default=0) + 1], back, outage)


def _enter(calendar: dict[int, list[Any]], who: Any, delays: Any, tick: int) -> None:
    """Note when each knocks again; a delay of nothing is the next tick."""
    coming = np.isfinite(delays)
    who, ticks = who[coming], tick + np.maximum(np.rint(delays[coming] / BIN).astype(np.int64), 1)
    order = np.argsort(ticks, kind="stable")
    who, ticks = who[order], ticks[order]
    starts = np.flatnonzero(np.diff(ticks, prepend=-1))
    for start, part in zip(starts, np.split(who, starts[1:]), strict=True) if len(who) else ():
        calendar.setdefault(int(ticks[start]), []).append(part)


def rows(clients: int, outage: float, capacity: float) -> list[str]:
    """The lines of the table for one outage."""
    found = []
    for policy in (Pilito(leans=True), Pilito(leans=False), *OTHERS):
        outcome = simulate(policy, clients, outage, capacity)
        ratio = outcome.peak / outcome.mean if outcome.mean else 0.0
        times = " | ".join(_seconds(outcome.when(share)) for share in (0.5, 0.9, 1.0))
        found.append(
            f"| {policy.name} | {outcome.peak:,.0f} | {ratio:.1f} | {times} | {outcome.lost:.0%} "
            f"| `{histogram(outcome)}` |"
        )
    return found


def histogram(outcome: Outcome, width: int = 40) -> str:
    """The knocks over the first two minutes from the loss, as one line; each sign is three seconds."""
    per_sign = round(120 / width / BIN)
    padded = np.zeros(width * per_sign)
    padded[: len(outcome.knocks)] = outcome.knocks[: len(padded)]
    sums = padded.reshape(width, per_sign).sum(axis=1)
    return "".join("▁▂▃▄▅▆▇█"[min(int(8 * value / (sums.max() + 1)), 7)] if value else " " for value in sums)


def _seconds(value: float) -> str:
    return "never" if np.isinf(value) else f"{value:.0f}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.herd", description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--capacity", type=float, default=20_000, help="dials a second (20,000)")
    parser.add_argument("--outages", type=float, nargs="+", default=[1.0, 10.0, 25.0, 50.0])
    flags = parser.parse_args(arguments)
    began = time.monotonic()
    for outage in flags.outages:
        print(f"\n{flags.clients:,} clients, {outage:g} s without a server that then takes {flags.capacity:,.0f}/s\n")
        print("| policy | peak/s | peak : mean | half back [s] | 90 % | all | not in 15 min | knocks, 0 to 120 s |")
        print("|---|---:|---:|---:|---:|---:|---:|---|")
        print("\n".join(rows(flags.clients, outage, flags.capacity)), flush=True)
    print(f"\n{time.monotonic() - began:.0f} s. The formulas of the others:\n")
    print("\n".join(f"- {policy.name}: {policy.source}" for policy in OTHERS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
