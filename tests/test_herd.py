"""The herd's arithmetic is the machine's."""

import numpy as np
from pilito.events import Reason

from bench.herd import BIN, Pilito, simulate
from tests.pilito.machine import Machine


def test_a_fleet_without_a_server_knocks_when_the_machine_does() -> None:
    """Through a long outage each client knocks five times, when the real machine does, within the jitter."""
    machine = Machine().ready()
    machine.closed(1012)
    began, knocks = machine.now, []
    for _ in range(5):
        machine.advance(40 if not machine.timers else min(when for when, _ in machine.timers.values()) - machine.now)
        knocks.append(machine.now - began)
        if len(knocks) == 1:
            machine.token()
            machine.closed(1006)
        else:
            machine.unavailable(Reason.OFFLINE)
    assert knocks == [2, 6, 14, 30, 60]
    outcome = simulate(Pilito(leans=True), 500, outage=500, capacity=1)
    assert outcome.knocks.sum() == 5 * 500
    for nominal in knocks:
        start, end = round(0.8 * nominal / BIN) - 3, round(1.2 * nominal / BIN) + 3
        assert outcome.knocks[max(start, 0) : end + 1].sum() >= 500
    assert np.isinf(outcome.back).all()


def test_leaning_lowers_the_peak() -> None:
    """After outages of 10 to 50 s a fleet that leans knocks less at its busiest, and more of it is back."""
    for outage in (10.0, 25.0, 50.0):
        leaning = simulate(Pilito(leans=True), 20_000, outage, capacity=400)
        anew = simulate(Pilito(leans=False), 20_000, outage, capacity=400)
        assert leaning.peak < 0.85 * anew.peak
        assert leaning.lost < anew.lost
