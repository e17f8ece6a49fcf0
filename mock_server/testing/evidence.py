"""What a failed test leaves: one folder, in which there is no token."""

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error

from mock_server.redaction import redact, redact_value, redact_zip
from mock_server.server import MockServer
from mock_server.testing.tab import BrowserTab

PATIENCE = 5000  # milliseconds for the screenshot of a page that may not answer
SHOWN, WIDTH = 25, 150  # entries of the server's journal in the report itself, and characters of each


class Evidence:
    """What one test has opened, until it ends. ``folder`` is made when it fails."""

    def __init__(self, results: Path, test: str) -> None:
        self.folder = results / re.sub(r"[^\w.-]+", "-", redact(test)).strip("-")[:180]
        self.tabs: list[BrowserTab] = []
        self.contexts: list[BrowserContext] = []
        self.server: MockServer | None = None
        self._borrowed: list[BrowserContext] = []
        self._left = False
        self._last: list[dict[str, Any]] = []  # what the server did before the failure

    @property
    def left(self) -> bool:
        """Whether the test, or its set-up, has failed and left its folder."""
        return self._left

    @contextmanager
    def borrow(self, server: MockServer, *tabs: BrowserTab) -> Iterator[None]:
        """For a test in tabs that stay open for others, in contexts that are traced: its part of the trace is begun and
        ended, and every tab is checked when the test ends well."""
        self.server, self.tabs = server, [*tabs]
        self._borrowed = [*dict.fromkeys(tab.page.context for tab in tabs)]
        for context in self._borrowed:
            context.tracing.start_chunk()
        yield  # what is raised in here has its trace from `leave`, which comes later
        if self._left:
            return
        for tab in tabs:
            tab.check()
        for context in self._borrowed:
            context.tracing.stop_chunk()

    def report(self) -> str:
        """Where the folder is, and what the server did last: of a run elsewhere often only the report is left."""
        lines = [" ".join(str(value) for value in entry.values() if value not in (None, "")) for entry in self._last]
        return redact("\n".join([str(self.folder), *(line[:WIDTH] for line in lines)]))

    def leave(self, phase: str, failure: str) -> None:
        """Write the folder. A second failure of the same test adds its text and leaves the rest as it was found."""
        first = not self._left
        self._left = True
        if first:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
        with (self.folder / "failure.txt").open("a", encoding="utf-8") as file:
            file.write(f"--- {phase} ---\n{redact(failure)}\n")
        if not first:
            return
        if self.server:
            self._server(self.server)
        for number, tab in enumerate(self.tabs):
            self._tab(number, tab)
        ends = [context.tracing.stop for context in self.contexts]
        ends += [context.tracing.stop_chunk for context in self._borrowed]
        for number, end in enumerate(ends):
            self._trace(number, end)

    def _server(self, server: MockServer) -> None:
        journal = server.journal()
        self._last = journal[-SHOWN:]
        self._lines("server-journal.jsonl", journal)
        self._lines("server-frames.jsonl", [entry for entry in journal if entry["event"] == "frame"])
        self._text("server-state.json", json.dumps(redact_value(server.state()), indent=1))

    def _tab(self, number: int, tab: BrowserTab) -> None:
        uncaught = [f"uncaught: {error}" for error in tab.page_errors]
        self._text(f"tab{number}-console.txt", "\n".join([*tab.console, *uncaught]))
        self._lines(f"tab{number}-frames.jsonl", tab.frames)
        try:
            tab.page.screenshot(path=self.folder / f"tab{number}.png", timeout=PATIENCE)
            self._text(f"tab{number}.html", tab.page.content())
            connections = redact_value(tab.connections())
            self._text(f"tab{number}-connections.json", json.dumps(connections, indent=1, ensure_ascii=False))
        except Error as error:  # closed, crashed, or not answering: then it is not asked for its connections either
            self._text(f"tab{number}-unanswered.txt", str(error))

    def _trace(self, number: int, end: Callable[..., None]) -> None:
        path = self.folder / f"trace{number}.zip"
        try:
            end(path=path)
        except Error as error:
            self._text(f"trace{number}-unanswered.txt", str(error))
        if path.exists():
            try:
                redact_zip(path)
            except (zipfile.BadZipFile, OSError):
                path.unlink()  # rather none than one that may hold a token

    def _lines(self, name: str, entries: Iterable[dict[str, Any]]) -> None:
        self._text(name, "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries))

    def _text(self, name: str, text: str) -> None:
        (self.folder / name).write_text(redact(text), encoding="utf-8")
