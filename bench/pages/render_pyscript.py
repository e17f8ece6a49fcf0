"""``pyscript.web``, as its manual shows it. It inserts strings as HTML, so they are escaped here."""

import json
from html import escape
from typing import Any

import js
from pyodide.ffi import create_proxy
from pyscript.web import a, li, page, span, time  # type: ignore[import-not-found]

Item = dict[str, str]


def row(item: Item) -> Any:
    link = a(
        span(escape(item["title"]), classes="title", dir="auto"),
        time("09:00", classes="when", dateTime=item["when"]),
        span(escape(item["who"]), classes="who", dir="auto"),
        span(escape(item["excerpt"]), classes="excerpt", dir="auto"),
        href=f"/chat/{item['id']}",
    )
    return li(link, classes="row", id=item["id"])


class Bench:
    def __init__(self) -> None:
        self.kept: dict[str, list[Item]] = {}
        self.items: list[Item] = []
        self.changes = 0

    def take(self, key: str, text: str) -> None:
        self.kept[key] = json.loads(text)

    def fill(self, key: str) -> None:
        self.items = self.kept[key]
        page["#rows"].append(*[row(item) for item in self.items])

    def change(self, times: int, way: str, after: Any) -> str:
        for _ in range(times):
            self.changes += 1
            page.find(f"#{self.items[2]['id']} .excerpt")[0].textContent = f"changed {self.changes}"
            if after:
                after()
        return f"changed {self.changes}"


bench = Bench()
window: Any = js.window
window.benchTake = create_proxy(bench.take)
window.benchFill = create_proxy(bench.fill)
window.benchChange = create_proxy(bench.change)
window.benchReady = True
