"""The table of targets, from the results that are there."""

import json
from pathlib import Path
from typing import Any

from bench.report import RESULTS
from bench.samples import Figure

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- table of targets -->\n", "<!-- end of the table of targets -->"


def rows(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The targets of every bench that has results, each with the bench's name."""
    found: list[dict[str, Any]] = []
    for name in names:
        path = RESULTS / f"{name}.json"
        if path.is_file():
            found += [{**target, "bench": name} for target in json.loads(path.read_text(encoding="utf-8"))["targets"]]
    return found


def markdown(names: tuple[str, ...]) -> str:
    """The table as Markdown, and below it what there is to say about a row."""
    found = rows(names)
    head = "| what | plain PyScript | to reach | reached (lowest-highest) | | command |\n|---|---|---|---|---|---|\n"
    lines = [
        f"| {row['what']} | {row['today']} | {row['limit']} | {Figure(**row['reached'])} |"
        f" {'yes' if row['met'] else 'no'} | `python -m bench {row['bench']}` |\n"
        for row in found
    ]
    notes = [f"- {row['what']}: {row['note']}.\n" for row in found if row["note"]]
    return "".join([head, *lines, "\n", *notes])


def write(names: tuple[str, ...]) -> str:
    """Write the table into the document, between its markers, and return it."""
    table = markdown(names)
    if DOCUMENT.is_file():
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        DOCUMENT.write_text(f"{before}{BEGIN}{table}{END}{after}", encoding="utf-8")
    return table
