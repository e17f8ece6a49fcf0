"""``python -m bench memory``: what the tab holds over an hour of ten frames a second, sent as fast as it keeps up."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from playwright.sync_api import CDPSession, Page

from bench.lab import Lab
from bench.report import Report, Target
from bench.samples import Figure, Samples
from mock_server.server import MockServer

TITLE: Final = "Memory: an hour of ten lists a second on the conversations page"
OURS: Final = "ours"
AN_HOUR: Final = 36_000  # frames
STEP: Final = 3_000  # frames between two samples: five minutes
BATCH: Final = 250  # frames on their way at most
ENDPOINT: Final = "/ws/conversations/"
HEAP, NODES, OBJECTS, WASM = "JavaScript heap", "DOM nodes", "Python objects", "wasm memory"
UNITS: Final = {HEAP: "MB", NODES: "", OBJECTS: "", WASM: "MB"}
PATIENCE: Final = 120  # seconds for a batch


def run(lab: Lab) -> Report:
    samples = Samples()
    with MockServer(conversations=60) as server:
        context = lab.browser.new_context(viewport={"width": 1000, "height": 800})
        page = _open(context.new_page(), server)
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        _send(server, page, 0, STEP)  # every cache is filled
        samples.add(OURS, _sample(page, session))
        began = time.monotonic()
        for done in range(STEP, STEP + AN_HOUR, STEP):
            _send(server, page, done, STEP)
            samples.add(OURS, _sample(page, session))
        took = time.monotonic() - began
        context.close()
    curves = {metric: [value / found[OURS][0] for value in found[OURS]] for metric, found in samples.by_metric.items()}
    return Report(
        "memory",
        TITLE,
        UNITS,
        samples,
        targets=[
            Target(
                "heap after an hour of 10 frames a second, against its beginning",
                "-",
                1.05,
                _growth(curves[HEAP]),
                "; ".join(f"{name} {_growth(curves[name])}" for name in (OBJECTS, NODES, WASM)),
            )
        ],
        notes=[f"{AN_HOUR:,} frames in {took:.0f} s, {AN_HOUR / took:,.0f} a second; {len(curves[HEAP])} samples"],
        curves=curves,
    )


def _growth(curve: list[float]) -> Figure:
    return Figure(curve[-1], min(curve), max(curve))


def _open(page: Page, server: MockServer) -> Page:
    pair = server.issue_tokens("sara@example.com")
    stored = json.dumps(dict(zip(("access_token", "refresh_token"), pair, strict=True)))
    page.add_init_script(f"({WATCH})({stored})")
    page.goto(f"{server.url}/conversations")
    page.wait_for_selector("#rows [data-conversation-id]", timeout=60_000)
    return page


def _send(server: MockServer, page: Page, first: int, count: int) -> None:
    """Push ``count`` lists, in batches; the next one once the page shows the last of it."""
    for start in range(first, first + count, BATCH):
        server.call(_push(server, range(start, start + BATCH)))
        until = time.monotonic() + PATIENCE
        while page.evaluate("benchSeen()") < start + BATCH - 1:
            if time.monotonic() > until:
                raise SystemExit(f"bench memory: frame {start + BATCH - 1} was not shown within {PATIENCE} s")
            time.sleep(0.01)


async def _push(server: MockServer, numbers: range) -> None:
    sockets = [found for found in server.backend.hub.connections if found.path.startswith(ENDPOINT)]
    for number in numbers:
        for socket in sockets:
            await socket.send(frame(number))


def frame(number: int) -> dict[str, Any]:
    """What the backend pushes for a customer's message: the first page of the list, newest activity first."""
    rows = [_conversation(number, (number + place) % 60) for place in range(10)]
    pages = {"page": 1, "page_size": 10, "page_count": 6, "has_next": True, "has_previous": False, "count": 60}
    return {"type": "conversations_list", "conversations": rows, "pagination": pages, "filters": {}, "count": 10}


def _conversation(number: int, which: int) -> dict[str, Any]:
    stamp = f"2026-11-20T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.123456Z"
    words = f"سلام، سفارش شماره {number} من کجاست؟"
    return {
        "id": f"c{which}",
        "title": f"frame {number}",
        "status": "active",
        "customer": {"id": which, "first_name": "نگار", "last_name": "Karimi", "username": f"negar{which}"},
        "priority": 1,
        "source": "telegram",
        "is_active": True,
        "created_at": "2026-10-01T09:00:00.123456Z",
        "updated_at": stamp,
        "last_message": {"id": f"m{number}", "content": words, "type": "customer", "created_at": stamp},
        "unread_count": number % 4,
    }


def _sample(page: Page, session: CDPSession) -> Mapping[str, float]:
    held: dict[str, float] = page.evaluate("pilito.resources()")
    session.send("HeapProfiler.collectGarbage")
    found = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    return {
        HEAP: found["JSHeapUsedSize"] / 1e6,
        NODES: found["Nodes"],
        OBJECTS: held["objects"],
        WASM: held["wasm"] / 1e6,
    }


WATCH: Final = """(stored) => {
  for (const [key, value] of Object.entries(stored)) localStorage.setItem(key, value);
  let seen = -1;
  const look = () => {
    const shown = /^frame (\\d+)$/.exec(document.querySelector("#rows .title")?.textContent ?? "");
    if (shown) seen = Math.max(seen, Number(shown[1]));
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
  globalThis.benchSeen = () => seen;
}"""
