"""``python -m tools.bundle``: write the application as a directory that any static host can serve."""

import argparse
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tools.bundle import policy, worker
from tools.bundle.application import gather
from tools.bundle.compress import twins
from tools.bundle.page import index
from tools.bundle.parts import Parts, integrity
from tools.bundle.snapshot import take
from tools.steps import ROOT

LARGE: Final = 100_000  # bytes: below it compressing takes no time


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bundle", description=__doc__)
    parser.add_argument("--backend", default="", help="the backend's origin, where it is not the page's own")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the directory to write (dist)")
    flags = parser.parse_args()
    build(flags.out, flags.backend.rstrip("/"))


def build(out: Path, backend: str, change: Callable[[Parts], None] = lambda _: None) -> None:
    """Write the build to ``out``, in place of what is there, once everything has succeeded.

    ``change`` may exchange parts before the snapshot is taken.
    """
    parts = gather()
    change(parts)
    with ProcessPoolExecutor() as pool:
        # The large files are compressed while Chromium runs, the longest work first.
        large = sorted((data for data in parts.sources.values() if len(data) > LARGE), key=len, reverse=True)
        early = [pool.submit(twins, data) for data in large]
        parts.add("/snapshot.bin", take(parts))
        early.append(pool.submit(twins, parts.sources["/snapshot.bin"]))
        page = index(parts, backend).encode()
        files = {**parts.named, "/index.html": page}
        for each in early:
            each.result()
        compressed = dict(zip(files, pool.map(twins, files.values()), strict=True))
    fresh = out.with_name(f"{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for name, data in files.items():
        path = fresh / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        for suffix, twin in compressed[name].items():
            path.with_name(path.name + suffix).write_bytes(twin)
    sizes = {name: {suffix[1:]: len(twin) for suffix, twin in compressed[name].items()} for name in files}
    manifest = {
        "backend": backend,
        "headers": policy.page_headers(backend),
        "worker_headers": policy.WORKER_HEADERS,
        "names": parts.names,
        "files": {
            name: {"bytes": len(data), **sizes[name], "integrity": integrity(data)} for name, data in files.items()
        },
    }
    (fresh / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    worker.renew(fresh)
    (fresh / worker.REMOVAL).write_bytes(worker.removal())
    (fresh / "nginx.conf").write_text(policy.nginx(backend))
    (fresh / "Caddyfile").write_text(policy.caddy(backend))
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    for name, data in sorted(files.items(), key=lambda item: -len(item[1])):
        print(f"{len(data):>10,} {sizes[name]['br']:>10,} br  {name}")


if __name__ == "__main__":
    main()
