"""The build's service worker: the list of what it keeps, written before its text.

``python -m tools.bundle.worker FOLDER`` names a build anew and writes its worker again, after its page was changed.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tools.bundle.compress import twins
from tools.bundle.parts import integrity
from tools.steps import ROOT, fail

ADDRESS: Final = "/service-worker.js"
REMOVAL: Final = "service-worker-removal.js"
"""What is put in the worker's place to end it; no part of what is served otherwise."""
BUILT: Final = ROOT / "frontend" / "built"
UNKEPT: Final = re.compile(r"/assets/python_stdlib-")
"""The stock standard library is for a compiled one that arrives damaged; what the worker keeps has been checked."""
MARK: Final = re.compile(r'(<meta name="pilito-build" content=")[^"]*(">)')


def stamped(page: str, hashes: Mapping[str, str]) -> tuple[str, str]:
    """Return the page with the build's name in it, and the name, which stands for all of it (address -> hash)."""
    bare, found = MARK.subn(r"\1\2", page)
    if found != 1:
        fail("build", 'index.html no longer has its <meta name="pilito-build">; see tools/bundle/worker.py')
    text = json.dumps([bare, sorted(hashes.items())])
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    return MARK.sub(rf"\g<1>{name}\2", bare), name


def script(build: str, hashes: Mapping[str, str]) -> bytes:
    """Return the worker of the build with this name and these files (address -> hash)."""
    kept = {name: hashes[name] for name in sorted(hashes) if name.startswith("/assets/") and not UNKEPT.match(name)}
    routes = ", ".join(f"/{_pattern(route)}/" for route in ("/", *_routes()))
    constants = f"const BUILD = {json.dumps(build)};\nconst FILES = {json.dumps(kept, indent=1)};\n"
    return f"{constants}const ROUTES = [{routes}];\n".encode() + (BUILT / "service-worker.js").read_bytes()


def removal() -> bytes:
    return (BUILT / "removal.js").read_bytes()


def _routes() -> list[str]:
    sys.path.insert(0, str(ROOT / "frontend"))
    from pages import PAGES

    return [page.route for page in PAGES]


def _pattern(route: str) -> str:
    """The route as a JavaScript regular expression; a parameter is one segment."""
    path = re.escape(re.sub(r"\{\w+\}", "\0", route)).replace("\0", "[^/]+")
    return f"^{path}$".replace("/", r"\/")


def renew(folder: Path) -> str:
    """Name the build in ``folder`` after its page as it is now, and write its worker. Returns the name."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    hashes = {name: entry["integrity"] for name, entry in manifest["files"].items() if name.startswith("/assets/")}
    page, build = stamped((folder / "index.html").read_text(), hashes)
    for name, data in {"/index.html": page.encode(), ADDRESS: script(build, hashes)}.items():
        path = folder / name.lstrip("/")
        path.write_bytes(data)
        compressed = twins(data)
        for suffix, twin in compressed.items():
            path.with_name(path.name + suffix).write_bytes(twin)
        sizes = {suffix[1:]: len(twin) for suffix, twin in compressed.items()}
        manifest["files"][name] = {"bytes": len(data), **sizes, "integrity": integrity(data)}
    manifest["build"] = build
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return build


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.bundle.worker", description=__doc__)
    parser.add_argument("folder", type=Path)
    print(renew(parser.parse_args().folder))
