"""Run as a script: imports what the page imports at its start, with the browser's modules stood in for.

Prints JSON: ``calls``, how many Python functions each module of ours calls while it is imported, without those of the
import machinery and of the modules that it imports; ``loaded``, the names of all modules that are there afterwards.
"""

import importlib
import json
import sys
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

OURS = ("pilito", "pages")
FRONTEND = Path(__file__).parents[1] / "frontend"


def stand_in(name: str, *exports: str) -> None:
    module = ModuleType(name)
    for export in exports:
        setattr(module, export, type(export, (Exception,), {}))
    sys.modules[name] = module


def importing(frame: FrameType | None) -> str:
    """The module whose body is running, for whatever reason this frame was called; ``""`` outside of any."""
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            return str(frame.f_globals["__name__"])
        frame = frame.f_back
    return ""


def main() -> None:
    stand_in("js")
    stand_in("pyodide_js")
    stand_in("pyodide")
    stand_in("pyodide.ffi", "JsException", "create_proxy", "to_js")
    sys.path.insert(0, str(FRONTEND))
    calls: dict[str, int] = {}

    def count(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and "importlib" not in frame.f_code.co_filename:
            name = importing(frame)
            if name.split(".")[0] in OURS:
                calls[name] = calls.get(name, 0) + 1

    sys.setprofile(count)
    for package in ("pilito.browser", "pages", "pages.strings"):  # as frontend/main.py has them
        importlib.import_module(package)
    sys.setprofile(None)
    print(json.dumps({"calls": calls, "loaded": sorted(sys.modules)}))


if __name__ == "__main__":
    main()
