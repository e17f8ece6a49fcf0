"""What happened, in order: connections, frames, faults, closes. As JSON lines, without tokens."""

import json
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mock_server.redaction import redact

_TEXT_LIMIT: Final = 2000
_KEPT: Final = 20_000


class Journal:
    """The last 20,000 entries in memory, and every entry in ``path`` where one is given."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._file = path.open("a", encoding="utf-8") if path else None

    def add(self, event: str, **fields: Any) -> None:
        """Write an entry. Strings are redacted, and cut at 2,000 characters."""
        shown = {key: redact(value[:_TEXT_LIMIT]) if isinstance(value, str) else value for key, value in fields.items()}
        entry = {"time": datetime.now(UTC).isoformat(), "event": event, **shown}
        self._entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()

    def entries(self) -> list[dict[str, Any]]:
        return list(self._entries)

    def clear(self) -> None:
        self._entries.clear()
