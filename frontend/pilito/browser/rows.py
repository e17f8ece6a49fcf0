"""A keyed list: what is the same is not touched, what moved is moved, the rest is parsed in one go."""

from collections.abc import Callable, Sequence
from typing import Any

import js
from pyodide.ffi import to_js

from pilito.markup import Html
from pilito.ports import Row


class RowPatcher:
    """The children of one element, by key."""

    def __init__(self, container: Any, trusted: Callable[[Html], Any]) -> None:
        self._container = container
        self._trusted = trusted
        self._html: dict[str, Html] = {}
        self._nodes: dict[str, Any] = {}

    def holds(self, container: Any) -> bool:
        """Whether this patcher's element is still the one in the document."""
        return bool(self._container.isSameNode(container))

    def patch(self, rows: Sequence[Row]) -> None:
        wanted = {row.key: row for row in rows}  # the last one of a repeated key wins
        if not self._html.keys() & wanted.keys():
            self._replace_all(wanted)
            return
        for key in [key for key in self._html if key not in wanted]:
            self._nodes.pop(key).remove()
            del self._html[key]
        self._place(list(wanted), self._parse([row for row in wanted.values() if self._html.get(row.key) != row.html]))
        self._html = {key: row.html for key, row in wanted.items()}

    def _replace_all(self, wanted: dict[str, Row]) -> None:
        self._container.innerHTML = self._trusted(Html("".join(row.html for row in wanted.values())))
        children = list(self._container.children)
        self._nodes = dict(zip(wanted, children, strict=True))
        for key, node in self._nodes.items():
            node.setAttribute("data-key", key)
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

    def _place(self, keys: list[str], fresh: dict[str, Any]) -> None:
        """Bring the nodes into the order of ``keys``, moving only what is out of place."""
        order = [key for key in self._html if key in self._nodes]
        for key in [key for key in order if key in fresh]:
            self._exchange(key, fresh[key])
        for position, key in enumerate(keys):
            if position < len(order) and order[position] == key:
                continue
            before = self._nodes[order[position]] if position < len(order) else None
            if key in order:
                order.remove(key)
                self._move(self._nodes[key], before)
            else:
                self._nodes[key] = fresh[key]
                self._container.insertBefore(fresh[key], before)
            order.insert(position, key)

    def _exchange(self, key: str, node: Any) -> None:
        """Put a changed row in place of the old one; a focused control with an id keeps the focus."""
        old, self._nodes[key] = self._nodes[key], node
        focused = js.document.activeElement
        name = focused.id if focused and focused.id and old.contains(focused) else ""
        old.replaceWith(node)
        again = js.document.getElementById(name) if name else None
        if again:
            again.focus(to_js({"preventScroll": True}, dict_converter=js.Object.fromEntries))

    def _move(self, node: Any, before: Any) -> None:
        """``moveBefore`` keeps focus and playing media; older browsers lose them."""
        if hasattr(self._container, "moveBefore"):
            self._container.moveBefore(node, before)
        else:
            self._container.insertBefore(node, before)
