"""Runs inside Pyodide, under Node: which files of the standard library the application uses.

That is what the interpreter has loaded once every module of the application is imported, imports inside functions
included, and what PyScript's own package and an error message need.
"""

import ast
import importlib
import pkgutil
import sys
from pathlib import Path, PurePosixPath

PACKAGES = ("pilito", "pages")
ALSO = (
    "jwt",
    *("base64", "collections", "functools", "html", "inspect", "io", "json", "os", "pathlib"),  # PyScript's package
    *("linecache", "traceback", "tokenize", "zipfile", "zipimport"),
)
ALWAYS = ("pyodide/", "_pyodide/", "encodings/ascii", "encodings/latin_1", "encodings/idna", "encodings/utf_")


def import_application(root: str) -> list[str]:
    """Import every module of the application below ``root``, and what they import later; returns all their names."""
    sys.path.insert(0, root)
    names = [*ALSO, *PACKAGES]
    for package in PACKAGES:
        path = Path(root) / package
        names += [found.name for found in pkgutil.walk_packages([str(path)], f"{package}.")]
        for file in sorted(path.rglob("*.py")):
            names += _imports(file.read_text(encoding="utf-8"))
    names = list(dict.fromkeys(names))
    for name in names:
        importlib.import_module(name)
    return names


def _imports(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module)
    return found


def used(name: str) -> bool:
    """Whether a file of the standard library is used, once the application is imported."""
    if not name.endswith(".py"):
        return False
    module = ".".join(PurePosixPath(name).with_suffix("").parts).removesuffix(".__init__")
    return name.startswith(ALWAYS) or module in sys.modules
