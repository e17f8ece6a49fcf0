"""Several processes of the mock behind one range of ports: ``--processes N``, which needs ``--redis`` between them."""

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

PATIENCE = 5.0  # seconds until a process that was told to end is killed


def run(arguments: Sequence[str], port: int, count: int) -> int:
    """Run ``count`` processes with the same arguments, on ``port`` and those after it (0: each on a free one).

    Returns the exit code once all have ended: 0 after Ctrl-C or SIGTERM, that of the first to end by itself otherwise.
    """
    ports = [port + number if port else 0 for number in range(count)]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends us as Ctrl-C does
    ended, codes = threading.Event(), list[int]()

    def watch(process: "subprocess.Popen[bytes]") -> None:
        codes.append(process.wait())
        ended.set()

    running = [_start(arguments, one) for one in ports]
    watchers = [threading.Thread(target=watch, args=(process,)) for process in running]
    for watcher in watchers:
        watcher.start()
    try:
        ended.wait()
        return codes[0]
    except KeyboardInterrupt:
        return 0
    finally:
        for process in running:
            process.terminate()
        for watcher, process in zip(watchers, running, strict=True):
            watcher.join(PATIENCE)
            process.kill()  # does nothing to one that has ended


def _start(arguments: Sequence[str], port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "mock_server", *arguments, "--processes", "1", "--port", str(port)]
    return subprocess.Popen(command)
