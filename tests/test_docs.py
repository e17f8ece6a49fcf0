"""What README, CONTRIBUTING and ``docs/`` name is there: files, tests, commands, headings."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE = {
    "e2e/test_deploy.py",  # the reader writes it
    "service-worker-removal.js",  # the build writes it
    "assets/js/phoenix/socket.js",  # another project's
}
OURS = ("bench", "docs", "e2e", "exhaustive", "frontend", "mock_server", "simulator", "tests", "tools")
FILES = [
    path
    for files in (ROOT.glob("*.*"), *((ROOT / folder).rglob("*.*") for folder in OURS))
    for path in files
    if "node_modules" not in path.parts  # `bench/` has its own
]

SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"[\w./-]+\.(?:py|js|mjs|md|json|toml|html|css)")
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
TARGET = re.compile(r"^([a-z0-9]+):", re.MULTILINE)
COMMAND = re.compile(r"(?:`|^\s*)(?:[A-Z_]+=\S+ )*make ([a-z0-9]+)", re.MULTILINE)
MODULE = re.compile(r"python -m ([a-z_][\w.]*)")

page = pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def spans(document: Path) -> Iterator[str]:
    """What stands between backticks in running text."""
    yield from SPAN.findall(FENCE.sub("", document.read_text(encoding="utf-8")))


def found(name: str) -> list[Path]:
    """The files that a page can mean by a path, by the end of one, or by a name alone."""
    return [path for path in FILES if f"/{path.relative_to(ROOT).as_posix()}".endswith(f"/{name}")]


def anchors(document: Path) -> set[str]:
    """What a link can lead to in a page: its headings, in small letters, with hyphens."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@page
def test_every_file_is_there(document: Path) -> None:
    """Every file that a page names exists, or is known to be somebody else's."""
    named = {name for span in spans(document) if FILE.fullmatch(name := span.partition("::")[0])}
    assert sorted(name for name in named - ELSEWHERE if not found(name)) == []


@page
def test_every_test_is_in_its_file(document: Path) -> None:
    """Every ``file::test`` is a function of that file, ``::test`` of the file named before it, ``test`` of any."""
    missing, before = [], ""
    for span in spans(document):
        file, colons, test = span.partition("[")[0].rpartition("::")
        before = file or before
        if test.startswith("test_") and not FILE.fullmatch(test):
            places = found(before) if colons else [path for path in FILES if path.match("test_*.py")]
            if not any(f"def {test}(" in path.read_text(encoding="utf-8") for path in places):
                missing.append(span)
    assert missing == []


@page
def test_every_command_can_be_given(document: Path) -> None:
    """Every ``make`` target and every ``python -m`` module that a page names exists."""
    text = document.read_text(encoding="utf-8")
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    assert set(COMMAND.findall(text)) - targets == set()
    assert [name for name in sorted(set(MODULE.findall(text))) if not importlib.util.find_spec(name)] == []


@page
def test_every_link_leads_somewhere(document: Path) -> None:
    """Every relative link leads to a file, and to a heading where it names one."""
    broken = []
    for name, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / name if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{name}#{anchor}")
    assert broken == []
