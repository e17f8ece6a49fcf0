"""Runs inside Pyodide, under Node: writes Python sources again as stored zips of compiled modules.

Hash-based and unchecked, because a browser has no file times; without docstrings and asserts. Modules that no page can
use are left out.
"""

import importlib._bootstrap_external
import importlib.util
import io
import sys
import zipfile
from collections.abc import Callable
from typing import Any

bootstrap: Any = importlib._bootstrap_external  # not in the type stubs, and the one place that writes such files

LEFT_OUT = (
    "test/",
    "idlelib/",
    "tkinter/",
    "turtledemo/",
    "lib2to3/",
    "ensurepip/",
    "pydoc_data/",
    "unittest/",
    "venv/",
)


def stdlib_path() -> str:
    """Where this interpreter's own standard library lies."""
    return next(path for path in sys.path if path.endswith(".zip"))


def compiled(name: str, data: bytes) -> bytes:
    code = compile(data, f"/lib/{name}", "exec", dont_inherit=True, optimize=2)
    return bytes(bootstrap._code_to_hash_pyc(code, importlib.util.source_hash(data), False))


def useful(name: str) -> bool:
    """Whether any page could use a file of the standard library."""
    return not name.startswith(LEFT_OUT)


def rewrite(path: str, wanted: Callable[[str], bool] = useful) -> bytes:
    """Return the archive at ``path`` with its modules compiled and without the files that are not ``wanted``."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for info in source.infolist():
            if info.is_dir() or not wanted(info.filename):
                continue
            data = source.read(info)
            if info.filename.endswith(".py"):
                target.writestr(zipfile.ZipInfo(f"{info.filename}c"), compiled(info.filename, data))
            else:
                target.writestr(zipfile.ZipInfo(info.filename), data)
    return out.getvalue()
