"""A keyed list in the document: a window of it when it is long, one crossing for the new, one node for one change."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import js
from pyodide.ffi import to_js

from pilito.browser.proxies import Proxies
from pilito.browser.scrolling import Anchor, Scroller
from pilito.keyed import Leaf, leaf, plan
from pilito.markup import Html
from pilito.ports import Row
from pilito.window import SMALL, Space, layout, position, unit, window

_GUESS: Final = 60.0  # CSS pixels of a row, before one was measured
_SPACE: Final = "\x00space"  # keys of empty space begin with it


class RowList:
    """The children of one element, by key. Only a window of a long list is in the document."""

    def __init__(self, container: Any, trusted: Callable[[Html], Any]) -> None:
        self._container = container
        self._trusted = trusted
        self._proxies = Proxies()
        self._scroller = Scroller(container)
        self._rows: Sequence[Row] = ()
        self._window = range(0)
        self._numbers: dict[str, int] = {}  # of the rows in the document
        self._html: dict[str, Html] = {}
        self._nodes: dict[str, Any] = {}
        self._leaves: dict[str, tuple[Leaf, Any]] = {}
        self._average = _GUESS
        self._listening = False

    @property
    def attached(self) -> bool:
        """Whether this list's element is still in the document."""
        return bool(self._container.isConnected)

    def patch(self, rows: Sequence[Row]) -> None:
        """Make these the rows. What is in view stays in its place, also when rows above it come or go."""
        before, self._rows = len(self._rows), rows
        anchor = self._scroller.anchor(self._nodes) if self._window else None
        first, shift, top = self._scroller.row_at_top(self._room), 0, self._scroller.top
        if anchor is not None:
            old = self._numbers[anchor.key]
            found = position(rows, anchor.key, (old, old + len(rows) - before))
            first, shift = (old, 0) if found is None else (found, found - old)
        shown = range(max(0, self._window.start + shift), max(0, self._window.stop + shift))
        self._show(window(len(rows), first, self._fits, shown))
        self._stay(anchor, top)
        if len(rows) > SMALL and not self._listening:
            self._listening = True
            self._proxies.listen(self._scroller.events, "scroll", lambda _: self.scrolled())
        self._container.setAttribute("data-total", str(len(rows)))

    def patch_one(self, row: Row) -> None:
        """One row has changed. Where it is not in the document there is nothing to do."""
        before = self._html.get(row.key)
        if before is not None and before != row.html:
            if not self._change_leaf(row.key, before, row.html):
                self._exchange(row.key, self._parse([row])[row.key])
            self._html[row.key] = row.html

    def scrolled(self) -> None:
        """Another part of the list is in view: have its rows in the document."""
        if len(self._rows) <= SMALL or not self.attached:
            return
        anchor = self._scroller.anchor(self._nodes)
        first = self._numbers[anchor.key] if anchor else self._scroller.row_at_top(self._room)
        wanted = window(len(self._rows), first, self._fits, self._window)
        if wanted != self._window:
            top = self._scroller.top
            self._show(wanted)
            self._stay(anchor, top)

    def scroll_to(self, top: float) -> None:
        """Scroll; past the end means the end, which is shown at once."""
        self._scroller.top = top
        if len(self._rows) <= SMALL:
            return
        if top >= self._scroller.height - self._scroller.window - 1:
            count = len(self._rows)
            self._show(window(count, count - 1, self._fits, self._window))
        else:
            self.scrolled()
        self._scroller.top = top

    def release(self) -> None:
        self._proxies.release()

    # --- the window ---

    def _stay(self, anchor: Anchor | None, top: float) -> None:
        """Keep what is in view in its place: while rows are exchanged the browser may have cut the way short."""
        if anchor is not None:
            self._scroller.restore(anchor, self._nodes)
        elif len(self._rows) > SMALL:
            self._scroller.top = top

    @property
    def _fits(self) -> int:
        return int(self._scroller.window / max(self._average, 8)) + 1 if len(self._rows) > SMALL else 0

    @property
    def _room(self) -> float:
        return unit(self._average, len(self._rows))

    def _show(self, shown: range) -> None:
        wanted: dict[str, Row] = {}
        numbers: dict[str, int] = {}
        spaces: dict[str, int] = {}
        for part in layout(len(self._rows), shown, self._pinned()):
            if isinstance(part, Space):
                spaces[f"{_SPACE}{len(spaces)}"] = part.rows
                wanted[f"{_SPACE}{len(spaces) - 1}"] = Row("", Html(""))
            else:
                row = self._rows[part]
                wanted[row.key] = row  # the last one of a repeated key wins
                numbers[row.key] = part
        if self._nodes.keys() & numbers.keys():
            self._update(wanted)
        else:
            self._replace_all(wanted)
        self._window, self._numbers = shown, numbers
        if spaces:
            self._measure()
            for key, rows in spaces.items():
                self._nodes[key].style.blockSize = f"{rows * self._room:.0f}px"

    def _pinned(self) -> list[int]:
        """The row with the keyboard focus."""
        active = js.document.activeElement
        if not self._window or len(self._rows) <= SMALL or not active or not self._container.contains(active):
            return []
        node = active.closest("[data-key]")
        key = node.getAttribute("data-key") if node else None
        if key not in self._nodes:
            return []
        old = self._numbers.get(key, 0)
        found = position(self._rows, key, (old,))
        return [] if found is None else [found]

    def _measure(self) -> None:
        """How tall a row is, as the rows in the document are."""
        ends = (self._window.start, self._window.stop - 1)
        first, last = (self._nodes[self._rows[number].key].getBoundingClientRect() for number in ends)
        if last.bottom > first.top:
            self._average = (last.bottom - first.top) / len(self._window)

    # --- the document ---

    def _replace_all(self, wanted: dict[str, Row]) -> None:
        html = "".join(row.html or '<li class="space" aria-hidden="true"></li>' for row in wanted.values())
        self._container.innerHTML = self._trusted(Html(html))
        self._nodes = dict(zip(wanted, list(self._container.children), strict=True))
        for key, node in self._nodes.items():
            node.setAttribute("data-key", key)
        self._html = {key: row.html for key, row in wanted.items()}
        self._leaves.clear()

    def _update(self, wanted: dict[str, Row]) -> None:
        old, new = list(self._nodes), list(wanted)
        fresh: list[Row] = []
        for key, row in wanted.items():
            before = self._html.get(key)
            if before is None:
                fresh.append(row if row.html else Row(key, _EMPTY))
            elif before != row.html and not self._change_leaf(key, before, row.html):
                fresh.append(row)
        made = self._parse(fresh)
        steps = plan(old, new)
        for key in steps.removed:
            self._nodes.pop(key).remove()
            self._leaves.pop(key, None)
        for key in [key for key in made if key in self._nodes]:
            self._exchange(key, made[key])
        for key, neighbour in steps.placed:
            before_node = self._nodes[neighbour] if neighbour is not None else None
            if key in self._nodes:
                self._move(self._nodes[key], before_node)
            else:
                self._nodes[key] = made[key]
                self._container.insertBefore(made[key], before_node)
        self._nodes = {key: self._nodes[key] for key in new}
        self._html = {key: row.html for key, row in wanted.items()}

    def _parse(self, rows: list[Row]) -> dict[str, Any]:
        """New nodes for rows that are new or changed."""
        if not rows:
            return {}
        template = js.document.createElement("template")
        template.innerHTML = self._trusted(Html("".join(row.html for row in rows)))
        nodes = list(template.content.children)
        for row, node in zip(rows, nodes, strict=True):
            node.setAttribute("data-key", row.key)
        return {row.key: node for row, node in zip(rows, nodes, strict=True)}

    def _change_leaf(self, key: str, before: Html, html: Html) -> bool:
        """Change one text alone, where that is the only difference."""
        known = self._leaves.get(key)
        text = known[0].text(html) if known else None
        if known is None or text is None:
            found = leaf(before, html)
            if found is None:
                self._leaves.pop(key, None)
                return False
            root = self._nodes[key]
            node = root if found.number == 1 else root.getElementsByTagName("*").item(found.number - 2)
            known = self._leaves[key] = (found, node)
            text = found.text(html)
        known[1].textContent = text
        return True

    def _exchange(self, key: str, node: Any) -> None:
        """Put a changed row in place of the old one; a focused control with an id keeps focus, caret and text."""
        old, self._nodes[key] = self._nodes[key], node
        self._leaves.pop(key, None)
        focused = js.document.activeElement
        name = focused.id if focused and focused.id and old.contains(focused) else ""
        typed = _typed(focused) if name else None
        old.replaceWith(node)
        again = js.document.getElementById(name) if name else None
        if again:
            again.focus(to_js({"preventScroll": True}, dict_converter=js.Object.fromEntries))
            if typed is not None and hasattr(again, "setSelectionRange"):
                again.value = typed[0]
                again.setSelectionRange(typed[1], typed[2])

    def _move(self, node: Any, before: Any) -> None:
        """``moveBefore`` keeps focus and playing media; older browsers lose them."""
        if hasattr(self._container, "moveBefore"):
            self._container.moveBefore(node, before)
        else:
            self._container.insertBefore(node, before)


_EMPTY: Final = Html('<li class="space" aria-hidden="true"></li>')


def _typed(control: Any) -> tuple[str, int, int] | None:
    """What was typed into a text control and where the caret or the selection is."""
    if getattr(control, "selectionStart", None) is None or control.value == control.defaultValue == "":
        return None
    return control.value, control.selectionStart, control.selectionEnd
