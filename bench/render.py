"""``python -m bench render``: what it costs to show a list, and to change one row of it."""

import contextlib
from typing import Final

from playwright.sync_api import Page

from bench.lab import Lab
from bench.report import Report, Target
from bench.samples import Samples, alternate

TITLE: Final = "Rows: from values to the document"
JAVASCRIPT, OURS, WHOLE, PYSCRIPT = "JavaScript", "ours", "ours, no window", "pyscript.web"
PAGES: Final = {
    JAVASCRIPT: "render-js.html",
    OURS: "render-ours.html",
    WHOLE: "render-ours.html?whole",
    PYSCRIPT: "render-pyscript.html",
}
SIZES: Final = {1000: 5, 10_000: 1}  # rows, and of how many lists of so many the best counts
CHANGES: Final = 100
SCRIPT, LAID_OUT = "{:,} rows in the document", "{:,} rows laid out"
CHANGE, CHANGE_LAID_OUT = "one row changed", "one row changed and laid out"
AMONG: Final = "one row of 1,000 handed over changed"


def run(lab: Lab) -> Report:
    with contextlib.ExitStack() as stack:
        pages = {name: _open(stack, lab, path) for name, path in PAGES.items()}
        samples = alternate(tuple(PAGES), lambda name: _measure(name, pages[name]), repeats=lab.repeats)
    units = {form.format(rows): "ms" for rows in SIZES for form in (SCRIPT, LAID_OUT)}
    units |= {CHANGE: "us", CHANGE_LAID_OUT: "us", AMONG: "us"}
    return Report("render", TITLE, units, samples, targets=_targets(samples))


def _targets(samples: Samples) -> list[Target]:
    rows, laid_out = SCRIPT.format(1000), LAID_OUT.format(1000)
    in_window = samples.ratio(laid_out, OURS, JAVASCRIPT)
    script = samples.ratio(CHANGE, OURS, JAVASCRIPT)
    ours, theirs = samples.figure(CHANGE, OURS), samples.figure(CHANGE, JAVASCRIPT)
    return [
        Target(
            "1,000 rows from Python, all of them in the document, against JavaScript's fastest way",
            "80",
            1.2,
            samples.ratio(rows, WHOLE, JAVASCRIPT),
            f"until they are laid out {samples.ratio(laid_out, WHOLE, JAVASCRIPT)}; with the window on the list, as the"
            f" pages have it, {in_window}",
        ),
        Target(
            "one row changed and laid out, against JavaScript",
            "13",
            1.5,
            samples.ratio(CHANGE_LAID_OUT, OURS, JAVASCRIPT),
            f"the script alone is {script} times JavaScript's: {ours} us against {theirs} us to write one text",
        ),
    ]


def _open(stack: contextlib.ExitStack, lab: Lab, path: str) -> Page:
    page = stack.enter_context(lab.page(f"/bench/{path}"))
    page.wait_for_function("globalThis.benchReady", timeout=60_000)
    return page


def _measure(name: str, page: Page) -> dict[str, float]:
    found: dict[str, float] = {}
    for rows, times in SIZES.items():
        script, laid_out = page.evaluate("order => benchRows(...order)", [rows, times])
        found |= {SCRIPT.format(rows): script, LAID_OUT.format(rows): laid_out}
    if name == WHOLE:
        return found
    script, laid_out = page.evaluate("order => benchOne(...order)", [1000, CHANGES, "row"])
    found |= {CHANGE: script, CHANGE_LAID_OUT: laid_out}
    if name == OURS:
        found[AMONG] = page.evaluate("order => benchOne(...order)", [1000, CHANGES, "rows"])[0]
    return found
