"""``python -m bench [NAME] [--repeats N]``: see the package."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from playwright.sync_api import Error

from bench import table
from bench.lab import lab

BENCHES = ("boot", "frames", "render", "memory")
AGAINST = "JavaScript"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure contenders side by side.")
    parser.add_argument("name", nargs="?", choices=(*BENCHES, "table"), help="one bench, or the table (all)")
    parser.add_argument("--repeats", type=int, default=5, help="how often each contender is measured (5)")
    flags = parser.parse_args(arguments)
    names = {"table": (), None: BENCHES}.get(flags.name, (flags.name,))
    failed = [name for name in names if not _run(name, flags.repeats)]
    if flags.name in (None, "table"):
        print(table.write(BENCHES))
    if failed:
        print(f"not measured, see above: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(name: str, repeats: int) -> bool:
    """Run one bench; ``False``, with the reason said, where it could not be run: the others may still be."""
    bench = importlib.import_module(f"bench.{name}")
    try:
        with lab(repeats=repeats, routes=getattr(bench, "routes", None)) as place:
            report = bench.run(place)
            report.browser = place.version
    except (SystemExit, Error) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    report.save()
    print("\n".join(report.lines(AGAINST)), flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
