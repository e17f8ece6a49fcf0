"""The runtime in two parts: what the application was seen to use, and the rest."""

from pathlib import Path
from typing import Final

USED: Final = Path(__file__).parent / "used.json"
"""``wasm``: of which module this is; ``functions``: which of its functions the first part keeps, a bit each, as base64;
``ranges``: addresses of constant data that only the rest reads; ``numbers``: constants in the code of the first part
that look like such an address and are none."""
