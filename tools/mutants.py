"""``python -m tools.mutants``: break the client in known ways, one at a time, and see that a test fails each time.

The variants are the defects of the reconnect guide's sample and the classes of bugs that clients of this kind have
shipped. Each one is a replacement in a copy of the sources; the CPython suite, or with ``--browser`` one Playwright
test, runs against the copy. With ``--mock`` the rules of the mock are broken, and the contract tests alone run, which
need the recordings. The report names the test that caught it. Exit status 1 when one survives.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
COPIED: Final = (
    "frontend",
    "mock_server",
    "tests",
    "e2e",
    "simulator",
    "tools",
    "docs",
    "index.html",
    "pyproject.toml",
    "conftest.py",
)
LINKED: Final = ("node_modules", "build")
UNIT: Final = ("tests/pilito", "tests/pages")
CORE: Final = "frontend/pilito/"
MOCK: Final = "mock_server/"
MOCK_TESTS: Final = ("tests/contract",)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken variant: ``before`` becomes ``after``, once, in ``file`` below ``core``; ``suite`` has to notice.

    Where there is a ``test``, that is the Playwright test to ask. ``by`` is a part of the name of the test that should
    notice: it is asked first, and the whole suite where it does not.
    Which of them the simulator catches too, without any test, is listed in ``simulator/mutants.toml``.
    """

    name: str
    file: str
    before: str
    after: str
    test: str = ""
    by: str = ""
    core: str = CORE
    suite: tuple[str, ...] = UNIT


def mutants(*, browser: bool) -> list[Mutant]:
    """The variants of ``mutants.toml`` that a browser has to catch, or those that the CPython suite has to."""
    found = tomllib.loads((ROOT / "tools" / "mutants.toml").read_text())["mutant"]
    return [Mutant(**entry) for entry in found if ("test" in entry) == browser]


def mock_mutants() -> list[Mutant]:
    """The broken rules of ``mutants-mock.toml``, which the contract tests have to catch."""
    found = tomllib.loads((ROOT / "tools" / "mutants-mock.toml").read_text())["mutant"]
    return [Mutant(**entry, core=MOCK, suite=MOCK_TESTS) for entry in found]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--browser", action="store_true", help="the variants that a Playwright test has to catch")
    parser.add_argument("--mock", action="store_true", help="broken rules of the mock, for the contract tests")
    parser.add_argument("--only", default="", help="only the variants whose name contains this")
    arguments = parser.parse_args()
    known = mock_mutants() if arguments.mock else mutants(browser=arguments.browser)
    chosen = [mutant for mutant in known if arguments.only in mutant.name]
    survivors = 0
    print("| broken variant | caught by |\n|---|---|", flush=True)
    for mutant in chosen:
        caught = _caught_by(mutant)
        survivors += not caught
        print(f"| {mutant.name} | {caught or '**nothing**'} |", flush=True)
    print(f"\n{len(chosen)} variants, {survivors} survived.")
    return 1 if survivors else 0


def _caught_by(mutant: Mutant) -> str:
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "main"
        _copy_to(copy)
        _break(copy / mutant.core / mutant.file, mutant)
        asked: list[tuple[str, ...]] = [("e2e", "-k", mutant.test)] if mutant.test else [mutant.suite]
        if mutant.by:
            asked.insert(0, (*mutant.suite, "-k", mutant.by))
        return next((found for chosen in asked if (found := _noticed_by(mutant, chosen, copy))), "")


def _noticed_by(mutant: Mutant, chosen: tuple[str, ...], copy: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *chosen]
    done = subprocess.run(command, cwd=copy, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    found = re.search(r"^(?:FAILED|ERROR) \S*::(\w+)", done.stdout, re.MULTILINE)
    if done.returncode != 1 or not found:
        raise SystemExit(f"{mutant.name}: the tests did not run:\n{done.stdout[-2000:]}{done.stderr[-500:]}")
    return f"`{found.group(1)}`"


def _copy_to(copy: Path) -> None:
    copy.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy / name)
    for name in LINKED:
        (copy / name).symlink_to(ROOT / name)
    (copy.parent / "shared").symlink_to(ROOT.parent / "shared")


def _break(path: Path, mutant: Mutant) -> None:
    text = path.read_text()
    if mutant.before not in text:
        raise SystemExit(f"{mutant.name}: {path.name} no longer holds what it replaces; write the variant anew")
    path.write_text(text.replace(mutant.before, mutant.after, 1))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    sys.exit(main())
