"""What the boot bench is to reach: its rows of the table."""

from collections.abc import Mapping
from typing import Any, Final

from bench.report import Target
from bench.samples import Figure, Samples

ARCHIVES: Final = ("/app.zip", "/runtime/stdlib.zip")
UNUSED: Final = ("/runtime/pyodide/python_stdlib.zip", "/runtime/pyodide/pyodide.rest.wasm")  # by a first visit
SNAPSHOT: Final = "/snapshot.bin"


def targets(samples: Samples, manifest: Mapping[str, Any]) -> list[Target]:
    """The rows of the table, from the samples and the build's manifest."""
    ratio = samples.ratio
    line, longest = "first Python line", samples.figure("longest task, cold", "ours")
    warm = samples.figure("longest task, warm", "ours")
    with_snapshot, without = (_constant(size / 1e6) for size in cold_bytes(manifest))
    wire = samples.figure("over the wire, cold", "ours")
    return [
        Target(f"{line}, cold, against plain PyScript", "1", 0.22, ratio("first line, cold", "ours", "PyScript")),
        Target(f"{line}, warm, against plain PyScript", "1", 0.20, ratio("first line, warm", "ours", "PyScript")),
        Target(f"{line}, warm, against MicroPython", "8", 1.5, ratio("first line, warm", "ours", "MicroPython")),
        Target("live list, warm, against the JavaScript twin", "40", 8, ratio("live list, warm", "ours", "JavaScript")),
        Target(
            "first paint of the shell, warm, against the JavaScript twin",
            "1.5",
            1.0,
            ratio("first paint, warm", "ours", "JavaScript"),
            f"cold {ratio('first paint, cold', 'ours', 'JavaScript')}",
        ),
        Target(
            "last known list, warm, against the JavaScript twin, which keeps one too",
            "-",
            1.5,
            ratio("a list, warm", "ours", "JavaScript"),
        ),
        Target("longest task while booting, cold, in ms", "3,000", 200, longest, f"warm {warm} ms"),
        Target(
            "compressed bytes, cold, with snapshot, in MB", "5.4", 4.4, with_snapshot, f"over the wire {wire} kB in all"
        ),
        Target("compressed bytes, cold, without snapshot, in MB", "5.4", 4.0, without),
    ]


def cold_bytes(manifest: Mapping[str, Any]) -> tuple[int, int]:
    """What a first visit downloads, in bytes after brotli, with the snapshot and without it."""
    names, files = manifest["names"], manifest["files"]
    sizes = {address: files[names[address]]["br"] for address in names if address not in UNUSED}
    whole = sum(sizes.values()) + files["/index.html"]["br"]
    return whole - sum(sizes[address] for address in ARCHIVES), whole - sizes[SNAPSHOT]


def _constant(value: float) -> Figure:
    return Figure(value, value, value)
