"""What the benches make of their samples."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from bench import report, table
from bench.boot_targets import cold_bytes
from bench.picture import draw
from bench.report import Report, Target
from bench.samples import Figure, Samples, alternate


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


def test_the_table_names_what_was_missed_and_what_there_is_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every bench with results gives its rows, in the order of the benches, and a row's note stands below the table."""
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    monkeypatch.setattr(table, "RESULTS", tmp_path)
    for name, reached in (("one", 1.0), ("two", 3.0)):
        target = Target(f"what {name} measures", "8", 2.0, Figure(reached, reached, reached), f"taken by {name}")
        Report(name, name, {}, Samples(), [target]).save()
    text = table.markdown(("two", "missing", "one"))
    assert "| what two measures | 8 | 2.0 | 3.00 (3.00-3.00) | no | `python -m bench two` |" in text
    assert "| what one measures | 8 | 2.0 | 1.00 (1.00-1.00) | yes | `python -m bench one` |" in text
    assert text.index("- what two measures: taken by two.") < text.index("- what one measures: taken by one.")


def test_a_first_visit_downloads_the_snapshot_or_the_archives() -> None:
    """Either the snapshot or the archives of modules; neither the stock library nor the rest of the runtime."""
    archives = {"/app.zip": 1, "/runtime/stdlib.zip": 2, "/runtime/pyodide/python_stdlib.zip": 4}
    sizes = {**archives, "/snapshot.bin": 8, "/a": 16, "/runtime/pyodide/pyodide.rest.wasm": 64}
    names = {address: f"/assets{address}" for address in sizes}
    files = {names[address]: {"br": size} for address, size in sizes.items()} | {"/index.html": {"br": 32}}
    assert cold_bytes({"names": names, "files": files}) == (8 + 16 + 32, 1 + 2 + 16 + 32)
