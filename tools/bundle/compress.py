"""The compressed twins of a file, kept by content in ``build/compressed``: the runtime rarely changes."""

import gzip
import hashlib
from collections.abc import Callable
from typing import Final

import brotli

from tools.steps import ROOT

CACHE: Final = ROOT / "build" / "compressed"
COMPRESSED: Final = 0.95
"""What quick compressing does not bring below this share is compressed already: the hardest takes long for nothing."""


def _brotli(data: bytes) -> bytes:
    quick = len(brotli.compress(data, quality=5, lgwin=24)) / max(len(data), 1)
    return bytes(brotli.compress(data, quality=9 if quick > COMPRESSED else 11, lgwin=24))


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


ENCODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {".br": _brotli, ".gz": _gzip}


def twins(data: bytes) -> dict[str, bytes]:
    """Return ``data`` compressed, by the suffix of the file name."""
    CACHE.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(data).hexdigest()
    found = {}
    for suffix, compress in ENCODINGS.items():
        kept = CACHE / f"{digest}{suffix}"
        if not kept.is_file():
            fresh = kept.with_suffix(f"{suffix}.new")
            fresh.write_bytes(compress(data))
            fresh.rename(kept)
        found[suffix] = kept.read_bytes()
    return found
