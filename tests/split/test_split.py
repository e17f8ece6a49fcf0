"""The runtime in two parts, under Node: a small module put together by hand, and Pyodide itself."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools.bundle.application import PYODIDE
from tools.runtime import npm_command
from tools.steps import ROOT

HERE = Path(__file__).parent


def node(script: Path, *arguments: str) -> str:
    """What a script has printed; fails with what it said of its failure."""
    _, environment = npm_command()
    done = subprocess.run(
        ["node", str(script), *arguments], cwd=ROOT, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """The answers of the small module, see small.mjs."""
    found: dict[str, Any] = json.loads(node(HERE / "small.mjs"))
    return found


def test_the_rest_is_fetched_when_one_of_its_functions_is_called(small: dict[str, Any]) -> None:
    """Not before, and once for all of them; its data comes with it."""
    assert small["hot"] == 8
    assert small["before"] == [0, 0]
    assert small["cold"] == 50
    assert small["after"] == [1, 42]
    assert small["fetched"] == 1


def test_the_page_says_what_called_the_rest(small: dict[str, Any]) -> None:
    """Once, innermost first: what sees that the rest is missing, the function that is in it, and who called that."""
    assert small["callers"] == [[None, 2, 4]]


def test_both_parts_share_functions_tables_and_variables(small: dict[str, Any]) -> None:
    """A function of the rest is reached by name and through the table, and calls and counts in the first part."""
    assert small["again"] == [20, 80, 8, 42, 15]
    assert small["said"] == [50, 20, 80]


def test_an_export_that_nobody_asks_for_is_left_out(small: dict[str, Any]) -> None:
    assert small["names"] == ["unasked"]
    assert small["missing"] is False


def test_a_snapshot_fits_whatever_the_clock_says() -> None:
    """Laid over an instance of the same engine it is the warm memory, whatever a clock has left there; over any other
    it is refused."""
    assert json.loads(node(HERE / "snapshot.mjs")) == {
        "another time": "warm",
        "a time that goes on in the next block": "warm",
        "another address": "misfit",
        "another table": "misfit",
    }


def test_python_has_all_it_had(tmp_path: Path) -> None:
    """Pyodide in two parts does what the application never does: codecs of East Asia, names of letters, compression. A
    garbage collection, over whatever objects, calls nothing of the rest."""
    for name in ("pyodide-lock.json", "python_stdlib.zip"):
        (tmp_path / name).symlink_to(PYODIDE / name)
    (tmp_path / "collected.json").write_text(node(HERE / "modest.mjs", str(PYODIDE)))
    tools = ROOT / "tools" / "bundle"
    given = (tmp_path / "collected.json", PYODIDE / "pyodide.mjs", tools / "taking" / "snapshot.mjs")
    node(tools / "split" / "main.mjs", str(PYODIDE), str(tmp_path), *map(str, given))
    whole, first = ((folder / "pyodide.asm.wasm").stat().st_size for folder in (PYODIDE, tmp_path))
    assert first < whole / 2
    assert json.loads(node(HERE / "whole.mjs", str(tmp_path))) == {"collected": 0, "fetched": 1}


def test_another_pyodide_stops_the_build(tmp_path: Path) -> None:
    """What was seen of one version says nothing about another; the message says how to look again."""
    (tmp_path / "pyodide.asm.wasm").write_bytes(b"\0asm")
    with pytest.raises(AssertionError, match=r"tools\.bundle\.split\.profile"):
        node(ROOT / "tools" / "bundle" / "split" / "main.mjs", str(tmp_path), str(tmp_path))
