"""What was measured: samples of several contenders taken in turn, and what they say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

Measure = Callable[[str], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A median with the lowest and the highest sample."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.low)}-{_short(self.high)})"


@dataclass(slots=True)
class Samples:
    """By metric and contender, one value for each round. A contender may lack a metric."""

    by_metric: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, contender: str, values: Mapping[str, float]) -> None:
        """Add what one round measured."""
        for metric, value in values.items():
            self.by_metric.setdefault(metric, {}).setdefault(contender, []).append(value)

    def figure(self, metric: str, contender: str) -> Figure:
        """Raises ``KeyError`` where nothing was measured."""
        return _figure(self.by_metric[metric][contender])

    def ratio(self, metric: str, contender: str, against: str) -> Figure:
        """The ratio of each round, so that a machine that slows down slows both. Raises ``KeyError``."""
        pairs = zip(self.by_metric[metric][contender], self.by_metric[metric][against], strict=True)
        return _figure([mine / theirs if theirs else float("inf") for mine, theirs in pairs])


def alternate(contenders: Sequence[str], measure: Measure, *, repeats: int, warm_up: int = 1) -> Samples:
    """Call ``measure(contender)`` for each contender in turn, ``repeats`` times over, after ``warm_up`` rounds that do
    not count. Every other round runs backwards, so that nobody always follows the same neighbour."""
    samples = Samples()
    for number in range(-warm_up, repeats):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            values = measure(contender)
            if number >= 0:
                samples.add(contender, values)
    return samples


def _figure(values: Sequence[float]) -> Figure:
    return Figure(median(values), min(values), max(values))


def _short(value: float) -> str:
    if value and abs(value) < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"
