"""The parts of the build: each has the address that the sources use for it, and gets one that names its content.

A part's text may use other parts' addresses; they are replaced, so a part is named after everything that it leads to.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from tools.steps import fail

TEXT: Final = {".js", ".mjs", ".css", ".json", ".svg", ".html"}
FOLDER: Final = "/assets"
TOGETHER: Final = "/runtime/pyscript/"
"""PyScript's files name each other relatively, and in circles: they share one folder that names what all hold."""
ADDRESS: Final = re.compile(r"(?<![\w.])(?:/(?:runtime|frontend)/[\w./@-]+\.\w+|/app\.zip|/snapshot\.bin)")


@dataclass
class Parts:
    """The parts by source address. ``named`` holds the finished ones: address in the build -> bytes."""

    sources: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    named: dict[str, bytes] = field(default_factory=dict)

    def add(self, address: str, data: bytes) -> None:
        self.sources[address] = data

    def name(self, address: str) -> str:
        """Return the part's address in the build; finishes it, and what it leads to, if that was not done."""
        if address not in self.names:
            if address not in self.sources:
                fail("build", f"{address} is used and is no part of the build; add it in tools/bundle/application.py")
            data = self.sources[address]
            path = PurePosixPath(address)
            if address.startswith(TOGETHER):
                self.names[address] = f"{FOLDER}/{path.parent.name}-{self._together()}/{path.name}"
            else:
                if path.suffix in TEXT:
                    data = self.resolve(data.decode()).encode()
                self.names[address] = f"{FOLDER}/{path.stem}-{_digest(data)}{path.suffix}"
            self.named[self.names[address]] = data
        return self.names[address]

    def _together(self) -> str:
        members = sorted(address for address in self.sources if address.startswith(TOGETHER))
        return _digest(b"".join(self.sources[address] for address in members))

    def resolve(self, text: str) -> str:
        """Return ``text`` with every source address replaced by that of the build."""
        return ADDRESS.sub(lambda found: self.name(found.group()), text)


def integrity(data: bytes) -> str:
    """The hash of a file's bytes as browsers take it, ``sha256-...``."""
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:10]
