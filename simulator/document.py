"""The document of a simulated tab: it remembers what is shown, whose it is, and who listens to what."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from pilito.markup import Html
from pilito.ports import DomEvent, Handler, Row, ScrollPosition, Undo

_OWNER = re.compile("«(.)»")
_AT_THE_END = ScrollPosition(0, 100, 100)


class SimView:
    """``View``. ``shown`` holds rows by selector; ``owner`` is whose data was written last."""

    def __init__(self, wrote: Callable[[str], None]) -> None:
        self._wrote = wrote
        self.owner = ""
        self.shown: dict[str, Sequence[Row]] = {}
        self.values: dict[str, str] = {}
        self.listeners: list[tuple[str, str, Handler]] = []

    def _write(self, text: str) -> None:
        if "«" in text:
            for owner in set(_OWNER.findall(text)):
                self.owner = owner
                self._wrote(owner)

    def render(self, html: Html, *, keeping: Sequence[str] = ()) -> None:
        self.shown.clear()
        self.values.clear()
        self.owner = ""
        self._write(html)

    def picture(self) -> str:
        return self.owner

    def replace(self, selector: str, html: Html) -> None:
        self._write(html)

    def rows(self, selector: str, rows: Sequence[Row]) -> None:
        self.shown[selector] = rows
        for row in rows:
            self._write(row.html)

    def row(self, selector: str, row: Row) -> None:
        self.shown[selector] = [row if old.key == row.key else old for old in self.shown.get(selector, ())]
        self._write(row.html)

    def text(self, selector: str, text: str) -> None:
        self._write(text)

    def attribute(self, selector: str, name: str, value: str | None) -> None: ...

    def value(self, selector: str) -> str:
        return self.values.get(selector, "")

    def set_value(self, selector: str, value: str) -> None:
        self.values[selector] = value

    def focus(self, selector: str) -> None: ...

    def scroll(self, selector: str) -> ScrollPosition:
        return _AT_THE_END

    def set_scroll(self, selector: str, top: float) -> None: ...

    def listen(self, event: str, selector: str, handler: Handler) -> Undo:
        entry = (event, selector, handler)
        self.listeners.append(entry)

        def undo() -> None:
            if entry in self.listeners:
                self.listeners.remove(entry)

        return undo

    def clear(self) -> None:
        self.render(Html(""))
        self.listeners.clear()

    # --- the user's hand ---

    def fire(self, event: str, selector: str, **fields: Any) -> bool:
        """Let an event happen to what a selector names; ``False`` where nobody listens."""
        found = [handler for name, where, handler in self.listeners if (name, where) == (event, selector)]
        for handler in found:
            handler(DomEvent(event, **fields))
        return bool(found)

    def data(self, selector: str, name: str) -> list[str]:
        """The values of a ``data-`` attribute in the rows that are shown."""
        pattern = f'data-{name}="'
        found = (row.html.partition(pattern)[2].partition('"')[0] for row in self.shown.get(selector, ()))
        return [value for value in found if value]


class SimDocument:
    """``Document``."""

    def __init__(self, wrote: Callable[[str], None]) -> None:
        self.shell = SimView(lambda owner: None)
        self.page = SimView(wrote)
        self.state = "booting"
        self.painted = False

    def focus_page(self) -> None: ...

    def set_state(self, state: str) -> None:
        self.state = state

    def set_title(self, title: str) -> None: ...

    def set_language(self, language: str, direction: str) -> None: ...

    def set_theme(self, theme: str) -> None: ...


class PlainFormatter:
    """``Formatter`` of no language."""

    def set_language(self, language: str) -> None: ...

    def date_time(self, iso: str) -> str:
        return iso

    short_time = day = time = date_time

    def relative(self, seconds: float) -> str:
        return str(seconds)

    def number(self, value: float) -> str:
        return str(value)

    def plural(self, value: float) -> str:
        return "one" if value == 1 else "other"


class Silence:
    """``Console``: its lines go into the trace; an error is a failure."""

    def __init__(
        self, fail: Callable[[str], None], trace: Callable[[str], None], check_leak: Callable[[str], None]
    ) -> None:
        self._fail = fail
        self._trace = trace
        self._check_leak = check_leak

    def log(self, level: str, text: str) -> None:
        self._trace(text)
        self._check_leak(text)
        if level == "error":
            self._fail(f"the console shows an error: {text}")
