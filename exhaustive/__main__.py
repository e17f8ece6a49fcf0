"""``python -m exhaustive``: search, and print what was seen. Exit status 1 when a row was never reached."""

import argparse
import sys
import time

from pilito.transitions import IGNORED, TRANSITIONS

from exhaustive import __doc__ as about
from exhaustive.search import BOUNDS, Report, search


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m exhaustive", description=about)
    parser.add_argument("--bounds", choices=BOUNDS, action="append", help="only these bounds; else all of them")
    total = Report()
    print("| bounds | states | edges | longest way | seconds |\n|---|---|---|---|---|")
    for name in parser.parse_args().bounds or BOUNDS:
        begun = time.perf_counter()
        report = search(BOUNDS[name])
        total.add(report)
        seconds = time.perf_counter() - begun
        print(f"| {name} | {report.states:,} | {report.edges:,} | {report.depth} | {seconds:.0f} |", flush=True)
    targets = sum(len(rule.to) for rule in TRANSITIONS.values())
    print(f"\n{len(TRANSITIONS)} rows, {len(total.reached)} of {targets} targets reached; ", end="")
    print(f"{len(total.ignored)} of {len(IGNORED)} no-ops met; 0 pairs undecided.")
    for line in total.missed():
        print(f"never reached: {line}")
    return 1 if total.missed() else 0


if __name__ == "__main__":
    sys.exit(main())
