"""Where a list stands in the part of the document that scrolls it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import js


@dataclass(frozen=True, slots=True)
class Anchor:
    """The topmost row in view, and how far below the scroller's top edge it begins, in CSS pixels."""

    key: str
    offset: float


class Scroller:
    """The element that scrolls a container: itself, one around it, or the document."""

    def __init__(self, container: Any) -> None:
        self._container = container
        self._found: Any = None

    @property
    def _element(self) -> Any:
        if self._found is None:
            node = self._container
            while node and js.getComputedStyle(node).overflowY not in ("auto", "scroll"):
                node = node.parentElement
            self._found = node or js.document.scrollingElement
        return self._found

    @property
    def events(self) -> Any:
        """What fires ``scroll``."""
        return js.document if self._element.isSameNode(js.document.scrollingElement) else self._element

    @property
    def top(self) -> float:
        return float(self._element.scrollTop)

    @top.setter
    def top(self, value: float) -> None:
        self._element.scrollTop = value

    @property
    def height(self) -> float:
        return float(self._element.scrollHeight)

    @property
    def window(self) -> float:
        return float(self._element.clientHeight)

    @property
    def _edge(self) -> float:
        whole = self._element.isSameNode(js.document.scrollingElement)
        return 0.0 if whole else float(self._element.getBoundingClientRect().top)

    def anchor(self, nodes: Mapping[str, Any]) -> Anchor | None:
        """The topmost row in view; ``None`` at the very top, and where only empty space is in view."""
        keys = [key for key in nodes if not key.startswith("\x00")]
        if self.top <= 0 or not keys:
            return None
        edge = self._edge
        low, high = 0, len(keys)
        while low < high:
            middle = (low + high) // 2
            if nodes[keys[middle]].getBoundingClientRect().bottom > edge:
                high = middle
            else:
                low = middle + 1
        if low == len(keys):
            return None
        offset = float(nodes[keys[low]].getBoundingClientRect().top) - edge
        return Anchor(keys[low], offset) if offset < self.window else None

    def restore(self, anchor: Anchor, nodes: Mapping[str, Any]) -> None:
        """Scroll so that the row is where it was; one that is gone moves nothing."""
        node = nodes.get(anchor.key)
        if node is None:
            return
        moved = float(node.getBoundingClientRect().top) - self._edge - anchor.offset
        if abs(moved) >= 0.5:
            self._element.scrollTop = self.top + moved

    def row_at_top(self, row_height: float) -> int:
        """Which row would be at the top edge if all were ``row_height`` tall."""
        above = self._edge - float(self._container.getBoundingClientRect().top)
        if self._element.isSameNode(self._container):
            above = self.top
        return max(0, int(above / row_height))
