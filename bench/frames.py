"""``python -m bench frames``: what a frame costs on its way from a real socket to a handler that reads its values."""

import contextlib
import time
from typing import Any, Final

from playwright.sync_api import Page

from bench.lab import Lab, Meter
from bench.report import Report, Target
from bench.samples import alternate

TITLE: Final = "Frames: from the socket to a handler's values"
PAGES: Final = {"JavaScript": "js", "ours": "ours", "ours, connector alone": "connector", "PyScript": "pyscript"}
FRAMES: Final = 5000  # as fast as the line takes them
CPU, RATE = "CPU per frame", "frames a second"


def run(lab: Lab) -> Report:
    with contextlib.ExitStack() as stack:
        pages = {name: _open(stack, lab, part) for name, part in PAGES.items()}
        meters = {name: Meter(page) for name, page in pages.items()}
        samples = alternate(tuple(PAGES), lambda name: _measure(pages[name], meters[name]), repeats=lab.repeats)
    return Report(
        "frames",
        TITLE,
        {CPU: "us", RATE: "1/s"},
        samples,
        targets=[
            Target(
                "CPU per frame through a real socket, against JavaScript",
                "2.1",
                1.1,
                samples.ratio(CPU, "ours", "JavaScript"),
            )
        ],
    )


def _open(stack: contextlib.ExitStack, lab: Lab, part: str) -> Page:
    page = stack.enter_context(lab.page(f"/bench/frames-{part}.html"))
    page.wait_for_function("globalThis.benchReady", timeout=60_000)
    return page


def _measure(page: Page, meter: Meter) -> dict[str, float]:
    """CPU of the page's main thread for each frame, and how many came through in a second."""
    before, began = meter.read(), time.monotonic()
    counted = page.evaluate("n => benchRun(n, 0)", FRAMES)
    seconds = time.monotonic() - began
    if counted != FRAMES:
        raise SystemExit(f"only {counted} of {FRAMES} frames came in order")
    spent: Any = meter.read()["TaskDuration"] - before["TaskDuration"]
    return {CPU: spent / FRAMES * 1e6, RATE: FRAMES / seconds}
