"""The compressed twins of a file, kept by content in ``build/compressed``: the runtime rarely changes."""

import gzip
import hashlib
from typing import Final

import brotli

from tools.steps import ROOT

CACHE: Final = ROOT / "build" / "compressed"
COMPRESSED: Final = 0.95
"""What quick compressing does not bring below this share is compressed already: the hardest takes long for nothing."""


HARD, QUICK = 11, 9
"""Brotli's levels. The hard one takes a minute for a whole build and makes a start an eighth smaller, so it is for what
people download; the quick one, a few seconds, for what is only tested."""


def _brotli(data: bytes, quality: int) -> bytes:
    already = len(brotli.compress(data, quality=5, lgwin=24)) > COMPRESSED * len(data)
    return bytes(brotli.compress(data, quality=QUICK if already else quality, lgwin=24))


def _gzip(data: bytes, _: int) -> bytes:
    return gzip.compress(data, 9, mtime=0)


ENCODINGS: Final = {".br": _brotli, ".gz": _gzip}


def twins(data: bytes, quality: int = HARD) -> dict[str, bytes]:
    """Return ``data`` compressed, by the suffix of the file name; ``quality`` is for brotli."""
    CACHE.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(data).hexdigest()
    found = {}
    for suffix, compress in ENCODINGS.items():
        kept = CACHE / f"{digest}-{quality}{suffix}"
        if not kept.is_file():
            fresh = kept.with_suffix(f"{suffix}.new")
            fresh.write_bytes(compress(data, quality))
            fresh.rename(kept)
        found[suffix] = kept.read_bytes()
    return found
