"""Runs inside Pyodide, under Node: returns its standard library as a stored zip of compiled modules.

Hash-based and unchecked, because a browser has no file times; without docstrings and asserts. Modules that no page can
use are left out.
"""

import importlib._bootstrap_external
import importlib.util
import io
import sys
import zipfile
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


def compiled(name: str, data: bytes) -> bytes:
    code = compile(data, f"/lib/{name}", "exec", dont_inherit=True, optimize=2)
    return bytes(bootstrap._code_to_hash_pyc(code, importlib.util.source_hash(data), False))


def rewrite(path: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for info in source.infolist():
            if info.is_dir() or info.filename.startswith(LEFT_OUT):
                continue
            data = source.read(info)
            if info.filename.endswith(".py"):
                target.writestr(zipfile.ZipInfo(f"{info.filename}c"), compiled(info.filename, data))
            else:
                target.writestr(zipfile.ZipInfo(info.filename), data)
    return out.getvalue()


rewrite(next(path for path in sys.path if path.endswith(".zip")))
