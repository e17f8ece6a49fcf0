"""A bench's report: JSON to keep, lines to read, and its rows of the table of targets."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.picture import draw
from bench.samples import Figure, Samples

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Target:
    """One row of the table: what is to be reached, and what was. ``note`` says how it was taken, or what was tried.

    ``limit`` and ``reached`` are of the same kind, usually a ratio; smaller is better. ``today`` is what a plain
    PyScript page has, as the issue gives it.
    """

    what: str
    today: str
    limit: float
    reached: Figure
    note: str = ""

    @property
    def met(self) -> bool:
        return self.reached.median <= self.limit


@dataclass(slots=True)
class Report:
    """``units`` maps each metric of the samples to its unit, in the order in which they are shown."""

    name: str
    title: str
    units: Mapping[str, str]
    samples: Samples
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()
    browser: str = ""
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)  # values over the run, by contender

    def lines(self, against: str = "") -> list[str]:
        """The figures for people: medians with their spread, and ratios to ``against``."""
        found = [f"{self.title} ({self.browser})"]
        for metric, unit in self.units.items():
            found.append(f"  {metric} [{unit}]")
            for contender in self.samples.by_metric[metric]:
                ratio = self._ratio(metric, contender, against)
                found.append(f"    {contender:<28}{self.samples.figure(metric, contender)}{ratio}")
        found += [f"  {target.what}: {target.reached} (to reach: {target.limit})" for target in self.targets]
        return [*found, *(f"  {note}" for note in self.notes)]

    def save(self, against: str = "") -> None:
        """Write the JSON and the picture."""
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{self.name}.json").write_text(json.dumps(self._json(), indent=1) + "\n", encoding="utf-8")
        (RESULTS / f"{self.name}.svg").write_text(
            draw(self.title, self.units, self.samples, self.curves), encoding="utf-8"
        )

    def _ratio(self, metric: str, contender: str, against: str) -> str:
        if not against or contender == against or against not in self.samples.by_metric[metric]:
            return ""
        return f"   x {self.samples.ratio(metric, contender, against)}"

    def _json(self) -> dict[str, Any]:
        figures = {
            metric: {contender: asdict(self.samples.figure(metric, contender)) for contender in found}
            for metric, found in self.samples.by_metric.items()
        }
        return {
            "bench": self.name,
            "title": self.title,
            "browser": self.browser,
            "machine": f"{platform.machine()}, {platform.system()}",
            "units": dict(self.units),
            "figures": figures,
            "samples": {
                m: {c: [round(v, 4) for v in values] for c, values in f.items()}
                for m, f in self.samples.by_metric.items()
            },
            "targets": [{**asdict(target), "met": target.met} for target in self.targets],
            "curves": {name: [round(value, 4) for value in values] for name, values in self.curves.items()},
            "notes": list(self.notes),
        }
