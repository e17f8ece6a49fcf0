"""``python -m bench frames``: what a frame costs on its way from a real socket to a handler that reads its values."""

import contextlib
import time
from typing import Final

from playwright.sync_api import Page

from bench.lab import Lab, Meter
from bench.report import Report, Target
from bench.samples import alternate

TITLE: Final = "Frames: from the socket to a handler's values"
PAGES: Final = {"JavaScript": "js", "ours": "ours", "ours, connector alone": "connector", "PyScript": "pyscript"}
FRAMES: Final = 5000  # as fast as the line takes them
STEADY: Final = 1500  # at 1,000 a second
CPU, RATE = "CPU per frame", "frames a second"
STEADY_CPU, LONGEST = "CPU per frame at 1,000 a second", "longest task at 1,000 a second"


def run(lab: Lab) -> Report:
    with contextlib.ExitStack() as stack:
        pages = {name: _open(stack, lab, part) for name, part in PAGES.items()}
        meters = {name: Meter(page) for name, page in pages.items()}
        samples = alternate(tuple(PAGES), lambda name: _measure(pages[name], meters[name]), repeats=lab.repeats)
    return Report(
        "frames",
        TITLE,
        {CPU: "us", RATE: "1/s", STEADY_CPU: "us", LONGEST: "ms"},
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
    began = time.monotonic()
    flood = _spent(page, meter, FRAMES, 0)
    seconds = time.monotonic() - began
    page.evaluate(WATCH_TASKS)
    steady = _spent(page, meter, STEADY, 1000)
    return {
        CPU: flood / FRAMES * 1e6,
        RATE: FRAMES / seconds,
        STEADY_CPU: steady / STEADY * 1e6,
        LONGEST: page.evaluate("benchLongest()"),
    }


def _spent(page: Page, meter: Meter, frames: int, per_second: int) -> float:
    before = meter.read()["TaskDuration"]
    counted = page.evaluate("order => benchRun(...order)", [frames, per_second])
    if counted != frames:
        raise SystemExit(f"only {counted} of {frames} frames came in order")
    return meter.read()["TaskDuration"] - before


# The browser reports tasks from 50 ms on; shorter ones count as none.
WATCH_TASKS: Final = """() => {
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) longest = Math.max(longest, entry.duration);
  });
  observer.observe({ type: "longtask" });
  globalThis.benchLongest = () => { observer.disconnect(); return longest; };
}"""
