"""Pages that dial again after every close, as the published example does: two of them kick each other for ever."""

import re
import threading

from tests.contract.clients import ORIGIN, Client
from tests.contract.recordings import Line

PATIENCE = 30.0  # seconds


def run(address: str, token: str, pages: list[Line], here: str) -> None:
    """Let as many pages dial as were recorded, and compare what they have seen. ``here`` names the line."""
    first = next(entry for entry in pages[0]["log"] if entry.startswith("msg:") and "_list" in entry)
    url = f"{address}/ws/{first.removeprefix('msg:').partition('_list')[0]}/?token={token}"
    done = threading.Event()
    logs: list[list[str]] = [[] for _ in pages]
    threads = [
        threading.Thread(target=_page, args=(url, page["connects"], log, done), daemon=True)
        for page, log in zip(pages, logs, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    for page, log in zip(pages, logs, strict=True):
        recorded = {re.sub(r"(:false|:true)?@\d+", "", entry) for entry in page["log"]}
        recorded.discard("close:1006")  # the eleventh dial within a minute
        assert set(log) == recorded, f"{here}: {sorted(set(log))}, recorded {sorted(recorded)}"
        assert sum(entry == "open" for entry in log) >= min(page["connects"], 3), here


def _page(url: str, connects: int, log: list[str], done: threading.Event) -> None:
    pause = threading.Event()
    for _ in range(connects):
        client = Client(url, origin=ORIGIN)
        log.append("open")
        while client.code is None and not done.is_set():
            client.wait(0.1)
            log.extend(f"msg:{frame.get('type')}" for frame in client.heard)
            client.heard.clear()
        if client.code is None:
            client.close()
            return
        log.append(f"close:{client.code}")
        pause.wait(0.05)
    done.set()
