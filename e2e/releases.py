"""Builds that follow each other on one server, derived from the one in ``dist/``: a whole build takes a minute."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"


class Releases:
    """``live`` is the folder that is served; :meth:`publish` replaces all of it, so that old files are gone."""

    def __init__(self, dist: Path, folder: Path) -> None:
        self._dist, self._folder = dist, folder
        self.live = folder / "live"
        self.live.mkdir()
        self.publish(dist)

    def publish(self, build: Path) -> str:
        """Serve this build from now on. Returns its name."""
        shutil.rmtree(self.live)
        shutil.copytree(build, self.live)
        (self.live / "manifest.json").touch()
        return str(manifest(build)["build"])

    def derive(self, word: str, address: str = "/frontend/styles/all.css", text: str = "") -> Path:
        """Return a build in which one file that the page names is another: ``text`` is put before what it holds."""
        folder = self._folder / word
        shutil.copytree(self._dist, folder)
        described = manifest(folder)
        old = described["names"][address]
        new = old.replace(".", f"-{word}.", 1)
        data = (text or f"/* {word} */\n").encode() + (folder / old.lstrip("/")).read_bytes()
        (folder / new.lstrip("/")).write_bytes(data)
        for suffix in ("", ".br", ".gz"):
            (folder / (old + suffix).lstrip("/")).unlink()
        del described["files"][old]
        described["names"][address] = new
        described["files"][new] = {"integrity": _sha256(data)}
        (folder / "manifest.json").write_text(json.dumps(described))
        page = folder / "index.html"
        page.write_text(page.read_text().replace(old, new))
        renew(folder)
        return folder


def renew(folder: Path) -> None:
    """Let the build's own code name the build anew and write its worker."""
    subprocess.run(
        [sys.executable, "-m", "tools.bundle.worker", str(folder)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )


def manifest(build: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((build / "manifest.json").read_text())
    return found


def _sha256(data: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(data).digest()).decode()
