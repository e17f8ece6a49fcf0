"""``python -m tools.bundle.split.profile [--add] [TESTS]``: see what of the runtime the application uses.

Needed for each new Pyodide. Builds the application with a runtime that notes which of its functions run, drives it with
the browser tests (all of ``e2e``, or ``TESTS``), runs the simulated world on that runtime, and writes ``used.json``;
with ``--add`` to what is known already, since what a run calls is partly chance. What is not in there still works: it
is fetched when it is called.
"""

import argparse
import base64
import hashlib
import json
import subprocess
import sys
from typing import Any, Final

from tools.bundle.__main__ import build
from tools.bundle.application import PYODIDE, WORK
from tools.bundle.parts import Parts
from tools.bundle.split import USED
from tools.bundle.split.notes import NOTES, add
from tools.runtime import npm_command
from tools.steps import ROOT, fail, run

WASM: Final = PYODIDE / "pyodide.asm.wasm"
NODE: Final = ("npx", "--yes", "node@24")
"""Two memories in one module are more than an older Node takes."""
SEEDS: Final = 3000
PLACE: Final = "      receive(instance, module);\n"
TELL: Final = """\
      globalThis.pilitoNotes = () => { // a bit for each byte of the notes, as base64
        const notes = new Uint8Array(exports["pilito:notes"].buffer, 0, 1 << 17);
        const bits = new Uint8Array(notes.length / 8);
        notes.forEach((noted, i) => { bits[i >> 3] |= noted << (i & 7); });
        return btoa(Array.from(bits, (byte) => String.fromCharCode(byte)).join(""));
      };
"""


def main(tests: list[str], *, keep: bool) -> None:
    NOTES.unlink(missing_ok=True)
    build(ROOT / "dist", "", _note)
    command = [sys.executable, "-m", "pytest", "-n", "auto", "-p", "tools.bundle.split.notes", "--pilito-dist", "dist"]
    command += ["-k", "not never_used"]  # that test calls what the application does not
    subprocess.run([*command, *(tests or ["e2e"])], cwd=ROOT, check=False)  # a test that fails has used something too
    add(_simulate())
    _write(NOTES.read_bytes(), keep=keep)


def _note(parts: Parts) -> None:
    """Put the noting runtime into the build, whole, and let the page tell what it has noted."""
    noting = WORK / "noting.wasm"
    _, environment = npm_command()
    command = ["node", "tools/bundle/split/noting.mjs", str(WASM), str(noting)]
    run("noting runtime", command, hint="See the lines above.", env=environment)
    script = parts.sources["/frontend/built/rest.mjs"].decode()
    if script.count(PLACE) != 1:
        fail("profile", "frontend/built/rest.mjs no longer has the line that profile.py looks for")
    parts.add("/frontend/built/rest.mjs", script.replace(PLACE, TELL + PLACE).encode())
    parts.add("/runtime/pyodide/pyodide.asm.wasm", noting.read_bytes())
    parts.add("/runtime/pyodide/pyodide.asm.mjs", (PYODIDE / "pyodide.asm.mjs").read_bytes())


def _simulate() -> bytes:
    """What the simulated world notes, a bit each."""
    folder = WORK / "noting"
    folder.mkdir(exist_ok=True)
    files = {name: PYODIDE / name for name in ("pyodide-lock.json", "python_stdlib.zip", "pyodide.asm.mjs")}
    for name, path in {**files, WASM.name: WORK / "noting.wasm"}.items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(path)
    script = ("tools/bundle/split/simulated.mjs", str(folder), str(WORK / "sources.zip"), str(SEEDS))
    _, environment = npm_command()
    done = subprocess.run([*NODE, *script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        fail("profile", "the simulated world did not run on the noting runtime; see the lines above")
    return base64.b64decode(done.stdout)


def _write(notes: bytes, *, keep: bool) -> None:
    """Write the functions that were noted, with ``keep`` together with those that are known.

    Addresses hold for one Pyodide only: those of another are forgotten.
    """
    known: dict[str, Any] = json.loads(USED.read_text())
    digest = hashlib.sha256(WASM.read_bytes()).hexdigest()
    if known["wasm"] != digest:
        known["ranges"], known["numbers"], known["functions"] = [], [], ""
        print("This is another Pyodide: `ranges` of data that only the rest reads have to be found anew.")
    functions = notes[: len(notes) // 2]  # the other half notes data: a bit for each 64 bytes
    read = [block for block in range(1 << 16) if notes[(1 << 13) + (block >> 3)] >> (block & 7) & 1]
    for start, end in known["ranges"]:
        if any(start <= block * 64 < end for block in read):
            fail("profile", f"data of the rest was read, between {start} and {end}; change `ranges` in {USED.name}")
    if keep:
        both = int.from_bytes(functions, "little") | int.from_bytes(base64.b64decode(known["functions"]), "little")
        functions = both.to_bytes(len(functions), "little")
    text = base64.b64encode(functions.rstrip(b"\0")).decode()
    USED.write_text(json.dumps({**known, "wasm": digest, "functions": text}, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.bundle.split.profile", description=__doc__)
    parser.add_argument("--add", action="store_true", help="keep what is known")
    parser.add_argument("tests", nargs="*", help="the browser tests to drive it with (e2e)")
    flags = parser.parse_args()
    main(flags.tests, keep=flags.add)
