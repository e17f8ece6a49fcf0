"""``python -m bench.soak``: thousands of reconnects and page changes in one tab, and whether anything grows.

By default five thousand reconnects and a thousand page changes.

Prints a table of samples and what each count was at the first and last of them; writes the curves as an SVG file.
Exit status 1 when something that is to be flat was not.
"""

import argparse
import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from bench.picture import draw
from bench.samples import Samples
from e2e.soak import Sample, Soak
from e2e.tab import Tab
from mock_server.server import MockServer

PICTURE: Final = Path("docs/images/soak.svg")
FLAT: Final = ("sockets", "timers", "tasks", "proxies", "listeners", "pyproxies", "dom_listeners", "wasm")
NEARLY_FLAT: Final = {"nodes": 1.1, "objects": 1.05, "heap": 1.1}
"""By what factor the last sample may exceed the second: the engine's own caches breathe."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--reconnects", type=int, default=5000)
    parser.add_argument("--pages", type=int, default=1000)
    flags = parser.parse_args()
    began = time.monotonic()
    with MockServer(conversations=60) as server, sync_playwright() as playwright:
        path = os.environ.get("PILITO_BROWSER") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path)
        tab = Tab(browser.new_page(), server)
        tab.give_session().open().ready()
        soak = Soak(tab, server)
        reconnects = list(soak.reconnects(flags.reconnects))
        changes = list(soak.page_changes(flags.pages))
        tab.assert_clean()
        browser.close()
    grew = _report("reconnects", reconnects) + _report("page changes", changes)
    PICTURE.write_text(_picture(reconnects), encoding="utf-8")
    print(f"\nAfter leaving the pages the tab is clean. {time.monotonic() - began:.0f} s. Curves: {PICTURE}.")
    print(f"Not flat: {', '.join(grew)}." if grew else "Everything is flat.")
    return 1 if grew else 0


def _report(what: str, samples: Sequence[Sample]) -> list[str]:
    """Print the samples; return what has grown since the second one, when every cache had been filled."""
    names = [field.name for field in dataclasses.fields(Sample) if field.name != "done"]
    print(f"\n| {what} | {' | '.join(names)} |\n|---:|{'---:|' * len(names)}")
    for sample in samples:
        print(f"| {sample.done:,} | {' | '.join(f'{getattr(sample, name):,}' for name in names)} |")
    first, last = samples[1], samples[-1]
    grew = [name for name in FLAT if getattr(last, name) > getattr(first, name)]
    grew += [name for name, limit in NEARLY_FLAT.items() if getattr(last, name) > limit * getattr(first, name)]
    return [f"{name} over the {what}" for name in grew]


def _picture(samples: Sequence[Sample]) -> str:
    """Each curve as a share of its first sample."""
    curves = {
        name: [getattr(sample, name) / max(getattr(samples[0], name), 1) for sample in samples]
        for name in ("heap", "objects", "pyproxies", "nodes")
    }
    return draw(f"{samples[-1].done:,} reconnects in one tab, against the start", {}, Samples(), curves)


if __name__ == "__main__":
    sys.exit(main())
