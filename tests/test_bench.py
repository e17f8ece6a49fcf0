"""What the benches make of their samples."""

import xml.etree.ElementTree as ElementTree

from bench.picture import draw
from bench.report import Report, Target
from bench.samples import Samples, alternate


def test_contenders_are_measured_in_turn() -> None:
    """Each round asks every contender once, every other round backwards, and the first rounds do not count."""
    asked: list[str] = []

    def measure(name: str) -> dict[str, float]:
        asked.append(name)
        return {"time": float(len(asked))}

    samples = alternate(("a", "b"), measure, repeats=2)
    assert "".join(asked) == "baabba"
    assert samples.by_metric["time"] == {"a": [3.0, 6.0], "b": [4.0, 5.0]}


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that becomes slower changes no ratio."""
    samples = Samples({"time": {"a": [2.0, 20.0, 200.0], "b": [1.0, 10.0, 100.0]}})
    ratio = samples.ratio("time", "a", "b")
    assert (ratio.median, ratio.low, ratio.high) == (2.0, 2.0, 2.0)


def test_the_report_says_what_was_reached() -> None:
    """Lines name every figure and target, and a target is met by its median."""
    samples = Samples({"time": {"ours": [1.0, 3.0, 2.0], "JavaScript": [1.0, 1.0, 1.0]}})
    target = Target("one row", "13", 1.5, samples.ratio("time", "ours", "JavaScript"))
    assert not target.met
    text = "\n".join(Report("x", "X", {"time": "ms"}, samples, [target]).lines("JavaScript"))
    assert "ours" in text
    assert "one row: 2.00 (1.00-3.00) (to reach: 1.5)" in text


def test_the_picture_is_well_formed() -> None:
    """Names with markup in them do not break the SVG, and every contender has its bar."""
    samples = Samples({"time": {"<a>": [1.0], "b & c": [2.0]}})
    root = ElementTree.fromstring(draw("<title>", {"time": "ms"}, samples, {"heap": [1.0, 1.0]}))
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 2
