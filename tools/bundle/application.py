"""Gathers the parts of the build: our files, of the runtime what a page asks for, and the archives compiled for it."""

import importlib.util
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any, Final

from tools.bundle.parts import Parts
from tools.bundle.patches import patched
from tools.runtime import npm_command
from tools.steps import ROOT, fail, run

STYLES: Final = ("base", "shell", "lists", "chat")
BEFORE_PYTHON: Final = ("built/first.js", "boot.js", "painted.js", "early.js", "progress.js")
"""The scripts that run before the first paint, in this order, as one file."""
PACKAGES: Final = ("pilito", "pages")
PYODIDE: Final = ROOT / "node_modules" / "pyodide"
PYSCRIPT: Final = ROOT / "node_modules" / "@pyscript" / "core" / "dist"
WORK: Final = ROOT / "build" / "bundle"
SPLIT: Final = ("pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.rest.wasm")
COLLECTED: Final = WORK / "collected.json"
"""The functions that a garbage collection may call, known once the archives are there; see split/collected.mjs."""
TAKING: Final = ROOT / "tools" / "bundle" / "taking" / "snapshot.mjs"
NO_KEYS: Final = b"class PyJWKClient:\n    pass\n"
"""In place of PyJWT's client for key servers, which brings urllib.request, http and ssl; a page reads claims only."""


def gather() -> Parts:
    """Return every part but the snapshot and the page."""
    parts = Parts()
    frontend = ROOT / "frontend"
    parts.add(
        "/frontend/styles/all.css", b"".join((frontend / "styles" / f"{name}.css").read_bytes() for name in STYLES)
    )
    parts.add("/frontend/icon.svg", (frontend / "icon.svg").read_bytes())
    parts.add("/frontend/boot.js", b"".join((frontend / name).read_bytes() for name in BEFORE_PYTHON))
    for name in ("hooks.js", "start.js"):
        parts.add(f"/frontend/{name}", (frontend / name).read_bytes())
    for path in sorted((frontend / "built").glob("*.mjs")):
        parts.add(f"/frontend/built/{path.name}", path.read_bytes())
    _add_archives(parts)
    _add_runtime(parts)
    return parts


def modules() -> list[str]:
    """The modules that the snapshot imports; known once :func:`gather` has run."""
    found: list[str] = json.loads((WORK / "modules.json").read_text())
    return found


def _add_runtime(parts: Parts) -> None:
    parts.add("/runtime/pyodide/pyodide.mjs", patched((PYODIDE / "pyodide.mjs").read_text()).encode())
    _split_runtime()
    for name in SPLIT:
        parts.add(f"/runtime/pyodide/{name}", (WORK / name).read_bytes())
    parts.add("/runtime/pyodide/python_stdlib.zip", (PYODIDE / "python_stdlib.zip").read_bytes())
    info: Any = json.loads((PYODIDE / "pyodide-lock.json").read_text())["info"]
    parts.add("/runtime/lock.mjs", f"export default {json.dumps({'info': info, 'packages': {}})};\n".encode())
    for path in pyscript_files():
        parts.add(f"/runtime/pyscript/{path.name}", _unmapped(path.read_text()))


def _split_runtime() -> None:
    """Take the runtime's module apart into what the app was seen to use and the rest, and trim the script around it."""
    WORK.mkdir(parents=True, exist_ok=True)
    # Their text is searched for what it calls of the module.
    callers = (PYODIDE / "pyodide.mjs", TAKING, ROOT / "frontend" / "built" / "snapshot.mjs")
    _, environment = npm_command()
    command = ["node", "tools/bundle/split/main.mjs", *map(str, (PYODIDE, WORK, COLLECTED, *callers))]
    run("runtime in two parts", command, hint="See the lines above.", env=environment)


def pyscript_files() -> list[Path]:
    """PyScript's core and the one plugin that it loads even to switch it off."""
    names = [match for pattern in ("core.js", "core-*.js", "error-*.js") for match in PYSCRIPT.glob(pattern)]
    if len(names) != 3:
        fail("build", "PyScript's core is no longer made of three files; see tools/bundle/application.py")
    return names


def _unmapped(text: str) -> bytes:
    return re.sub(r"//# sourceMappingURL=\S+", "", text).encode()


def _add_archives(parts: Parts) -> None:
    """Compile the app and the standard library inside Pyodide, under Node."""
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "sources.zip").write_bytes(_sources())
    names = [WORK / name for name in ("sources.zip", "app.zip", "stdlib.zip", "modules.json")]
    command = ["node", "tools/bundle/compile.mjs", *map(str, (PYODIDE, *names, COLLECTED))]
    _, environment = npm_command()
    run("compiled modules", command, hint="See the lines above.", env=environment)
    parts.add("/app.zip", (WORK / "app.zip").read_bytes())
    parts.add("/runtime/stdlib.zip", (WORK / "stdlib.zip").read_bytes())


def _sources() -> bytes:
    """Our packages, and PyJWT as it is installed here, as one archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for package in PACKAGES:
            for path in sorted((ROOT / "frontend" / package).rglob("*.py")):
                archive.write(path, path.relative_to(ROOT / "frontend"))
        found = importlib.util.find_spec("jwt")
        if not found or not found.origin:
            fail("build", "PyJWT is not installed; run make.")
        for path in sorted(Path(found.origin).parent.glob("*.py")):
            data = NO_KEYS if path.name == "jwks_client.py" else path.read_bytes()
            archive.writestr(f"jwt/{path.name}", data)
    return buffer.getvalue()
