"""Runs inside Pyodide before its memory is kept."""


def warm_up(names: list[str]) -> None:
    """Import ``names``; then everything that only the imports needed goes: archives, caches, garbage."""
    import gc
    import importlib
    import re
    import sys
    import zipimport

    for name in names:
        importlib.import_module(name)
    sys.path[:] = [path for path in sys.path if not path.endswith(".zip")]
    sys.path_importer_cache.clear()
    zipimport._zip_directory_cache.clear()  # type: ignore[attr-defined]
    re.purge()
    gc.collect()
    # Zeros over the free blocks of Python's own allocator, size class by size class.
    for size in range(48, 513, 16):
        held = [bytes(size - 33) for _ in range(400_000 // size)]
        held.clear()
    gc.collect()
    gc.freeze()
