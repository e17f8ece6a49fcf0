"""Rows as the pages write them: escaped markup, through the real view; with ``?whole`` no window on the list."""

import json
from typing import Any

import js
from pilito.browser.timing import BrowserScheduler
from pilito.browser.view import BrowserDocument
from pilito.markup import Html, escape, join
from pilito.painter import Painter
from pilito.ports import Row
from pyodide.ffi import create_proxy

Item = dict[str, str]
LIST = Html('<ul id="rows"></ul>')


def row(item: Item) -> Row:
    html = (
        f'<li class="row" data-key="{escape(item["id"])}"><a href="/chat/{escape(item["id"])}">'
        f'<span class="title" dir="auto">{escape(item["title"])}</span>'
        f'<time class="when" datetime="{escape(item["when"])}">09:00</time>'
        f'<span class="who" dir="auto">{escape(item["who"])}</span>'
        f'<span class="excerpt" dir="auto">{escape(item["excerpt"])}</span></a></li>'
    )
    return Row(item["id"], Html(html))


class Bench:
    def __init__(self) -> None:
        self.view = BrowserDocument().page
        self.kept: dict[str, list[Item]] = {}
        self.items: list[Item] = []
        self.rows: list[Row] = []
        self.changes = 0
        self.whole = "whole" in str(js.location.search)
        self.painter = Painter(BrowserScheduler().call_later, self.paint)
        self.view.render(LIST)

    def take(self, key: str, text: str) -> None:
        self.kept[key] = json.loads(text)

    def empty(self) -> None:
        self.view.render(LIST)

    def fill(self, key: str) -> None:
        self.items = self.kept[key]
        if self.whole:
            self.view.replace("#rows", join(row(item).html for item in self.items))
        else:
            self.rows = [row(item) for item in self.items]
            self.painter.now()

    def paint(self) -> None:
        self.view.rows("#rows", self.rows)

    def change(self, times: int, way: str, after: Any) -> str:
        """``row`` hands over the one row that has changed, ``rows`` the whole list with one row that differs."""
        for _ in range(times):
            self.changes += 1
            changed = self.rows[2] = row({**self.items[2], "excerpt": f"changed {self.changes}"})
            if way == "row":
                self.view.row("#rows", changed)
            else:
                self.view.rows("#rows", self.rows)
            if after:
                after()
        return f"changed {self.changes}"


bench = Bench()
window: Any = js.window
window.benchTake = create_proxy(bench.take)
window.benchEmpty = create_proxy(bench.empty)
window.benchFill = create_proxy(bench.fill)
window.benchChange = create_proxy(bench.change)
window.benchReady = True
