"""The socket that ``frontend/early.js`` has dialled while Python was starting."""

from collections.abc import Sequence
from typing import Any

import js


class EarlySocket:
    """At most one, for the first dial of the application: who opens a socket adopts it, or sees it closed."""

    def __init__(self) -> None:
        self._script: Any = getattr(js.window, "pilitoEarly", None)

    def dialled(self, endpoint: str) -> bool:
        """Whether it waits for ``endpoint``, was dialled with the stored token, and is in the ledger of dials."""
        return bool(self._script and self._script.dialled(endpoint))

    def adopt(self, url: str, protocols: Sequence[str]) -> Any:
        """The first time: ``{socket, events, opened, closed}`` if it was dialled just so. ``None`` ever after."""
        script, self._script = self._script, None
        return (script.adopt(url, *protocols) or None) if script else None

    def discard(self) -> None:
        """Close it, if nobody has adopted it."""
        script, self._script = self._script, None
        if script:
            script.discard()
