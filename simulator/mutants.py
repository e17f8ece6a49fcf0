"""``python -m simulator.mutants``: break the client in known ways, one at a time, and see after how many runs it shows.

The variants are the defects of the reconnect guide's sample and the classes of bugs that clients of this kind have
shipped: those of ``tools/mutants.toml`` that are named in ``mutants.toml`` here, and the ones that are written there.
Each is a replacement in a copy of ``frontend``; seeds run against the copy, from 0 on, until one fails. Exit status 1
when a variant survives.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
FRONTEND: Final = ROOT / "frontend"
MOST_RUNS: Final = 20_000
TRIAL: Final = """
import json, sys
from simulator.batch import run_range
found = run_range(0, int(sys.argv[1]), stop_at_failure=True)
print(json.dumps([found.runs, found.failures[0][1] if found.failures else ""]))
"""


@dataclass(frozen=True, slots=True)
class Variant:
    """One broken client: ``before`` becomes ``after``, once, in ``file`` below ``frontend/``."""

    name: str
    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """After how many runs a variant was caught, and by which invariant; ``failure`` is ``""`` for a survivor."""

    runs: int
    failure: str


def variants() -> list[Variant]:
    """Every variant that the simulator has to catch."""
    here = tomllib.loads((ROOT / "simulator" / "mutants.toml").read_text())
    elsewhere = tomllib.loads((ROOT / "tools" / "mutants.toml").read_text())["mutant"]
    known = {entry["name"]: entry for entry in elsewhere}
    shared = [_variant({**known[name], "file": f"pilito/{known[name]['file']}"}) for name in here["shared"]]
    return shared + [_variant(entry) for entry in here["mutant"]]


def _variant(entry: dict[str, Any]) -> Variant:
    return Variant(entry["name"], entry["file"], entry["before"], entry["after"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulator.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="only the variants whose name contains this")
    parser.add_argument("--seeds", type=int, default=MOST_RUNS, help="runs after which a variant has survived")
    parser.add_argument("--workers", type=int, default=0, help="variants at a time (as many as there are cores)")
    arguments = parser.parse_args()
    chosen = [variant for variant in variants() if arguments.only in variant.name]
    survivors = 0
    print("| broken variant | runs | what showed it |\n|---|---|---|", flush=True)
    for variant, verdict in trials(chosen, arguments.seeds, arguments.workers or os.cpu_count() or 1):
        survivors += not verdict.failure
        print(f"| {variant.name} | {verdict.runs:,} | {verdict.failure or '**nothing**'} |", flush=True)
    print(f"\n{len(chosen)} variants, {survivors} survived.")
    return 1 if survivors else 0


def trials(chosen: list[Variant], seeds: int, workers: int) -> Iterator[tuple[Variant, Verdict]]:
    """Try variants, ``workers`` at a time."""
    with ThreadPoolExecutor(workers) as pool:
        yield from zip(chosen, pool.map(lambda variant: trial(variant, seeds), chosen), strict=True)


def trial(variant: Variant, seeds: int) -> Verdict:
    """Run seeds against a broken copy until one fails. Raises ``ValueError`` for a variant that no longer fits."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "frontend"
        shutil.copytree(FRONTEND, copy, ignore=shutil.ignore_patterns("__pycache__"))
        path = copy / variant.file
        text = path.read_text()
        if variant.before not in text:
            raise ValueError(f"{variant.name}: {path.name} no longer holds what it replaces; write the variant anew")
        path.write_text(text.replace(variant.before, variant.after, 1))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", TRIAL, str(seeds)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise ValueError(f"{variant.name}: the simulator did not run: {lines[-1] if lines else done.returncode}")
    return Verdict(*json.loads(done.stdout))


if __name__ == "__main__":
    sys.exit(main())
