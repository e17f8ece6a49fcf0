"""The recordings of the real backend: where they lie, and what a line of them is.

They are kept beside the project and never copied into it. ``PILITO_TRANSCRIPTS`` names their folder; without it,
``shared/transcripts`` is looked for beside the project and in every folder above it.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
Line = dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """A story: what clients did to one server, and what they saw, line by line."""

    name: str
    version: str = ""  # a commit of the backend
    server: str = ""
    debug: bool = False
    about: str = ""
    lines: list[Line] = field(default_factory=list, repr=False)

    @property
    def flavour(self) -> str:
        """Whose close codes: gunicorn runs uvicorn's worker."""
        return "daphne" if self.server == "daphne" else "uvicorn"

    def frames(self) -> Iterator[tuple[Line, dict[str, Any]]]:
        """Every line with an object that the server sent, with that object."""
        for line in self.lines:
            if line["dir"] in ("<-", "b-message") and isinstance(line.get("frame"), dict):
                yield line, line["frame"]


def folder() -> Path | None:
    """Where the recordings are, or ``None``."""
    if "PILITO_TRANSCRIPTS" in os.environ:
        return Path(os.environ["PILITO_TRANSCRIPTS"])
    places = [PROJECT, *PROJECT.parents]
    if "PILITO_SHARED" in os.environ:
        places.insert(0, Path(os.environ["PILITO_SHARED"]).parent)
    return next((path for place in places if (path := place / "shared" / "transcripts").is_dir()), None)


def _rows(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _files() -> list[tuple[str, list[Line]]]:
    place = folder()
    return [(path.stem, _rows(path)) for path in sorted(place.glob("*.jsonl"))] if place else []


def stories() -> list[Recording]:
    """The files that begin with a head: one story each."""
    found = []
    for name, rows in _files():
        head = rows[0] if rows else {}
        if head.get("dir") == "head":
            about, debug = str(head.get("about", "")), bool(head.get("debug"))
            found.append(Recording(name, str(head["version"]), str(head["server"]), debug, about, rows[1:]))
    return found


def handshakes() -> list[Line]:
    """The rows of every matrix of handshakes."""
    return [row for _, rows in _files() for row in rows if "case" in row]


def samples() -> list[Line]:
    """Single frames, each with the version that sent it."""
    return [row for _, rows in _files() for row in rows if "from" in row and "frame" in row]


def unknown_lines() -> list[str]:
    """A sentence about each line that no test would look at: it is of none of the three forms."""
    found = []
    for name, rows in _files():
        story = bool(rows) and rows[0].get("dir") == "head"
        for number, row in enumerate(rows, 1):
            known = {"dir", "who"} <= row.keys() if story else "case" in row or {"from", "frame"} <= row.keys()
            if not known:
                wanted = (
                    "dir and who, as a line of a story" if story else "case (a handshake) or from and frame (a sample)"
                )
                found.append(
                    f"{name}.jsonl, line {number}: has {sorted(row)}; give it {wanted}, begin the file with a line "
                    'whose dir is "head" if it is a story, or teach tests/contract/recordings.py the new form'
                )
    return found


def or_skip(found: list[Any], what: str) -> list[Any]:
    """Parameters for a test; without recordings, one that is skipped and says where they are looked for."""
    if found:
        return found
    reason = f"no {what}: put the recordings into ../shared/transcripts or name their folder in PILITO_TRANSCRIPTS"
    return [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
