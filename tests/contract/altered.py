"""``python -m tests.contract.altered FOLDER``: a copy of the recordings as from another shop and another day.

Every id is another one, every moment is another, the files have other names. Nothing else differs, so that the contract
tests have to hold for the copy, too: ``PILITO_TRANSCRIPTS=FOLDER python -m pytest tests/contract``.
"""

import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.contract.recordings import folder

DAYS = -97
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d")
ID = re.compile(r"\w{6}")
NEW_NUMBER = 1000  # is added to the numbers of customers


def altered(text: str, days: int = DAYS) -> str:
    """The lines of one file, changed, and so many days later. Raises ``ValueError`` for a line that is no JSON."""
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    known = sorted({name for row in rows for name in _ids(row)})
    others = {name: f"Q{number:04}z" for number, name in enumerate(known)}
    words = re.compile(r"\b(" + "|".join(map(re.escape, known)) + r")\b") if known else None

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            moved = MOMENT.sub(lambda found: _moved(found, days), value)
            return words.sub(lambda found: others[found[0]], moved) if words else moved
        if isinstance(value, dict):
            number = {"id": value["id"] + NEW_NUMBER} if _is_customer(value) else {}
            return {key: changed(part) for key, part in value.items()} | number
        return [changed(part) for part in value] if isinstance(value, list) else value

    return "".join(json.dumps(changed(row), ensure_ascii=False) + "\n" for row in rows)


def _moved(found: re.Match[str], days: int) -> str:
    moment = datetime.fromisoformat(found[0]) + timedelta(days=days, hours=5, minutes=11)
    return moment.isoformat(found[1])


def _is_customer(value: dict[str, Any]) -> bool:
    return isinstance(value.get("id"), int) and "source_id" in value


def _ids(value: Any) -> Iterator[str]:
    """Conversations and messages, which have an id of six letters and digits."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key in ("id", "conversation_id", "message_id") and isinstance(part, str) and ID.fullmatch(part):
                yield part
            yield from _ids(part)
    elif isinstance(value, list):
        for part in value:
            yield from _ids(part)
    elif isinstance(value, str):
        yield from re.findall(r"/(?:chat|conversation)/(\w{6})/", value)


def main() -> int:
    place, target = folder(), Path(sys.argv[1])
    if place is None:
        print("no recordings: name their folder in PILITO_TRANSCRIPTS", file=sys.stderr)
        return 2
    target.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted(place.glob("*.jsonl"))):
        (target / f"other-{number}.jsonl").write_text(altered(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
