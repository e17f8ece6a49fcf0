"""``python -m bench [NAME] [--repeats N]``: see the package."""

import argparse
import importlib.util
import sys
from collections.abc import Sequence

from bench import table
from bench.lab import lab

BENCHES = ("boot", "frames", "render", "memory")
AGAINST = "JavaScript"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure contenders side by side.")
    parser.add_argument("name", nargs="?", choices=(*BENCHES, "table"), help="one bench, or the table (all)")
    parser.add_argument("--repeats", type=int, default=5, help="how often each contender is measured (5)")
    flags = parser.parse_args(arguments)
    if flags.name != "table":
        for name in [flags.name] if flags.name else BENCHES:
            if importlib.util.find_spec(f"bench.{name}") is None:
                print(f"{name}: there is no bench/{name}.py yet", file=sys.stderr)
                continue
            _run(name, flags.repeats)
    if flags.name in (None, "table"):
        print(table.write(BENCHES))
    return 0


def _run(name: str, repeats: int) -> None:
    bench = importlib.import_module(f"bench.{name}")
    with lab(repeats=repeats, routes=getattr(bench, "routes", None)) as place:
        report = bench.run(place)
        report.browser = place.version
    report.save()
    print("\n".join(report.lines(AGAINST)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
