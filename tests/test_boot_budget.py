"""What a start imports and what that costs: budgets that are counted, so that they need no stopwatch."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FRONTEND = ROOT / "frontend"

STDLIB = {
    "asyncio",
    "base64",
    "bisect",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "gc",
    "json",
    "math",
    "random",
    "re",
    "time",
    "typing",
    "zlib",
}
"""What our modules import of the standard library before the page is there. A start without a snapshot pays for all of
it each time; the browser has ``URL``, ``Intl`` and ``crypto`` for nothing."""

CALLS = 1_000
"""Calls of Python functions while a module is imported: what the frozen dataclasses, enums and patterns in it cost."""
DEARER = {"pilito.events": 4_000, "pilito.ports": 1_500}
IN_ALL = 12_000


@pytest.fixture(scope="module")
def boot() -> dict[str, Any]:
    script = ROOT / "tests" / "boot_imports.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def path_of(module: str) -> Path:
    path = FRONTEND.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def top_level_imports(path: Path) -> set[str]:
    """The first names of what a module imports when it is imported itself."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


def test_a_start_imports_every_module_of_ours_and_no_library(boot: dict[str, Any]) -> None:
    """The budgets below see all of the app; PyJWT, whose import takes longer than all of that, is not among it."""
    files = [path.relative_to(FRONTEND).with_suffix("") for path in FRONTEND.rglob("*.py")]
    ours = {".".join(path.parts).removesuffix(".__init__") for path in files} - {"main"}
    assert ours == {name for name in boot["loaded"] if name.split(".")[0] in ("pilito", "pages")}
    assert not [name for name in boot["loaded"] if name.split(".")[0] == "jwt"]


def test_a_start_imports_this_much_of_the_standard_library_and_no_more(boot: dict[str, Any]) -> None:
    """A module that is added to the start is added to the list above, by somebody who has thought about it."""
    found = set[str]()
    for name in boot["loaded"]:
        if name.split(".")[0] in ("pilito", "pages"):
            found |= top_level_imports(path_of(name))
    assert found - {"pilito", "pages", "js", "pyodide", "pyodide_js"} == STDLIB


def test_the_import_of_each_module_stays_within_its_budget(boot: dict[str, Any]) -> None:
    """No module does more while it is imported than its budget of calls allows, nor do all of them together."""
    calls: dict[str, int] = boot["calls"]
    over = {name: count for name, count in calls.items() if count > DEARER.get(name, CALLS)}
    assert over == {}
    assert sum(calls.values()) <= IN_ALL
