"""What the set-up steps share: run a command, and fail with one line that names the step and what to do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]


def run(step: str, command: Sequence[str], *, hint: str, env: Mapping[str, str] | None = None) -> None:
    """Run a command in the project's root; on failure print its output and stop with ``step`` and ``hint``."""
    try:
        done = subprocess.run(
            [shutil.which(command[0], path=(env or os.environ).get("PATH")) or command[0], *command[1:]],
            cwd=ROOT,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        fail(step, f"{command[0]} cannot be run ({error.strerror}). {hint}")
    if done.returncode:
        sys.stderr.write(done.stdout)
        fail(step, f"`{' '.join(command)}` ended with {done.returncode}. {hint}")


def fail(step: str, what: str) -> NoReturn:
    """Stop with one line."""
    sys.exit(f"set-up step '{step}' failed: {what}")
