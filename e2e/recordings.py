"""The frames that were recorded from the real backend: kept beside the project, read here and never copied into it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("PILITO_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "transcripts"


def frames(name: str) -> list[dict[str, Any]]:
    """The JSON frames that the server sent in a recording, in order. Skips, by name, where the recordings are not."""
    path = FOLDER / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"no recording {path}: put the recordings beside the project or name their folder in PILITO_SHARED")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        line["frame"] for line in lines if line["dir"] in ("<-", "b-message") and isinstance(line.get("frame"), dict)
    ]
