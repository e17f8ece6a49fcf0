"""How long the backend takes over things, as it was measured; a test may run the same story faster."""

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations in seconds."""

    request: float = 10.0  # a list request on a stalled worker is given up
    handshake_daphne: float = 5.0  # a handshake on a stalled worker is cut
    handshake_uvicorn: float = 10.0
    crash_daphne: float = 0.1  # from the error of a consumer to its close frame; under uvicorn the cut comes at once
    keepalive_daphne: float = 51.0  # from the last sign of the client to the end of its connection
    keepalive_uvicorn: float = 40.0
    overlap: float = 0.05  # from the check of a refresh token to its deletion, which are two steps
    window: float = 60.0  # in which connections are counted

    def scaled(self, factor: float) -> Self:
        """The same story, ``factor`` times as long."""
        return type(self)(*(getattr(self, field.name) * factor for field in fields(self)))
